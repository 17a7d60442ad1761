//! Deletes entries that are old.

use counterbell_shared::time::DAY_MS;
use diesel::QueryResult;

use crate::db::AnyConnection;
use crate::db::journal::{self, SiteLock};
use crate::db::timers::{EXPIRE_JOURNAL, Timer};
use crate::timers::{Handler, Next};

/// How long an entry is kept, in ms: a year, and time to look at it.
const KEPT_MS: i64 = 400 * DAY_MS;
/// Entries of one transaction.
const CHUNK: i64 = 500;

/// Deletes old entries of a site's journal, every day.
pub struct ExpireJournal;

impl Handler for ExpireJournal {
    fn kind(&self) -> &'static str {
        EXPIRE_JOURNAL
    }

    fn fire(&self, conn: &mut AnyConnection, site: &mut SiteLock, _: &Timer, now: i64) -> QueryResult<Next> {
        let expired = journal::expire(conn, site.site_id(), now - KEPT_MS, CHUNK)?;
        Ok(Next::soon_or_tomorrow(expired > 0, now))
    }
}
