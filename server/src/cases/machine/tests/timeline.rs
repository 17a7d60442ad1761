use super::desk::{ANN, BEN, CARLA, Desk, by, customer, resolve, row};
use super::office::{Office, at};
use crate::cases::{By, Command, Event, Message, Priority, Refused, State, Timer, Whom};

fn join(number: u8, acknowledge_by: i64, answer_by: i64) -> Command {
    Command::JoinResponse { response_id: row(number), acknowledge_by: Some(acknowledge_by), answer_by: Some(answer_by) }
}

#[test]
fn note_tells_whom_it_names_and_the_owner_once_each() {
    let mut desk = Desk::new(&Office);
    let note = |number, mentions: &[i64]| Command::Note { note_id: row(number), mentions: mentions.to_vec() };
    desk.does(by(ANN), at(0, 10, 5), Command::Acknowledge);

    desk.does(by(BEN), at(0, 10, 6), note(1, &[CARLA, BEN, CARLA]));
    let expected = [
        (Whom::Person(CARLA), Message::Mentioned { note_id: row(1) }),
        (Whom::Person(ANN), Message::Noted { note_id: row(1) }),
    ];
    assert_eq!(desk.told(), expected);
    assert!(desk.does(by(BEN), at(0, 10, 6), note(1, &[CARLA, BEN, CARLA])).effects.is_empty());
    desk.does(by(BEN), at(0, 10, 7), note(2, &[ANN]));
    assert_eq!(desk.told(), [(Whom::Person(ANN), Message::Mentioned { note_id: row(2) })]);
    assert_eq!(desk.does(by(ANN), at(0, 10, 8), note(3, &[])).told(), []);
}

#[test]
fn second_response_joins_the_case_and_the_owner_hears_once() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 10, 5), Command::Acknowledge);
    desk.does(By::SERVER, at(0, 12, 0), join(2, at(0, 13, 0), at(0, 16, 0)));
    assert_eq!(desk.told(), [(Whom::Person(ANN), Message::ResponseJoined { response_id: row(2) })]);
    assert_eq!((desk.case.response_count, desk.case.owner, desk.timers()), (2, Some(ANN), vec![]));
    assert!(desk.does(By::SERVER, at(0, 12, 0), join(2, at(0, 13, 0), at(0, 16, 0))).effects.is_empty());
    assert!(Desk::new(&Office).does(By::SERVER, at(0, 10, 0), join(0, 0, 0)).effects.is_empty(), "its own response");
}

#[test]
fn owner_hears_once_of_a_case_that_was_merged_into_theirs() {
    let merged = |responses| Command::JoinCase {
        other: 12,
        responses,
        acknowledge_by: Some(at(0, 10, 30)),
        answer_by: Some(at(0, 13, 0)),
    };
    let mut desk = Desk::new(&Office);
    desk.does(by(BEN), at(0, 10, 1), merged(3));
    assert_eq!((desk.told(), desk.case.response_count), (vec![], 4), "nobody has it, and the steps go on");
    assert_eq!((desk.case.acknowledge_by, desk.case.answer_by), (Some(at(0, 10, 30)), Some(at(0, 13, 0))));

    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 10, 5), Command::Acknowledge);
    assert_eq!(desk.does(by(ANN), at(0, 10, 6), merged(1)).told(), []);
    assert_eq!(
        desk.does(by(BEN), at(0, 10, 7), merged(3)).told(),
        [(Whom::Person(ANN), Message::CaseJoined { other: 12 })]
    );
    assert!(desk.events().iter().any(|event| **event == Event::CaseJoined { other: 12 }));
}

#[test]
fn joined_response_makes_times_earlier_and_never_later() {
    let (ten, eleven, noon, two, four) = (at(0, 10, 30), at(0, 11, 0), at(0, 12, 0), at(0, 14, 0), at(0, 16, 0));
    for (rule, expected) in [
        ((noon, four), (eleven, two)),
        ((ten, four), (ten, two)),
        ((noon, noon), (eleven, noon)),
        ((ten, ten), (ten, ten)),
    ] {
        let mut desk = Desk::new(&Office);
        desk.does(By::SERVER, at(0, 10, 20), join(2, rule.0, rule.1));
        assert_eq!((desk.case.acknowledge_by, desk.case.answer_by), (Some(expected.0), Some(expected.1)));
        assert_eq!(desk.told(), [(Whom::Rule, Message::ResponseJoined { response_id: row(2) })], "nobody has it");
    }
}

#[test]
fn joined_response_starts_no_clock_that_has_stopped() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 10, 10), Command::Replied { message_id: row(1) });
    desk.does(By::SERVER, at(0, 10, 20), join(2, at(0, 10, 30), at(0, 10, 40)));
    assert_eq!((desk.case.acknowledge_by, desk.case.answer_by), (None, None));
}

#[test]
fn customer_who_is_waited_for_and_is_unhappy_again_has_come() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 13, 0), Command::WaitForCustomer);
    desk.does(By::SERVER, at(1, 12, 0), join(2, at(1, 13, 0), at(1, 16, 0)));
    assert_eq!((desk.case.state, desk.case.answer_by), (State::InProgress, Some(at(1, 13, 0))));
}

#[test]
fn ended_case_is_joined_by_nothing() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 11, 0), resolve());
    let refused = desk.refuses(By::SERVER, at(0, 12, 0), join(2, 0, 0));
    assert_eq!(refused, Refused::NotNow { state: State::Resolved });
}

#[test]
fn thanks_after_the_end_are_heard_once_and_start_nothing() {
    let wrote = |number| Command::CustomerAnswered { message_id: row(number) };
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 11, 0), resolve()).does(customer(), at(1, 11, 0), wrote(1));
    assert_eq!(desk.told(), [(Whom::Person(ANN), Message::CustomerAnswered)]);
    assert_eq!((desk.case.state, desk.case.resolved_at), (State::Resolved, Some(at(0, 11, 0))));
    assert_eq!((desk.timers(), desk.case.customer_answered_at), (vec![], Some(at(1, 11, 0))));

    desk.does(customer(), at(1, 11, 5), wrote(2));
    assert_eq!((desk.told(), desk.kinds()), (vec![], vec!["case.customer_answered"]));
    assert_eq!(desk.refuses(By::SERVER, at(9, 0, 0), Command::Close), Refused::NotNow { state: State::Resolved });
    desk.does(by(ANN), at(1, 12, 0), Command::DismissAnswer);
    assert_eq!((desk.case.customer_answered_at, desk.case.state), (None, State::Resolved));
    assert!(desk.does(by(ANN), at(1, 12, 1), Command::DismissAnswer).effects.is_empty());
    assert_eq!(desk.does(customer(), at(2, 11, 0), wrote(3)).told().len(), 1);
}

#[test]
fn customer_who_writes_while_the_case_is_open_is_heard_each_time() {
    let mut desk = Desk::new(&Office);
    for number in 1..3 {
        desk.does(customer(), at(0, 10, 5), Command::CustomerAnswered { message_id: row(number) });
        assert_eq!(desk.told(), [(Whom::Rule, Message::CustomerAnswered)]);
        assert_eq!((desk.timers(), desk.case.state), (vec![], State::Open));
    }
    desk.does(by(ANN), at(0, 10, 6), Command::Replied { message_id: row(9) });
    assert_eq!(desk.case.customer_answered_at, None);
}

#[test]
fn urgent_is_told_to_the_owner() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 10, 5), Command::Acknowledge);
    assert_eq!(desk.does(by(BEN), at(0, 10, 6), Command::SetPriority(Priority::High)).told(), []);
    desk.does(by(BEN), at(0, 10, 7), Command::SetPriority(Priority::Urgent));
    assert_eq!(desk.told(), [(Whom::Person(ANN), Message::Urgent)]);
    assert!(desk.does(by(BEN), at(0, 10, 8), Command::SetPriority(Priority::Urgent)).effects.is_empty());
}

#[test]
fn revoking_raises_the_generation_once_for_what_was_seen() {
    let mut desk = Desk::new(&Office);
    for (generation, after) in [(0, 1), (0, 1), (1, 2)] {
        desk.does(by(ANN), at(0, 10, 5), Command::RevokeLinks { generation });
        assert_eq!(desk.case.link_generation, after);
    }
    assert_eq!(desk.events(), [&Event::LinksRevoked { generation: 2 }]);
    let nobody_saw = desk.refuses(by(ANN), at(0, 10, 5), Command::RevokeLinks { generation: 3 });
    assert_eq!(nobody_saw, Refused::VersionMismatch { version: 3 });
}

#[test]
fn case_names_another_once() {
    let mut desk = Desk::new(&Office);
    for other in [9, 4, 9] {
        desk.does(by(ANN), at(0, 10, 5), Command::Link { other });
    }
    assert_eq!((desk.case.linked.as_slice(), desk.effects.len()), ([4, 9].as_slice(), 0));
    assert_eq!(desk.refuses(by(ANN), at(0, 10, 5), Command::Link { other: 1234 }), Refused::Itself);
}

#[test]
fn journal_carries_state_and_version_and_no_words() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 11, 0), resolve());
    let [acknowledged, resolved] = desk.events()[..] else { panic!("{:?}", desk.effects) };
    assert_eq!(
        resolved.data(&desk.case).to_string(),
        r#"{"late_ms":0,"number":1234,"owner":1,"state":"resolved","team":"counter","version":2}"#
    );
    assert_eq!((by(ANN).actor(), By::SERVER.actor()), ("person/1".to_owned(), "server".to_owned()));
    assert_eq!((acknowledged.kind(), resolved.kind()), ("case.acknowledged", "case.resolved"));
    assert_eq!(desk.timers(), [(Timer::Step, None), (Timer::AcknowledgeBy, None), (Timer::AnswerBy, None)]);
}
