//! What falls due for a case.

use counterbell_shared::time::DAY_MS;
use diesel::QueryResult;

use super::write::Desk;
use super::{By, Command, DueTime, Kept, Timer};
use crate::db::AnyConnection;
use crate::db::journal::SiteLock;
use crate::db::timers;
use crate::timers::{Handler, Next};

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
            Timer::Step => Command::EscalationStep,
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
