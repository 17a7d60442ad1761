use super::desk::{ANN, BEN, Desk, by, level, opening, resolve, row};
use super::office::{Always, HOUR, MINUTE, Office, at};
use crate::cases::{By, Clock, Command, Message, NothingToDo, Opening, ServiceLevel, Timer, Whom, open};

fn step(desk: &mut Desk<'_>, now: i64) -> Vec<(Whom, Message)> {
    desk.does(By::SERVER, now, Command::EscalationStep).told()
}

fn told(step: usize, since: i64) -> Vec<(Whom, Message)> {
    vec![(Whom::Step(step), Message::Escalated { since })]
}

#[test]
fn each_step_is_told_once_however_often_the_scheduler_runs() {
    let mut desk = Desk::new(&Office);
    let since = at(0, 10, 0);
    let mut heard = Vec::new();
    for minute in 0..180 {
        for _server in 0..2 {
            let now = since + minute * MINUTE;
            heard.extend(step(&mut desk, now).into_iter().map(|told| (minute, told)));
        }
    }
    let expected = [(30, told(0, since)), (120, told(1, since))];
    assert_eq!(heard, expected.map(|(minute, mut told)| (minute, told.remove(0))));
    assert_eq!((desk.case.steps_done, desk.case.next_step_at), (2, None));
}

#[test]
fn next_step_is_set_and_the_last_takes_the_timer_away() {
    let mut desk = Desk::new(&Office);
    step(&mut desk, at(0, 10, 30));
    assert_eq!(desk.timers(), [(Timer::Step, Some(at(0, 12, 0)))]);
    assert_eq!(desk.case.timer_at(Timer::Step), Some(at(0, 12, 0)), "what a handler that came too early sets");
    assert_eq!(step(&mut desk, at(0, 11, 59)), []);
    step(&mut desk, at(0, 12, 0));
    assert_eq!(desk.timers(), [(Timer::Step, None)]);
}

#[test]
fn after_an_outage_only_the_latest_step_is_told() {
    let mut desk = Desk::new(&Office);
    assert_eq!(step(&mut desk, at(0, 13, 0)), told(1, at(0, 10, 0)));
    assert_eq!(desk.kinds(), ["case.escalated"]);
    assert_eq!(desk.events()[0].data(&desk.case)["step"], 1);
    assert_eq!(step(&mut desk, at(0, 13, 1)), []);
}

#[test]
fn what_an_outage_made_late_waits_until_somebody_is_there() {
    let mut desk = Desk::new(&Office);
    for now in [at(5, 3, 0), at(6, 12, 0)] {
        assert_eq!(step(&mut desk, now), []);
        assert_eq!((desk.case.next_step_at, desk.case.steps_done), (Some(at(7, 9, 0)), 0));
    }
    assert_eq!(step(&mut desk, at(7, 9, 0)), told(1, at(0, 10, 0)));
}

#[test]
fn step_that_falls_due_as_the_doors_close_is_told() {
    let (case, effects) = open(opening(), at(4, 16, 30), &Office);
    let mut desk = Desk { case, effects, clock: &Office };
    assert_eq!(desk.case.next_step_at, Some(at(4, 17, 0)));
    assert_eq!(step(&mut desk, at(4, 17, 0) + 900), told(0, at(4, 16, 30)));
    assert_eq!(desk.case.next_step_at, Some(at(7, 10, 30)));
}

#[test]
fn acknowledging_resolving_and_closing_stop_all_later_steps() {
    let spam = Command::NothingToDo { reason: NothingToDo::Spam, mark_spam: true };
    for command in
        [Command::Acknowledge, resolve(), spam, Command::Merge { into: 7, owner: None }, Command::WaitForCustomer]
    {
        let mut desk = Desk::new(&Always);
        step(&mut desk, at(0, 10, 30));
        let queued_from = desk.case.steps_from;
        assert!(desk.case.wants_step(queued_from));
        desk.does(by(ANN), at(0, 10, 31), command);
        assert_eq!(step(&mut desk, at(0, 13, 0)), []);
        assert!(desk.timers().is_empty() && desk.case.next_step_at.is_none());
        assert!(!desk.case.wants_step(queued_from), "also what is queued and not sent");
    }
}

#[test]
fn what_is_queued_from_before_a_stretch_is_not_sent_in_it() {
    let mut desk = Desk::new(&Always);
    let queued_from = desk.case.steps_from;
    desk.does(by(ANN), at(0, 10, 40), Command::Acknowledge).does(by(BEN), at(0, 11, 0), Command::Unacknowledge);
    assert!(!desk.case.wants_step(queued_from));
    assert_eq!(step(&mut desk, at(0, 11, 30)), told(0, at(0, 11, 0)));
}

#[test]
fn other_hours_move_no_step_that_is_set() {
    let mut desk = Desk::new(&Office);
    desk.clock = &Always;
    assert_eq!(step(&mut desk, at(0, 10, 30)), told(0, at(0, 10, 0)));
    // Now it closes early: what was due at 12 still is.
    struct Never;
    impl Clock for Never {
        fn due(&self, from: i64, _: i64) -> i64 {
            from + 1000 * HOUR
        }
        fn before(&self, at: i64, _: i64) -> i64 {
            at
        }
        fn open_ms(&self, _: i64, _: i64) -> i64 {
            0
        }
        fn next_open(&self, at: i64) -> i64 {
            at
        }
    }
    desk.clock = &Never;
    assert_eq!(step(&mut desk, at(0, 12, 0)), told(1, at(0, 10, 0)));
}

#[test]
fn rule_without_steps_has_no_timer_for_them() {
    let none = Opening { level: ServiceLevel { steps_ms: vec![], ..level() }, ..opening() };
    let mut desk = Desk::of(none, &Office);
    assert_eq!(desk.case.timer_at(Timer::Step), None);
    assert_eq!(step(&mut desk, at(9, 12, 0)), []);
    assert!(desk.effects.is_empty());
    assert!(desk.does(by(ANN), at(9, 12, 0), Command::Note { note_id: row(1), mentions: vec![] }).timers().is_empty());
}

#[test]
fn steps_are_counted_from_when_somebody_could_be_told() {
    let mut desk = Desk::new(&Office);
    let from = at(0, 12, 0);
    desk.does(By::SERVER, at(0, 10, 30), Command::CountSteps { from });
    assert_eq!(desk.timers(), [(Timer::Step, Some(at(0, 12, 30)))]);
    assert_eq!(step(&mut desk, at(0, 12, 29)), []);
    assert_eq!(step(&mut desk, at(0, 12, 30)), told(0, from));

    // A step was told, or somebody has it.
    let case = desk.case.clone();
    desk.does(By::SERVER, at(0, 12, 31), Command::CountSteps { from: at(0, 13, 0) });
    assert_eq!(desk.case, case);
    let mut desk = Desk::new(&Office);
    desk.does(by(ANN), at(0, 10, 1), Command::Acknowledge);
    let case = desk.case.clone();
    desk.does(By::SERVER, at(0, 10, 30), Command::CountSteps { from });
    assert_eq!(desk.case, case);
}
