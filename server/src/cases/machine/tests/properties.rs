//! What holds whatever is done to a case, whenever.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::desk::{by, customer, level, opening, row};
use super::office::{Always, HOUR, MINUTE, Office, at};
use crate::cases::{
    Assignee, By, Case, Clock, Command, DueTime, Effect, EntryId, Message, NothingToDo, Priority, ServiceLevel, State,
    Timer, Whom, apply, open,
};

fn who() -> impl Strategy<Value = By> {
    prop_oneof![4 => (1i64..5).prop_map(by), 1 => Just(customer()), 1 => Just(By::SERVER)]
}

fn service_level() -> impl Strategy<Value = ServiceLevel> {
    let limit = || proptest::option::of(MINUTE..30 * HOUR);
    (limit(), limit(), vec(0..10 * HOUR, 0..4)).prop_map(|(acknowledge_ms, answer_ms, mut steps_ms)| {
        steps_ms.sort_unstable();
        ServiceLevel { acknowledge_ms, answer_ms, steps_ms }
    })
}

fn row_id() -> impl Strategy<Value = EntryId> {
    any::<[u8; 16]>().prop_map(EntryId::from_bytes)
}

fn command() -> impl Strategy<Value = Command> {
    let time = || at(0, 0, 0)..at(30, 0, 0);
    let reason = || proptest::option::of(row_id());
    let everyday = prop_oneof![
        Just(Command::Acknowledge),
        Just(Command::TakeOver),
        (1i64..5, reason()).prop_map(|(person, reason)| Command::Assign { to: Assignee::Person(person), reason }),
        reason().prop_map(|reason| Command::Assign { to: Assignee::Team("stock".to_owned()), reason }),
        reason().prop_map(|reason| Command::NotForMe { reason }),
        Just(Command::Unacknowledge),
        (1i64..5).prop_map(|person| Command::OwnerLeft { person }),
        (row_id(), vec(1i64..5, 0..3)).prop_map(|(note_id, mentions)| Command::Note { note_id, mentions }),
        Just(Command::WaitForCustomer),
        row_id().prop_map(|message_id| Command::CustomerAnswered { message_id }),
        (row_id(), proptest::option::of(time()), proptest::option::of(time())).prop_map(
            |(response_id, acknowledge_by, answer_by)| Command::JoinResponse { response_id, acknowledge_by, answer_by }
        ),
        service_level().prop_map(Command::ChangeServiceLevel),
        Just(Command::EscalationStep),
    ];
    let rarer = prop_oneof![
        row_id().prop_map(|note_id| Command::SpokeWithCustomer { note_id }),
        row_id().prop_map(|message_id| Command::Replied { message_id }),
        row_id().prop_map(|message_id| Command::AutomaticReceipt { message_id }),
        Just(Command::DismissAnswer),
        prop_oneof![Just(Priority::Low), Just(Priority::Urgent)].prop_map(Command::SetPriority),
        time().prop_map(|at| Command::Remind { at }),
        "[a-z]{0,2}".prop_map(|text| Command::Resolve { root_cause: text, action_taken: "refunded".to_owned() }),
        any::<bool>().prop_map(|mark_spam| Command::NothingToDo { reason: NothingToDo::Unreachable, mark_spam }),
        Just(Command::Close),
        Just(Command::Reopen),
        Just(Command::Reopen),
        Just(Command::OpenAnew),
        row_id().prop_map(|response_id| Command::ResponseChanged { response_id }),
        time().prop_map(|at| Command::JoinCase {
            other: 9,
            responses: 2,
            acknowledge_by: Some(at),
            answer_by: Some(at),
        }),
        (1i64..3).prop_map(|other| Command::Link { other }),
        Just(Command::Reminded),
        prop_oneof![Just(DueTime::Acknowledge), Just(DueTime::Answer)].prop_map(Command::Overdue),
        row_id().prop_map(|response_id| Command::SplitResponse { response_id, into: 9 }),
        (0u32..3).prop_map(|generation| Command::RevokeLinks { generation }),
    ];
    prop_oneof![30 => everyday, 20 => rarer, 1 => Just(Command::Merge { into: 7, owner: None })]
}

/// Commands, each so long (ms) after the one before.
fn history() -> impl Strategy<Value = Vec<(By, i64, Command)>> {
    vec((who(), prop_oneof![0..10 * MINUTE, 0..20 * HOUR], command()), 0..40)
}

fn clock(office: bool) -> &'static dyn Clock {
    if office { &Office } else { &Always }
}

/// Goes through a history from a fresh case on, and shows `check` each command that was taken, with what it did.
fn go_through(
    office: bool,
    history: Vec<(By, i64, Command)>,
    mut check: impl FnMut(Taken<'_>) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut now = at(0, 10, 0);
    let (mut case, _) = open(opening(), now, clock(office));
    for (by, after_ms, command) in history {
        now += after_ms;
        let Ok((next, effects)) = apply(&case, command.clone(), &by, now, clock(office)) else { continue };
        check(Taken { before: &case, after: &next, effects: &effects, command: &command, by: &by, now })?;
        case = next;
    }
    Ok(())
}

struct Taken<'a> {
    before: &'a Case,
    after: &'a Case,
    effects: &'a [Effect],
    command: &'a Command,
    by: &'a By,
    now: i64,
}

fn is_sound(case: &Case) -> Result<(), TestCaseError> {
    let ended = case.state.is_ended();
    prop_assert_eq!(case.acknowledged_at.is_some(), case.acknowledged_by.is_some());
    prop_assert!(case.acknowledged_at.is_none() || case.owner.is_some());
    prop_assert_eq!(case.owner.is_some(), case.owned_since.is_some());
    // Nobody has it, because whoever did left it waiting.
    let waits = case.state == State::Waiting || case.state == State::Open && case.waiting_since.is_some();
    prop_assert_eq!(case.waiting_since.is_some(), waits);
    prop_assert!(case.answer_left_ms.is_none() || case.answer_by.is_none() && waits);
    prop_assert!(case.resolved_at.is_none_or(|at| case.first_resolved_at.is_some_and(|first| first <= at)));
    prop_assert!(case.answered_at.is_none() || case.first_answer_at.is_some() && case.answer_by.is_none());
    match case.state {
        State::Open => prop_assert!(case.acknowledged_at.is_none()),
        State::InProgress | State::Waiting => prop_assert!(case.acknowledged_at.is_some()),
        State::Resolved => prop_assert!(case.resolved_at.is_some() && case.closed_at.is_none()),
        State::Closed => prop_assert!(case.closed_at.is_some()),
    }
    if case.state != State::Open {
        prop_assert!(case.acknowledge_by.is_none() && case.next_step_at.is_none());
    }
    if ended {
        prop_assert!(case.answer_by.is_none() && case.answer_left_ms.is_none() && case.remind_at.is_none());
    } else {
        prop_assert!(case.resolved_at.is_none() && case.closed_at.is_none() && case.nothing_to_do.is_none());
    }
    Ok(())
}

proptest! {
    #[test]
    fn case_is_sound_and_its_version_counts_its_changes(office: bool, history in history()) {
        go_through(office, history, |Taken { before, after, effects, .. }| {
            is_sound(after)?;
            prop_assert_eq!(before == after, effects.is_empty());
            prop_assert_eq!(after.version, before.version + i64::from(!effects.is_empty()));
            Ok(())
        })?;
    }

    #[test]
    fn same_command_again_changes_nothing(office: bool, history in history()) {
        go_through(office, history, |Taken { after, command, by, now, .. }| {
            if matches!(command, Command::JoinCase { .. } | Command::ResponseChanged { .. }) {
                return Ok(());
            }
            let again = apply(after, command.clone(), by, now, clock(office));
            prop_assert_eq!(again, Ok((after.clone(), vec![])));
            Ok(())
        })?;
    }

    #[test]
    fn nobody_is_told_what_they_did_nor_a_person_twice(office: bool, history in history()) {
        go_through(office, history, |Taken { effects, by, .. }| {
            let mut told = HashSet::new();
            for effect in effects {
                let Effect::Tell { whom, except, .. } = effect else { continue };
                prop_assert_eq!(*except, by.person_id());
                if let Whom::Person(person) = whom {
                    prop_assert!(Some(*person) != by.person_id() && told.insert(*person));
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn each_step_is_told_once_in_its_stretch_and_only_while_nobody_has_the_case(
        office: bool,
        history in history(),
    ) {
        let mut told = HashSet::new();
        go_through(office, history, |Taken { before, after, effects, now, .. }| {
            let steps: Vec<_> = effects
                .iter()
                .filter_map(|effect| match effect {
                    Effect::Tell { whom: Whom::Step(step), message: Message::Escalated { since }, .. } => {
                        Some((*step, *since))
                    }
                    _ => None,
                })
                .collect();
            prop_assert!(steps.len() <= 1);
            for (step, since) in steps {
                prop_assert!(told.insert((step, since)));
                prop_assert!(before.state == State::Open && since == before.steps_from);
                let due_at = clock(office).due(since, before.level.steps_ms[step]);
                prop_assert!(due_at <= now);
                prop_assert!(clock(office).next_open(now) == now || now - due_at <= 5 * MINUTE);
                prop_assert!(after.next_step_at.is_none_or(|at| at > now), "the latest that is due");
            }
            Ok(())
        })?;
    }

    #[test]
    fn timers_are_set_when_the_case_needs_them(office: bool, history in history()) {
        let (_, effects) = open(opening(), at(0, 10, 0), clock(office));
        let mut timers = [None; 4];
        let set = |timers: &mut [Option<i64>; 4], effects: &[Effect]| {
            for effect in effects {
                match effect {
                    Effect::SetTimer(timer, at) => timers[*timer as usize] = Some(*at),
                    Effect::ClearTimer(timer) => timers[*timer as usize] = None,
                    _ => {}
                }
            }
        };
        set(&mut timers, &effects);
        go_through(office, history, |Taken { after, effects, now, .. }| {
            set(&mut timers, effects);
            for timer in Timer::ALL {
                let set = timers[timer as usize];
                match after.timer_at(timer).filter(|at| *at > now) {
                    Some(ahead) => prop_assert_eq!(set, Some(ahead)),
                    None => prop_assert_eq!(set.is_some_and(|at| at <= now), after.timer_at(timer).is_some()),
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn joined_response_makes_no_time_later(office: bool, history in history()) {
        go_through(office, history, |Taken { before, after, command, now, .. }| {
            if !matches!(command, Command::JoinResponse { .. }) {
                return Ok(());
            }
            let later = |before: Option<i64>, after: Option<i64>| before.zip(after).is_some_and(|(b, a)| a > b);
            prop_assert!(!later(before.acknowledge_by, after.acknowledge_by));
            let late = |case: &Case| case.late_ms(DueTime::Answer, now, clock(office));
            if before.waiting_since.is_some() {
                let due = before.answer_left_ms.map(|left| clock(office).due(now, left));
                prop_assert!(!later(due, after.answer_by) && late(before) <= late(after));
            } else {
                prop_assert!(!later(before.answer_by, after.answer_by));
            }
            prop_assert_eq!((before.owner, before.acknowledged_at), (after.owner, after.acknowledged_at));
            Ok(())
        })?;
    }

    #[test]
    fn time_spent_waiting_never_counts(
        office: bool,
        waits in vec((any::<bool>(), prop_oneof![0..2 * HOUR, 0..90 * HOUR]), 1..12),
    ) {
        let clock = clock(office);
        let (mut now, mut used_ms) = (at(0, 10, 0), 0);
        let (mut case, _) = open(opening(), now, clock);
        for (number, (waits, after_ms)) in (1..).zip(waits) {
            let from = now;
            now += after_ms;
            used_ms += if case.state == State::Waiting { 0 } else { clock.open_ms(from, now) };
            let command = if waits { Command::WaitForCustomer } else { Command::CustomerAnswered { message_id: row(number) } };
            case = apply(&case, command, &by(1), now, clock).unwrap().0;

            let left_ms = level().answer_ms.unwrap() - used_ms;
            let shown = match case.late_ms(DueTime::Answer, now, clock) {
                Some(late_ms) => -late_ms,
                None => case.answer_left_ms.unwrap_or_else(|| clock.open_ms(now, case.answer_by.unwrap())),
            };
            // Late in an hour that is closed is shown as late by 1 ms.
            prop_assert!((shown - left_ms).abs() <= 1, "{shown} is shown of {left_ms}");
        }
    }

    #[test]
    fn no_time_makes_it_panic(history in vec((who(), any::<i64>(), command()), 0..30)) {
        let (mut case, _) = open(opening(), i64::MAX - HOUR, &Always);
        for (by, now, command) in history {
            if let Ok((next, _)) = apply(&case, command, &by, now, &Always) {
                prop_assert!(next.acknowledged_at.is_none() || next.owner.is_some());
                case = next;
            }
        }
    }
}
