//! Escalations that are too many to be told one by one.

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use super::{Case, Kept, Message, Priority};
use crate::db::alert_groups::{AlertGroup, GroupKind, Whose, Window};
use crate::db::{AnyConnection, cases};
use crate::ids::new_id;
use crate::rules::{Grouped, Rule, Soon};

/// How long before a case is due somebody has heard of it, in ms.
const AHEAD_MS: i64 = 5 * 60_000;

/// When whoever is to be told of a case at `now` has to be told at the latest (both Unix ms): while there is time to do
/// something, before the case is due and before others are told that nobody has it.
pub fn tell_by(case: &Case, now: i64) -> Option<i64> {
    ahead_of([case.next_step_at, case.acknowledge_by, case.answer_by], now)
}

fn ahead_of<const N: usize>(times: [Option<i64>; N], now: i64) -> Option<i64> {
    let first = times.into_iter().flatten().filter(|at| *at > now).min()?;
    Some((first - AHEAD_MS).max(now + (first - now) / 2))
}

/// Whether somebody hears at the end of a window, with the others, that nobody has taken a case or answered its customer in
/// time: as the rule's alerts are grouped. What is urgent is told alone. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub(super) fn waits(
    conn: &mut AnyConnection,
    (kept, rule): (&Kept, &Rule),
    (person_id, message): (i64, Message),
    now: i64,
) -> QueryResult<bool> {
    let (kind, tell_by) = match message {
        Message::Escalated { .. } => (GroupKind::Escalated, ahead_of([kept.case.next_step_at], now)),
        Message::Overdue => (GroupKind::Overdue, None),
        _ => return Ok(false),
    };
    let Soon::Grouped(Grouped { most, window }) = rule.soon else { return Ok(false) };
    if kept.case.priority == Priority::Urgent {
        return Ok(false);
    }
    // One whose responses are all deleted is on no page.
    let Some((response_id, _)) = cases::responses(conn, kept.site_id, &kept.id)?.into_iter().next() else {
        return Ok(false);
    };
    let whose = Whose { site_id: kept.site_id, person_id, rule: &kept.rule.0, kind };
    let window = Window { most, length_ms: window.as_ms(), tell_by };
    AlertGroup::waits(conn, whose, window, (&response_id, &kept.about.touchpoint), new_id(UnixMillis(now)), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_told_while_there_is_time_to_do_something() {
        const MINUTE: i64 = 60_000;
        for (times, told_by) in [
            ([Some(120), Some(30), None], Some(25)),
            ([Some(8), Some(30), None], Some(4)),
            ([None, None, Some(480)], Some(475)),
            // What is over is told by its own message.
            ([Some(40), Some(0), Some(-5)], Some(35)),
            ([None, None, Some(-5)], None),
        ] {
            let now = 1_800_000_000_000;
            let times = times.map(|minutes| minutes.map(|minutes: i64| now + minutes * MINUTE));
            assert_eq!(ahead_of(times, now), told_by.map(|minutes: i64| now + minutes * MINUTE), "{times:?}");
        }
    }
}
