//! What falls due for a case.

use counterbell_shared::time::DAY_MS;
use diesel::QueryResult;

use super::heard::Heard;
use super::write::Desk;
use super::{By, Command, DueTime, Kept, Timer};
use crate::db::AnyConnection;
use crate::db::journal::SiteLock;
use crate::db::timers;
use crate::staff::load_for_rules;
use crate::timers::{Handler, Next};

/// When the first is told of a case of which nobody has been told by `now` (both Unix ms); `None` when somebody was.
fn nobody_told_before(conn: &mut AnyConnection, kept: &Kept, now: i64) -> QueryResult<Option<i64>> {
    if kept.case.steps_done > 0 {
        return Ok(None);
    }
    let staff = load_for_rules(conn, kept.site_id)?;
    let heard = Heard::load(conn, kept, &staff, now)?;
    Ok(heard.held_until.filter(|at| *at > now && heard.people.is_empty()))
}

/// Further ahead than opening hours reach, no timer of a case is set.
const LONGEST_MS: i64 = 401 * DAY_MS;

/// Sends a case the command that a timer stands for.
#[derive(Clone, Copy, Debug)]
pub struct CaseTimer(pub Timer);

impl Handler for CaseTimer {
    fn kind(&self) -> &'static str {
        self.0.as_str()
    }

    fn longest_ms(&self) -> i64 {
        LONGEST_MS
    }

    fn fire(
        &self,
        conn: &mut AnyConnection,
        site: &mut SiteLock,
        timer: &timers::Timer,
        now: i64,
    ) -> QueryResult<Next> {
        let Some(mut kept) = Kept::find_by_id(conn, timer.site_id, &timer.subject)? else { return Ok(Next::Done) };
        let command = match self.0 {
            Timer::Step => match nobody_told_before(conn, &kept, now)? {
                Some(from) => Command::CountSteps { from },
                None => Command::EscalationStep,
            },
            Timer::AcknowledgeBy => Command::Overdue(DueTime::Acknowledge),
            Timer::AnswerBy => Command::Overdue(DueTime::Answer),
            Timer::Remind => Command::Reminded,
        };
        // A timer asks for nothing that a case refuses: what is not wanted any more is left.
        let _ = Desk { conn, site, by: &By::SERVER, now }.send(&mut kept, command)?;
        // Set too early, or to the next step: what is still ahead is waited for.
        Ok(kept.case.timer_at(self.0).filter(|at| *at > now).map_or(Next::Done, Next::At))
    }
}
