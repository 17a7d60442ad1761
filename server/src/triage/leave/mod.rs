//! What somebody who leaves a site leaves behind goes to others: cases that they had, messages that wait for them.
//!
//! A timer that is set in the transaction in which they leave does it in turns, each a bounded transaction, until nothing is left.
//! Killed at any moment, the next turn goes on. If they come back meanwhile, what is left stays theirs.

mod cases;
mod messages;
#[cfg(test)]
mod tests;

use diesel::QueryResult;

use self::cases::{gather_again, give_back, tell};
use self::messages::hand_on;
use crate::db::AnyConnection;
use crate::db::journal::SiteLock;
use crate::db::outbox;
use crate::db::staff::{STAFF_LEFT, belongs, who_left};
use crate::db::timers::Timer;
use crate::timers::{Handler, Next};

/// Messages, cases or groups of one transaction.
const CHUNK: usize = 16;
/// Before it is looked again for messages that were being sent, in ms.
const AGAIN_MS: i64 = 2_000;

/// Hands on what somebody who left leaves behind.
#[derive(Clone, Copy, Debug)]
pub struct StaffLeft;

impl Handler for StaffLeft {
    fn kind(&self) -> &'static str {
        STAFF_LEFT
    }

    fn longest_ms(&self) -> i64 {
        AGAIN_MS
    }

    fn fire(&self, conn: &mut AnyConnection, site: &mut SiteLock, timer: &Timer, now: i64) -> QueryResult<Next> {
        let site_id = site.site_id();
        let Some(person_id) = who_left(&timer.subject) else { return Ok(Next::Done) };
        let is_back = belongs(conn, site_id, person_id)?;
        if !is_back {
            if hand_on(conn, site, person_id, now)? == CHUNK || give_back(conn, site, person_id, now)? == CHUNK {
                return Ok(Next::At(now));
            }
            gather_again(conn, site_id, person_id, now)?;
        }
        if tell(conn, site_id, now)? == CHUNK {
            return Ok(Next::At(now));
        }
        let is_sent = !is_back && outbox::is_sent_to(conn, site_id, person_id)?;
        Ok(if is_sent { Next::At(now + AGAIN_MS) } else { Next::Done })
    }
}
