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

    fn longest_ms(&self) -> i64 {
        Next::TOMORROW_MS
    }

    fn fire(&self, conn: &mut AnyConnection, site: &mut SiteLock, _: &Timer, now: i64) -> QueryResult<Next> {
        let expired = journal::expire(conn, site.site_id(), now - KEPT_MS, CHUNK)?;
        Ok(Next::soon_or_tomorrow(expired > 0, now))
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::db::dialect::write_transaction;
    use crate::db::journal::{By, Event};
    use crate::db::migrations;
    use crate::db::schema::{journal as entries, site_counters};
    use crate::db::test_database::TestDatabase;

    const SITE: i64 = 7;
    const NOW: i64 = 1_000 * DAY_MS;

    #[test]
    fn old_entries_go_and_the_oldest_that_is_left_stays_known() {
        for database in TestDatabase::of_each_kind() {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();
            let write = |conn: &mut AnyConnection, at: i64, entries: usize| {
                let events = vec![Event::SiteCreated; entries];
                write_transaction(conn, |conn| journal::lock(conn, SITE)?.append(conn, &By::server(), at, &events))
                    .unwrap();
            };
            write(&mut conn, NOW - 401 * DAY_MS, 700);
            write(&mut conn, NOW - 399 * DAY_MS, 3);
            let timer = Timer { site_id: SITE, kind: String::new(), subject: Vec::new(), due_at: 0, attempts: 0 };

            // A chunk, another, and a look whether there is more.
            for (left, next) in [(203, NOW), (3, NOW), (3, NOW + DAY_MS)] {
                let fire = |conn: &mut AnyConnection| {
                    let mut site = journal::lock(conn, SITE)?;
                    ExpireJournal.fire(conn, &mut site, &timer, NOW)
                };
                assert_eq!(write_transaction(&mut conn, fire).unwrap(), Next::At(next));
                assert_eq!(entries::table.count().get_result::<i64>(&mut conn).unwrap(), left);
            }

            let oldest: i64 = site_counters::table.select(site_counters::journal_oldest).first(&mut conn).unwrap();
            let first: Option<i64> = entries::table.select(diesel::dsl::min(entries::seq)).first(&mut conn).unwrap();
            assert_eq!((oldest, first), (701, Some(701)));
            write(&mut conn, NOW, 1);
            let last: Option<i64> = entries::table.select(diesel::dsl::max(entries::seq)).first(&mut conn).unwrap();
            assert_eq!(last, Some(704));
        }
    }
}
