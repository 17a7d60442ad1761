//! Deletes messages that were delivered long ago, with their tries.

use std::sync::Arc;

use counterbell_shared::time::DAY_MS;
use diesel::QueryResult;

use super::deliver::Lane;
use crate::db::AnyConnection;
use crate::db::journal::SiteLock;
use crate::db::outbox;
use crate::db::timers::{EXPIRE_MESSAGES, Timer};
use crate::timers::{Handler, Next};

/// How long a message is kept after it was delivered, in ms.
const KEPT_MS: i64 = 90 * DAY_MS;
/// Messages of one transaction.
const CHUNK: i64 = 200;

/// Deletes old messages of a site, every day.
pub struct ExpireMessages {
    /// Which may hold something of them.
    pub lanes: Vec<Arc<dyn Lane>>,
}

impl Handler for ExpireMessages {
    fn kind(&self) -> &'static str {
        EXPIRE_MESSAGES
    }

    fn longest_ms(&self) -> i64 {
        Next::TOMORROW_MS
    }

    fn fire(&self, conn: &mut AnyConnection, site: &mut SiteLock, _: &Timer, now: i64) -> QueryResult<Next> {
        let expired = outbox::expire(conn, site.site_id(), now - KEPT_MS, CHUNK)?;
        // Nobody would know what is left of them later. Should the commit fail, it is gone all the same: they were delivered.
        self.lanes.iter().for_each(|lane| lane.forget(&expired));
        Ok(Next::soon_or_tomorrow(!expired.is_empty(), now))
    }
}
