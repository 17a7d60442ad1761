use super::desk::{ANN, BEN, Desk, by, customer, resolve, row};
use super::office::{Office, at};
use crate::cases::{By, Command, Effect, Event, Message, NothingToDo, Refused, ServiceLevel, State, Timer, Whom};

fn resolved() -> Desk<'static> {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 11, 0), resolve());
    desk
}

#[test]
fn case_is_resolved_with_a_root_cause_and_an_action() {
    let desk = Desk::new(&Office);
    let with = |root_cause: &str, action_taken: &str| Command::Resolve {
        root_cause: root_cause.to_owned(),
        action_taken: action_taken.to_owned(),
    };
    assert_eq!(desk.refuses(by(ANN), at(0, 11, 0), with(" ", "refunded")), Refused::NeedsRootCause);
    assert_eq!(desk.refuses(by(ANN), at(0, 11, 0), with("late", "")), Refused::NeedsActionTaken);

    let mut desk = resolved();
    assert!(desk.does(by(ANN), at(0, 11, 1), resolve()).effects.is_empty());
    desk.does(by(BEN), at(0, 12, 0), with("late", "refunded twice"));
    assert_eq!((desk.kinds(), desk.case.resolved_at), (vec!["case.resolution_changed"], Some(at(0, 11, 0))));
    desk.does(by(BEN), at(0, 13, 0), Command::Close);
    assert_eq!(desk.refuses(by(ANN), at(0, 13, 0), resolve()), Refused::NotNow { state: State::Closed });
}

#[test]
fn owner_hears_that_somebody_else_ended_the_case() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 10, 5), Command::Acknowledge).does(by(BEN), at(0, 11, 0), resolve());
    assert_eq!(desk.told(), [(Whom::Person(ANN), Message::Ended)]);
    assert_eq!(desk.does(By::SERVER, at(4, 11, 0), Command::Close).told(), []);
}

#[test]
fn case_with_nothing_to_do_ends_without_being_resolved() {
    let spam = Command::NothingToDo { reason: NothingToDo::Spam, mark_spam: true };
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 11, 0), spam.clone());
    assert!(desk.effects.contains(&Effect::HoldResponses));
    assert_eq!((desk.case.state, desk.case.closed_at), (State::Closed, Some(at(0, 11, 0))));
    assert_eq!((desk.case.resolved_at, desk.case.answer_by), (None, None));
    assert!(desk.does(by(ANN), at(0, 11, 1), spam.clone()).effects.is_empty());
    let test = Command::NothingToDo { reason: NothingToDo::Test, mark_spam: false };
    assert_eq!(desk.refuses(by(ANN), at(0, 11, 1), test.clone()), Refused::NotNow { state: State::Closed });
    assert!(!Desk::new(&Office).does(by(ANN), at(0, 11, 0), test).effects.contains(&Effect::HoldResponses));
}

#[test]
fn only_what_is_resolved_is_closed_and_by_the_server_what_nobody_answered() {
    let mut desk = Desk::new(&Office);
    let refused = |state| Refused::NotNow { state };
    assert_eq!(desk.refuses(By::SERVER, at(0, 11, 0), Command::Close), refused(State::Open));
    desk.does(by(ANN), at(0, 11, 0), Command::WaitForCustomer);
    assert_eq!(desk.refuses(by(ANN), at(0, 12, 0), Command::Close), refused(State::Waiting));
    desk.does(By::SERVER, at(9, 11, 0), Command::Close);
    assert_eq!((desk.case.state, desk.case.answer_left_ms), (State::Closed, None));
    assert_eq!(desk.told(), [(Whom::Person(ANN), Message::Ended)]);
    assert!(desk.does(by(ANN), at(9, 12, 0), Command::Close).effects.is_empty());

    let mut desk = resolved();
    desk.does(by(BEN), at(0, 12, 0), Command::Close);
    assert_eq!((desk.case.closed_at, desk.case.resolved_at), (Some(at(0, 12, 0)), Some(at(0, 11, 0))));
}

#[test]
fn owner_who_reopens_has_it_at_once() {
    let mut desk = resolved();
    desk.does(by(ANN), at(1, 10, 0), Command::Reopen);
    assert_eq!(desk.kinds(), ["case.reopened", "case.acknowledged"]);
    assert_eq!((desk.case.state, desk.told()), (State::InProgress, vec![]));
    assert_eq!((desk.case.next_step_at, desk.case.answer_by), (None, Some(at(1, 14, 0))));
    assert!(desk.does(by(ANN), at(1, 10, 0), Command::Reopen).effects.is_empty());
}

#[test]
fn who_else_reopens_has_the_owner_told_and_the_customer_the_rule_too() {
    let owner = (Whom::Person(ANN), Message::Reopened);
    let mut desk = resolved();
    desk.does(by(BEN), at(1, 10, 0), Command::Reopen);
    assert_eq!((desk.told(), desk.case.state, desk.case.owner), (vec![owner.clone()], State::Open, Some(ANN)));
    assert_eq!(desk.timers()[0], (Timer::Step, Some(at(1, 10, 30))));

    let mut desk = resolved();
    desk.does(customer(), at(1, 10, 0), Command::Reopen);
    assert_eq!(desk.told(), [(Whom::Rule, Message::Reopened), owner]);
}

#[test]
fn case_opens_anew_by_itself_only_when_it_ended_because_its_responses_counted_no_more() {
    let nothing = |mark_spam| Command::NothingToDo { reason: NothingToDo::Spam, mark_spam };
    for (by, mark_spam, opens_again) in [(By::SERVER, false, true), (by(ANN), true, true), (by(ANN), false, false)] {
        let mut desk = Desk::new(&Office);
        desk.does(by, at(0, 10, 5), nothing(mark_spam));
        assert_eq!(desk.case.opens_again, opens_again, "{by:?}, {mark_spam}");
    }
    let mut desk = resolved();
    let first_resolved_at = desk.case.first_resolved_at;
    desk.does(By::SERVER, at(1, 10, 0), Command::OpenAnew);
    assert_eq!((desk.told(), desk.events()), (vec![], vec![&Event::Reopened]), "an alert tells of it");
    assert_eq!((desk.case.state, desk.case.first_resolved_at), (State::Open, first_resolved_at));
    assert_eq!(desk.timers()[0], (Timer::Step, Some(at(1, 10, 30))));
    assert!(desk.does(By::SERVER, at(1, 10, 0), Command::OpenAnew).effects.is_empty());
}

#[test]
fn owner_hears_once_until_somebody_reacts_that_the_customer_changed_a_response_after_the_end() {
    let changed = || Command::ResponseChanged { response_id: row(0) };
    let heard = vec![(Whom::Person(ANN), Message::CustomerAnswered)];
    let mut desk = resolved();
    let resolved_at = desk.case.resolved_at;
    for told in [heard.clone(), vec![]] {
        assert_eq!(desk.does(customer(), at(1, 10, 0), changed()).told(), told);
        assert_eq!(desk.events(), [&Event::ResponseChanged { response_id: row(0) }]);
    }
    assert_eq!((desk.case.resolved_at, desk.timers()), (resolved_at, vec![]), "no clock starts");
    desk.does(by(ANN), at(1, 11, 0), Command::DismissAnswer);
    assert_eq!(desk.does(customer(), at(1, 12, 0), changed()).told(), heard);
    let mut open = Desk::new(&Office);
    assert!(open.does(customer(), at(0, 10, 1), changed()).effects.is_empty(), "nobody has it yet");
    open.does(by(ANN), at(0, 10, 5), Command::Acknowledge).does(by(ANN), at(0, 10, 6), Command::WaitForCustomer);
    assert_eq!(open.does(customer(), at(0, 11, 0), changed()).told(), heard);
    assert_eq!(open.case.state, State::InProgress, "whom Ann waited for has come");
}

#[test]
fn merged_case_only_names_the_one_that_goes_on() {
    let mut desk = Desk::new(&Office);
    assert_eq!(desk.refuses(by(ANN), at(0, 11, 0), Command::Merge { into: 1234, owner: None }), Refused::Itself);
    desk.does(by(ANN), at(0, 10, 5), Command::Acknowledge).does(
        by(BEN),
        at(0, 11, 0),
        Command::Merge { into: 7, owner: None },
    );
    assert_eq!((desk.case.state, desk.case.merged_into), (State::Closed, Some(7)));
    assert_eq!(desk.told(), [(Whom::Person(ANN), Message::Merged)]);

    let mut both = Desk::new(&Office);
    both.does(by(ANN), at(0, 10, 5), Command::Acknowledge);
    both.does(by(BEN), at(0, 11, 0), Command::Merge { into: 7, owner: Some(ANN) });
    assert_eq!(both.told(), [], "Ann has the other one, too, and hears of it there");

    let merged = Refused::Merged { into: 7 };
    for command in [Command::Reopen, Command::Merge { into: 8, owner: None }, Command::Replied { message_id: row(1) }] {
        assert_eq!(desk.refuses(by(ANN), at(0, 12, 0), command), merged);
    }
    let other = Command::ChangeServiceLevel(ServiceLevel::default());
    for command in [Command::Merge { into: 7, owner: None }, Command::EscalationStep, Command::Reminded, other] {
        assert!(desk.does(by(ANN), at(0, 12, 0), command).effects.is_empty());
    }
    desk.does(by(ANN), at(0, 12, 0), Command::RevokeLinks { generation: 0 });
    assert_eq!(desk.case.link_generation, 1);
}

#[test]
fn closed_case_takes_notes_and_no_replies() {
    let mut desk = resolved();
    desk.does(by(BEN), at(0, 12, 0), Command::Replied { message_id: row(1) });
    assert_eq!(desk.case.state, State::Resolved);
    desk.does(by(BEN), at(0, 13, 0), Command::Close);
    desk.does(by(BEN), at(0, 13, 1), Command::Note { note_id: row(2), mentions: vec![] });
    for command in [Command::Replied { message_id: row(3) }, Command::Acknowledge, Command::WaitForCustomer] {
        assert_eq!(desk.refuses(by(ANN), at(0, 14, 0), command), Refused::NotNow { state: State::Closed });
    }
}
