use super::desk::{ANN, BEN, CARLA, Desk, by, opening, row};
use super::office::{Always, HOUR, MINUTE, Office, at};
use crate::cases::{
    Assignee, By, Clock as _, Command, DueTime, Effect, Event, Message, Opening, Refused, State, Timer, Whom, open,
};

const NOW: i64 = 10 * MINUTE;

fn soon() -> i64 {
    at(0, 10, 0) + NOW
}

fn assign(person_id: i64) -> Command {
    Command::Assign { to: Assignee::Person(person_id), reason: Some(row(9)) }
}

fn to_team(team: &str) -> Command {
    Command::Assign { to: Assignee::Team(team.to_owned()), reason: None }
}

#[test]
fn case_opens_with_its_clocks_and_tells_nobody() {
    let (case, effects) = open(Opening { follows: Some(7), ..opening() }, at(0, 10, 0), &Office);

    let expected = [
        Effect::Journal(Event::Opened { response_id: row(0), follows: Some(7) }),
        Effect::SetTimer(Timer::Step, at(0, 10, 30)),
        Effect::SetTimer(Timer::AcknowledgeBy, at(0, 11, 0) + 1),
        Effect::SetTimer(Timer::AnswerBy, at(0, 14, 0) + 1),
    ];
    assert_eq!(effects, expected);
    assert_eq!((case.state, case.version, case.response_count, case.linked), (State::Open, 1, 1, vec![7]));
}

#[test]
fn first_who_acknowledges_has_it_and_the_second_hears_who() {
    let mut desk = Desk::new(&Office);

    desk.does(by(ANN), soon(), Command::Acknowledge);
    let expected = [
        Effect::Journal(Event::Acknowledged { late_ms: Some(0) }),
        Effect::ClearTimer(Timer::Step),
        Effect::ClearTimer(Timer::AcknowledgeBy),
    ];
    assert_eq!(desk.effects, expected);
    assert_eq!(
        (desk.case.owner, desk.case.acknowledged_by, desk.case.state),
        (Some(ANN), Some(ANN), State::InProgress)
    );

    let refused = desk.refuses(by(BEN), soon() + 1, Command::Acknowledge);
    assert_eq!(refused, Refused::TakenBy { owner: ANN, since: soon() });
    assert!(refused.to_string().starts_with("person 1 has had this case since 20"), "{refused}");
    assert!(refused.to_string().ends_with("T10:10:00.000Z"), "{refused}");
    assert!(desk.does(by(ANN), soon() + 2, Command::Acknowledge).effects.is_empty());
}

#[test]
fn only_people_can_have_a_case() {
    let desk = Desk::new(&Office);
    for command in
        [Command::Acknowledge, Command::TakeOver, Command::NotForMe { reason: None }, Command::WaitForCustomer]
    {
        assert_eq!(desk.refuses(By::SERVER, soon(), command), Refused::NeedsPerson);
    }
}

#[test]
fn version_that_was_seen_is_compared() {
    let mut desk = Desk::new(&Office);
    assert_eq!(desk.case.expect_version(1), Ok(()));
    desk.does(by(ANN), soon(), Command::Acknowledge);
    assert_eq!(desk.case.expect_version(1), Err(Refused::VersionMismatch { version: 2 }));
}

#[test]
fn taking_over_changes_the_owner_and_keeps_who_acknowledged() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), soon(), Command::Acknowledge).does(by(BEN), soon() + 5, Command::TakeOver);

    assert_eq!(desk.events(), [&Event::TakenOver { from: Some(ANN) }]);
    assert_eq!(desk.told(), [(Whom::Person(ANN), Message::TakenOver)]);
    assert_eq!((desk.case.owner, desk.case.acknowledged_by), (Some(BEN), Some(ANN)));
    let refused = desk.refuses(by(ANN), soon() + 6, Command::Acknowledge);
    assert_eq!(refused, Refused::TakenBy { owner: BEN, since: soon() + 5 });
    assert!(desk.does(by(BEN), soon() + 7, Command::TakeOver).effects.is_empty());

    let mut free = Desk::new(&Office);
    assert_eq!(free.does(by(BEN), soon(), Command::TakeOver).kinds(), ["case.acknowledged"]);
}

#[test]
fn assigned_person_is_told_and_the_steps_go_on_until_somebody_acknowledges() {
    let mut desk = Desk::new(&Office);
    desk.does(by(CARLA), soon(), assign(ANN));

    assert_eq!(desk.events(), [&Event::Assigned { reason: Some(row(9)) }]);
    assert_eq!(desk.told(), [(Whom::Person(ANN), Message::Assigned)]);
    assert_eq!((desk.case.state, desk.case.next_step_at), (State::Open, Some(at(0, 10, 30))));
    assert!(desk.does(by(CARLA), soon(), assign(ANN)).effects.is_empty());

    // Ben was alerted too, and is the one who takes it.
    desk.does(by(BEN), soon() + 1, Command::Acknowledge);
    assert_eq!((desk.case.owner, desk.told()), (Some(BEN), vec![(Whom::Person(ANN), Message::TakenOver)]));

    desk.does(by(BEN), soon() + 2, assign(CARLA));
    assert_eq!((desk.case.owner, desk.case.state), (Some(CARLA), State::InProgress));
    assert_eq!(desk.told(), [(Whom::Person(CARLA), Message::Assigned)]);
    assert_eq!(desk.does(by(ANN), soon() + 3, assign(ANN)).kinds(), ["case.taken_over"]);
}

#[test]
fn team_has_a_case_when_one_of_its_people_acknowledges() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), soon(), Command::Acknowledge).does(by(ANN), at(0, 12, 0), to_team("stock"));

    assert_eq!(desk.told(), [(Whom::Team("stock".to_owned()), Message::Assigned)]);
    assert_eq!((desk.case.state, desk.case.owner, desk.case.acknowledged_at), (State::Open, None, None));
    assert_eq!((desk.case.next_step_at, desk.case.acknowledge_by), (Some(at(0, 12, 30)), Some(at(0, 13, 0))));
    assert_eq!(desk.case.answer_by, Some(at(0, 14, 0)), "the answer clock knows no owner");
    assert!(desk.does(by(ANN), at(0, 12, 1), to_team("stock")).effects.is_empty());
}

#[test]
fn steps_begin_anew_from_the_moment_somebody_gives_it_back() {
    for command in [Command::Unacknowledge, Command::NotForMe { reason: None }] {
        let mut desk = Desk::new(&Office);
        desk.does(By::SERVER, at(0, 10, 30), Command::EscalationStep)
            .does(by(ANN), at(0, 10, 40), Command::Acknowledge)
            .does(by(ANN), at(0, 16, 45), command.clone());

        let case = &desk.case;
        assert_eq!((case.state, case.owner, case.steps_done, case.steps_from), (State::Open, None, 0, at(0, 16, 45)));
        let timers = [(Timer::Step, Some(at(1, 9, 15))), (Timer::AcknowledgeBy, Some(at(1, 9, 45) + 1))];
        assert_eq!(desk.timers(), timers);
        assert!(desk.does(by(ANN), at(0, 16, 46), command).effects.is_empty());
    }
}

#[test]
fn who_gave_a_case_back_is_not_told_of_it() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), soon(), Command::Acknowledge).does(by(ANN), soon(), Command::NotForMe { reason: None });
    let tell = Effect::Tell { whom: Whom::Rule, except: Some(ANN), message: Message::GivenBack };
    assert!(desk.effects.contains(&tell));

    desk.does(by(ANN), soon(), Command::Acknowledge).does(by(ANN), soon(), Command::Unacknowledge);
    assert_eq!(desk.told(), []);
    desk.does(by(ANN), soon(), Command::Acknowledge).does(by(BEN), soon(), Command::Unacknowledge);
    assert_eq!(desk.told(), [(Whom::Person(ANN), Message::GivenBack)]);
}

#[test]
fn case_that_nobody_has_is_not_for_somebody_and_its_steps_go_on() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), soon(), Command::NotForMe { reason: Some(row(9)) });

    assert_eq!(desk.events(), [&Event::NotForMe { reason: Some(row(9)) }]);
    assert_eq!((desk.case.declined_by.as_slice(), desk.timers()), ([ANN].as_slice(), vec![]));
    assert!(desk.does(by(ANN), soon() + 1, Command::NotForMe { reason: Some(row(9)) }).effects.is_empty());

    desk.does(by(BEN), soon() + 2, Command::Acknowledge);
    assert!(desk.case.declined_by.is_empty());
    let refused = desk.refuses(by(ANN), soon() + 3, Command::NotForMe { reason: None });
    assert_eq!(refused, Refused::TakenBy { owner: BEN, since: soon() + 2 });
}

#[test]
fn who_acts_on_a_case_that_nobody_has_has_acknowledged_it() {
    for (command, kind) in [
        (Command::Replied { message_id: row(1) }, "case.replied"),
        (Command::SpokeWithCustomer { note_id: row(1) }, "case.spoken"),
        (Command::WaitForCustomer, "case.waiting"),
        (super::desk::resolve(), "case.resolved"),
    ] {
        let mut desk = Desk::new(&Always);
        desk.does(by(BEN), at(0, 11, 30), command);
        assert_eq!(desk.events()[0], &Event::Acknowledged { late_ms: Some(HOUR / 2) });
        assert_eq!((desk.kinds()[1], desk.case.owner, desk.case.next_step_at), (kind, Some(BEN), None));
        assert!(!desk.case.is_overdue(DueTime::Acknowledge, at(9, 0, 0)));
    }

    // What no person does acknowledges nothing.
    let mut desk = Desk::new(&Always);
    desk.does(By::SERVER, soon(), Command::Replied { message_id: row(1) });
    assert_eq!((desk.case.state, desk.case.acknowledge_by), (State::Open, Some(at(0, 11, 0))));
}

/// What staff were late with stays late, and the customer who is waited for is not late meanwhile.
#[test]
fn case_of_who_leaves_waits_for_somebody_who_takes_it_and_for_the_customer_as_before() {
    let left = || Command::OwnerLeft { person: ANN };
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), soon(), Command::Acknowledge).does(by(ANN), at(0, 11, 0), Command::WaitForCustomer);
    assert!(desk.does(By::SERVER, at(0, 15, 0), Command::OwnerLeft { person: BEN }).effects.is_empty(), "not his");

    desk.does(By::SERVER, at(0, 15, 0), left());

    let expected = [
        Effect::Journal(Event::OwnerLeft { person: ANN }),
        Effect::SetTimer(Timer::Step, at(0, 15, 30)),
        Effect::SetTimer(Timer::AcknowledgeBy, at(0, 16, 0) + 1),
    ];
    assert_eq!(desk.effects, expected);
    assert_eq!((desk.case.owner, desk.case.state), (None, State::Open));
    assert_eq!((desk.case.answer_by, desk.case.answer_left_ms), (None, Some(3 * HOUR)));
    assert!(desk.does(By::SERVER, at(0, 15, 1), left()).effects.is_empty());
    desk.does(By::SERVER, at(0, 15, 30), Command::EscalationStep);
    assert_eq!(desk.kinds(), ["case.escalated"]);

    desk.does(by(BEN), at(0, 15, 40), Command::WaitForCustomer);
    assert_eq!(desk.kinds(), ["case.acknowledged"], "it waits as it did");
    assert_eq!((desk.case.owner, desk.case.state), (Some(BEN), State::Waiting));
    desk.does(by(BEN), at(0, 16, 0), Command::CustomerAnswered { message_id: row(1) });
    assert_eq!((desk.case.answer_by, desk.case.state), (Some(Office.due(at(0, 16, 0), 3 * HOUR)), State::InProgress));
}

#[test]
fn customer_who_answers_while_nobody_has_the_case_has_its_clock_go_on() {
    let mut desk = Desk::new(&Always);
    desk.does(by(ANN), soon(), Command::Acknowledge).does(by(ANN), at(0, 11, 0), Command::WaitForCustomer);
    desk.does(By::SERVER, at(0, 15, 0), Command::OwnerLeft { person: ANN });

    desk.does(By::SERVER, at(0, 15, 10), Command::CustomerAnswered { message_id: row(1) });

    assert_eq!((desk.case.state, desk.case.waiting_since), (State::Open, None));
    assert_eq!(desk.case.answer_by, Some(at(0, 18, 10)));
    assert_eq!(desk.told(), [(Whom::Rule, Message::CustomerAnswered)]);
    desk.does(By::SERVER, at(0, 18, 11), Command::Overdue(DueTime::Answer));
    assert_eq!(desk.told(), [(Whom::Rule, Message::Overdue)]);
}
