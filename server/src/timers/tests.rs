//! Timers on real databases.

use std::sync::atomic::{AtomicUsize, Ordering};

use counterbell_shared::time::DAY_MS;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::*;
use crate::db::dialect::write_transaction;
use crate::db::journal::SiteLock;
use crate::db::migrations;
use crate::db::test_database::TestDatabase;
use crate::db::timers::EXPIRE_JOURNAL;

const SITE: i64 = 7;
// By then all is due that is set while the tests run.
const NOW: i64 = 100_000 * DAY_MS;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn number(conn: &mut AnyConnection, query: &str) -> i64 {
    diesel::sql_query(query).get_result::<Number>(conn).unwrap().n
}

fn due_now(conn: &mut AnyConnection) -> Vec<Timer> {
    due(conn, SITE, &[EXPIRE_JOURNAL], NOW, 10).unwrap()
}

/// Counts how often it is fired.
struct Counts(AtomicUsize, Next);

impl Handler for Counts {
    fn kind(&self) -> &'static str {
        EXPIRE_JOURNAL
    }

    fn longest_ms(&self) -> i64 {
        Next::TOMORROW_MS
    }

    fn fire(&self, _: &mut AnyConnection, _: &mut SiteLock, _: &Timer, _: i64) -> QueryResult<Next> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(self.1)
    }
}

/// A site that was locked once: then it has its standing timers.
fn a_database(database: &TestDatabase) -> AnyConnection {
    let mut conn = migrations::open_up_to_date(&database.url).unwrap();
    write_transaction(&mut conn, |conn| journal::lock(conn, SITE).map(|_| ())).unwrap();
    conn
}

#[test]
fn timer_that_two_servers_read_is_fired_once() {
    for database in TestDatabase::of_each_kind() {
        let mut conn = a_database(&database);
        let timers = due_now(&mut conn);
        let handler = Counts(AtomicUsize::new(0), Next::At(NOW + DAY_MS));

        for _ in 0..2 {
            write_transaction(&mut conn, |conn| fire(conn, &handler, &timers[0], NOW)).unwrap();
        }

        assert_eq!((timers.len(), handler.0.into_inner()), (1, 1));
        assert_eq!(number(&mut conn, "SELECT due_at AS n FROM timers WHERE kind = 'expire_journal'"), NOW + DAY_MS);
    }
}

#[test]
fn timer_that_is_done_goes() {
    for database in TestDatabase::of_each_kind() {
        let mut conn = a_database(&database);
        let timers = due_now(&mut conn);
        let handler = Counts(AtomicUsize::new(0), Next::Done);

        write_transaction(&mut conn, |conn| fire(conn, &handler, &timers[0], NOW)).unwrap();

        assert_eq!(number(&mut conn, "SELECT count(*) AS n FROM timers WHERE kind = 'expire_journal'"), 0);
        assert_eq!(number(&mut conn, "SELECT count(*) AS n FROM timers"), 2, "the other standing ones");
    }
}

#[test]
fn row_that_was_parked_is_tried_again_and_counted_meanwhile() {
    for database in TestDatabase::of_each_kind() {
        let mut conn = a_database(&database);
        let queue = Queue::timers(&[EXPIRE_JOURNAL]);
        let timers = due_now(&mut conn);

        timers[0].fail(&mut conn, "first", Some(NOW), NOW).unwrap();
        let again = due_now(&mut conn);
        assert_eq!(again[0].attempts, 1);
        again[0].fail(&mut conn, "it never works", None, NOW).unwrap();

        assert_eq!(due_now(&mut conn), []);
        let parked = queue.parked(&mut conn).unwrap().unwrap();
        assert_eq!((parked.rows, parked.since, parked.last_error.as_deref()), (1, NOW, Some("it never works")));
        assert_eq!(queue.parked_sites(&mut conn).unwrap(), [SITE]);
        assert_eq!(queue.try_parked_again(&mut conn, SITE, NOW).unwrap(), 1);
        assert_eq!((due_now(&mut conn).len(), queue.parked(&mut conn).unwrap()), (1, None));
    }
}

#[test]
fn sites_take_turns() {
    for database in TestDatabase::of_each_kind() {
        let mut conn = migrations::open_up_to_date(&database.url).unwrap();
        for (site_id, due_at) in [(1, 0), (2, NOW), (3, NOW + 1), (5, 0), (8, 7)] {
            let insert = format!(
                "INSERT INTO timers (site_id, kind, subject, due_at, attempts) VALUES ({site_id}, 'expire_journal', '', {due_at}, 0)"
            );
            conn.batch_execute(
                &insert.replace("''", if matches!(conn, AnyConnection::Sqlite(_)) { "x''" } else { "''" }),
            )
            .unwrap();
        }
        let queue = Queue::timers(&[EXPIRE_JOURNAL]);

        for (after, expected) in [(i64::MIN, vec![1, 2]), (2, vec![5, 8]), (8, vec![1, 2]), (5, vec![8, 1])] {
            assert_eq!(queue.due_sites(&mut conn, NOW, after, 2).unwrap(), expected);
        }
        assert_eq!(queue.due_sites(&mut conn, NOW, 2, 10).unwrap(), [5, 8, 1, 2]);
        assert_eq!(queue.open_sites(&mut conn).unwrap(), [1, 2, 3, 5, 8]);
        assert_eq!(queue.waiting(&mut conn, NOW).unwrap().open, 5);
        assert_eq!(Queue::timers(&["another"]).due_sites(&mut conn, NOW, 0, 10).unwrap(), [0; 0]);
    }
}
