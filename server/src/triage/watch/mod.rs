//! Rules about touchpoints: each morning it is looked for those from which nothing comes, and whose scores fall.
//!
//! What there is to tell is read before the transaction begins, since that takes long where there are many touchpoints. It is
//! written in parts, and told when the last of them is: many touchpoints are one mail.

mod look;
mod quiet;
mod rehearse;
mod tell;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use counterbell_shared::time::DAY_MS;
use diesel::QueryResult;

use self::look::{Found, Look};
use crate::db::AnyConnection;
use crate::db::journal::{By, Event, SiteLock};
use crate::db::tables::Row as _;
use crate::db::tables::TouchpointAlertRow;
use crate::db::timers::{Timer, WATCH_TOUCHPOINTS};
use crate::db::{outbox, touchpoint_alerts};
use crate::sites::load_rules;
use crate::timers::{Handler, Next, ReadAhead};

pub use self::rehearse::{RehearsedTouchpoint, RehearsedWatch, rehearse};

/// Further ahead than opening hours reach, it is not looked again.
const LONGEST_MS: i64 = 401 * DAY_MS;
/// Rows written in one transaction.
const CHUNK: usize = 500;

/// Looks after the rules about touchpoints.
#[derive(Clone, Copy, Debug)]
pub struct WatchTouchpoints;

impl Handler for WatchTouchpoints {
    fn kind(&self) -> &'static str {
        WATCH_TOUCHPOINTS
    }

    fn longest_ms(&self) -> i64 {
        LONGEST_MS
    }

    fn reads(&self) -> Option<Arc<dyn ReadAhead>> {
        Some(Arc::new(*self))
    }

    fn fire(&self, conn: &mut AnyConnection, site: &mut SiteLock, timer: &Timer, now: i64) -> QueryResult<Next> {
        self.read(conn, timer, now)?.fire(conn, site, timer, now)
    }
}

impl ReadAhead for WatchTouchpoints {
    fn read(&self, conn: &mut AnyConnection, timer: &Timer, now: i64) -> QueryResult<Arc<dyn Handler>> {
        Ok(Arc::new(Seen { look: Look::at(conn, timer.site_id, now)? }))
    }
}

/// What was read of a site.
struct Seen {
    look: Look,
}

impl Handler for Seen {
    fn kind(&self) -> &'static str {
        WATCH_TOUCHPOINTS
    }

    fn longest_ms(&self) -> i64 {
        LONGEST_MS
    }

    fn fire(&self, conn: &mut AnyConnection, site: &mut SiteLock, timer: &Timer, now: i64) -> QueryResult<Next> {
        let site_id = site.site_id();
        // Never at the same time once more: another server may have read the timer as it is.
        let again = Next::At(now.max(timer.due_at + 1));
        let Look { rules, over, found, owners, next } = &self.look;
        if load_rules(conn, site_id, Some(rules))?.stored() != rules.stored() {
            return Ok(again);
        }
        for key in over.iter().take(CHUNK) {
            key.delete(conn, site_id)?;
        }
        let new: Vec<_> = found.iter().filter(|found| found.is_new).collect();
        let now_written = &new[..new.len().min(CHUNK.saturating_sub(over.len()))];
        write(conn, site, now_written, now)?;
        if over.len() + new.len() > CHUNK {
            return Ok(again);
        }
        let due_at = timer.due_at;
        let messages = tell::messages(conn, (site_id, rules), found, owners, (due_at, now))?;
        touchpoint_alerts::tell(conn, site_id, now)?;
        outbox::insert(conn, &messages)?;
        Ok(Next::At(*next))
    }
}

fn write(conn: &mut AnyConnection, site: &mut SiteLock, found: &[&Found], now: i64) -> QueryResult<()> {
    let site_id = site.site_id();
    let rows: Vec<_> = found.iter().map(|found| found.key.fired(site_id, found.day, now)).collect();
    TouchpointAlertRow::insert(conn, &rows)?;
    let event = |found: &&Found| Event::TouchpointAlerted {
        touchpoint: found.key.touchpoint.clone(),
        rule: found.key.rule.clone(),
        version: found.version,
    };
    site.append(conn, &By::server(), now, &found.iter().map(event).collect::<Vec<_>>())
}
