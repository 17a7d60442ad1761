use super::desk::{ANN, Desk, by, customer, level, resolve, row};
use super::office::{Always, HOUR, MINUTE, Office, at};
use crate::cases::{By, Command, DueTime, Event, Refused, ServiceLevel, State, Timer};

fn answered() -> Command {
    Command::CustomerAnswered { message_id: row(7) }
}

#[test]
fn only_what_the_customer_hears_stops_the_answer_clock() {
    let runs_on = [
        Command::AutomaticReceipt { message_id: row(1) },
        Command::Note { note_id: row(2), mentions: vec![] },
        Command::Acknowledge,
    ];
    let mut desk = Desk::new(&Office);
    for command in runs_on {
        desk.does(by(ANN), at(0, 10, 10), command);
        assert_eq!((desk.case.answer_by, desk.case.first_answer_at), (Some(at(0, 14, 0)), None));
    }
    let before = desk.case.clone();
    for command in [Command::Replied { message_id: row(3) }, Command::SpokeWithCustomer { note_id: row(3) }] {
        desk.case = before.clone();
        desk.does(by(ANN), at(0, 14, 30), command);
        assert_eq!((desk.case.answer_by, desk.case.first_answer_at), (None, Some(at(0, 14, 30))));
        assert_eq!(desk.timers(), [(Timer::AnswerBy, None)]);
        assert_eq!(desk.events()[0].data(&desk.case)["late_ms"], 30 * MINUTE);
    }
    desk.does(by(ANN), at(0, 15, 0), Command::Replied { message_id: row(4) });
    assert_eq!(desk.case.first_answer_at, Some(at(0, 14, 30)));
    assert_eq!(desk.events(), [&Event::Replied { message_id: row(4), late_ms: None }]);
}

#[test]
fn case_that_is_resolved_without_an_answer_is_not_overdue() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 14, 30), resolve());
    assert_eq!(desk.events()[1], &Event::Resolved { late_ms: Some(30 * MINUTE) });
    assert!(!desk.case.is_overdue(DueTime::Answer, at(9, 0, 0)));
    assert_eq!(desk.case.first_answer_at, None);
}

#[test]
fn waiting_for_the_customer_stops_the_clock() {
    for clock in [&Office as &dyn crate::cases::Clock, &Always] {
        let mut desk = Desk::new(clock);
        desk.does(by(ANN), at(0, 13, 0), Command::WaitForCustomer);
        assert_eq!((desk.case.answer_by, desk.case.answer_left_ms), (None, Some(HOUR)));
        assert!(!desk.case.is_overdue(DueTime::Answer, at(3, 12, 0)));
        assert!(desk.does(by(ANN), at(0, 14, 0), Command::WaitForCustomer).effects.is_empty());

        desk.does(customer(), at(3, 13, 0), answered());
        assert_eq!((desk.case.state, desk.case.answer_by), (State::InProgress, Some(at(3, 14, 0))));
        assert_eq!((desk.case.answer_left_ms, desk.case.waiting_since), (None, None));
        assert_eq!(desk.timers(), [(Timer::AnswerBy, Some(at(3, 14, 0) + 1))]);
    }
}

#[test]
fn overdue_stays_overdue_and_its_lateness_stands_still_while_waiting() {
    let late = |desk: &Desk<'_>, now| desk.case.late_ms(DueTime::Answer, now, desk.clock);
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 14, 30), Command::WaitForCustomer);
    assert_eq!(desk.case.answer_by, Some(at(0, 14, 0)));
    for now in [at(0, 14, 30), at(0, 16, 0), at(3, 12, 0)] {
        assert_eq!((late(&desk, now), desk.case.is_overdue(DueTime::Answer, now)), (Some(30 * MINUTE), true));
    }

    desk.does(customer(), at(3, 13, 0), answered());
    assert_eq!(late(&desk, at(3, 13, 0)), Some(30 * MINUTE));
    assert_eq!(late(&desk, at(3, 13, 10)), Some(40 * MINUTE));
    assert_eq!(desk.timers(), [], "what is overdue is not told a second time");
}

#[test]
fn late_by_a_closed_hour_is_late_before_and_after_waiting() {
    let mut desk = Desk::new(&Office);
    desk.does(
        by(ANN),
        at(0, 10, 0),
        Command::ChangeServiceLevel(ServiceLevel { answer_ms: Some(7 * HOUR), ..level() }),
    )
    .does(by(ANN), at(0, 19, 0), Command::WaitForCustomer);
    assert_eq!(desk.case.late_ms(DueTime::Answer, at(0, 19, 0), &Office), Some(1));
    desk.does(customer(), at(1, 9, 30), answered());
    assert!(desk.case.is_overdue(DueTime::Answer, at(1, 9, 30)));
    assert_eq!(desk.case.late_ms(DueTime::Answer, at(1, 9, 31), &Office), Some(MINUTE + 1));
}

#[test]
fn due_at_this_moment_is_not_late_yet() {
    let mut desk = Desk::new(&Office);
    assert!(!desk.case.is_overdue(DueTime::Answer, at(0, 14, 0)));
    assert!(desk.case.is_overdue(DueTime::Answer, at(0, 14, 0) + 1));
    desk.does(by(ANN), at(0, 14, 0), Command::WaitForCustomer);
    assert_eq!(desk.case.answer_left_ms, Some(0));
}

#[test]
fn reopening_starts_a_new_stretch_and_keeps_the_first_resolution() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 10, 30), Command::Replied { message_id: row(1) })
        .does(by(ANN), at(0, 11, 0), resolve())
        .does(customer(), at(1, 10, 0), Command::Reopen);

    let case = &desk.case;
    assert_eq!((case.state, case.resolved_at, case.answered_at), (State::Open, None, None));
    assert_eq!((case.acknowledge_by, case.answer_by), (Some(at(1, 11, 0)), Some(at(1, 14, 0))));
    assert_eq!((case.first_answer_at, case.first_resolved_at), (Some(at(0, 10, 30)), Some(at(0, 11, 0))));
    desk.does(by(ANN), at(1, 12, 0), resolve());
    assert_eq!((desk.case.resolved_at, desk.case.first_resolved_at), (Some(at(1, 12, 0)), Some(at(0, 11, 0))));
}

/// Sets the answer time of a case that was opened on Monday 10:00 with four hours.
fn changed(desk: &mut Desk<'_>, now: i64, hours: Option<i64>) -> Option<i64> {
    let answer_ms = hours.map(|hours| hours * HOUR);
    let level = ServiceLevel { answer_ms, acknowledge_ms: Some(2 * HOUR), steps_ms: vec![HOUR] };
    desk.does(By::SERVER, now, Command::ChangeServiceLevel(level));
    desk.case.answer_by
}

#[test]
fn changing_the_level_moves_the_times_of_what_is_not_ended() {
    let now = at(0, 10, 10);
    let mut desk = Desk::new(&Office);
    assert_eq!(changed(&mut desk, now, Some(8)), Some(at(1, 10, 0)));
    assert_eq!((desk.case.acknowledge_by, desk.case.next_step_at), (Some(at(0, 12, 0)), Some(at(0, 11, 0))));
    assert!(desk.does(By::SERVER, now, Command::ChangeServiceLevel(desk.case.level.clone())).effects.is_empty());
    assert_eq!(changed(&mut desk, at(0, 11, 30), Some(1)), Some(at(0, 11, 0)));
    assert_eq!(desk.timers(), [(Timer::AnswerBy, Some(at(0, 11, 0) + 1))], "late at once, and told");
    assert_eq!(changed(&mut desk, now, None), None);
    assert_eq!(changed(&mut desk, now, Some(3)), Some(at(0, 13, 0)));

    desk.does(by(ANN), at(0, 12, 0), resolve());
    let resolved = desk.case.clone();
    changed(&mut desk, at(0, 12, 30), Some(8));
    assert_eq!(desk.case, resolved);
}

#[test]
fn changing_the_level_while_waiting_changes_what_is_left() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 13, 0), Command::WaitForCustomer);
    assert_eq!(changed(&mut desk, at(1, 10, 0), Some(6)), None);
    assert_eq!(desk.case.answer_left_ms, Some(3 * HOUR));
    assert_eq!(changed(&mut desk, at(1, 10, 0), Some(2)), Some(at(0, 12, 0)), "overdue since before the pause");
    assert_eq!((desk.case.answer_left_ms, desk.case.state), (None, State::Waiting));
    assert_eq!(changed(&mut desk, at(1, 10, 0), Some(4)), None);
    assert_eq!(desk.case.answer_left_ms, Some(HOUR));
}

#[test]
fn new_limit_does_not_undo_a_stricter_rule() {
    let mut desk = Desk::new(&Office);
    changed(&mut desk, at(0, 10, 10), None);
    let join = Command::JoinResponse { response_id: row(2), acknowledge_by: None, answer_by: Some(at(0, 11, 30)) };
    desk.does(By::SERVER, at(0, 10, 30), join);
    assert_eq!(changed(&mut desk, at(0, 10, 40), Some(3)), Some(at(0, 11, 30)));
    assert_eq!(changed(&mut desk, at(0, 10, 50), Some(4)), Some(at(0, 12, 30)));
}

#[test]
fn changing_another_time_moves_no_step() {
    let mut desk = Desk::new(&Office);
    desk.clock = &Always;
    desk.does(By::SERVER, at(5, 3, 0), Command::ChangeServiceLevel(ServiceLevel { answer_ms: None, ..level() }));
    assert_eq!((desk.case.next_step_at, desk.timers()), (Some(at(0, 10, 30)), vec![(Timer::AnswerBy, None)]));
}

#[test]
fn changing_the_level_starts_no_clock_that_has_stopped() {
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 11, 0), Command::Replied { message_id: row(1) });
    assert_eq!(changed(&mut desk, at(0, 12, 0), Some(8)), None);
    assert_eq!((desk.case.acknowledge_by, desk.case.next_step_at), (None, None));
}

#[test]
fn reminder_lies_ahead_and_comes_once() {
    let mut desk = Desk::new(&Office);
    let remind = |at| Command::Remind { at };
    assert_eq!(desk.refuses(by(ANN), at(0, 11, 0), remind(at(0, 11, 0))), Refused::Past);
    desk.does(by(ANN), at(0, 11, 0), Command::Acknowledge).does(by(ANN), at(0, 11, 0), remind(at(2, 9, 0)));
    assert_eq!(desk.timers(), [(Timer::Remind, Some(at(2, 9, 0)))]);
    assert!(desk.does(by(ANN), at(0, 11, 1), remind(at(2, 9, 0))).effects.is_empty());
    assert!(desk.does(By::SERVER, at(1, 9, 0), Command::Reminded).effects.is_empty());
    assert_eq!(desk.does(By::SERVER, at(2, 9, 0), Command::Reminded).told().len(), 1);
    assert!(desk.does(By::SERVER, at(2, 9, 0), Command::Reminded).effects.is_empty());
}
