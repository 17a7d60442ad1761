//! The writer on real databases: what becomes of those who wait when something fails.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use counterbell_shared::response::{NewResponse, Parsed};
use counterbell_shared::time::UnixMillis;
use counterbell_shared::{Outcome, ResponseId};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::json;
use tokio::sync::oneshot;

use super::*;
use crate::db::case_words::Gone;
use crate::db::dialect::{self, Plans, prepare_to_write};
use crate::db::erase::erase_response;
use crate::db::journal::By;
use crate::db::test_database::{TestDatabase, a_site};
use crate::db::{AnyConnection, DatabaseUrl, migrations, open};
use crate::ids::new_id;
use crate::metrics::Metrics;
use crate::panics::{self, Place};
use crate::rules::{RuleSet, StoredRule};
use crate::store::{Job, Left, Refused, Signals, StorageError, Writer, WriterFailed, WriterSettings, Writes};
use crate::surveys::TEMPLATES_ONLY;

/// Storing a response at this touchpoint panics.
const PANICS: &str = "panics";

/// Called where `records` are about to be stored.
pub fn panic_when_asked(records: &[&Record]) {
    assert!(records.iter().all(|record| record.response.touchpoint != PANICS), "storing, for the test");
}

/// What is started for a test.
struct Started {
    writer: Writer<Box<Waiting>>,
    writes: Writes,
    ingest: Ingest,
}

fn start(database: &TestDatabase) -> Started {
    let mut conn = migrations::open_up_to_date(&database.url).unwrap();
    prepare_to_write(&mut conn, Plans::ByKeys).unwrap();
    let (settings, metrics) = (WriterSettings::new(100), Metrics::new().writer);
    let responses = Responses::new(Signals::default());
    let writer = Writer::start(conn, &database.url, settings, &metrics, responses, || {}).unwrap();
    let settings = IngestSettings {
        backdate_ms: 0,
        silence_ms: 0,
        revisable_ms: 0,
        #[cfg(feature = "bench")]
        stores: true,
    };
    let (writes, ingest) = (writer.writes().decisions, Ingest::new(writer.entries(), settings));
    Started { writer, writes, ingest }
}

fn record(touchpoint: &str) -> Record {
    let body = json!({ "site_key": "site_0000000000000000", "score": 4, "touchpoint": touchpoint }).to_string();
    let new: NewResponse<'_> = serde_json::from_str(&body).unwrap();
    let Parsed { response, .. } = new.parse(|name| TEMPLATES_ONLY.version(name)).unwrap();
    Record::new(&a_site(), &Arc::default(), response, UnixMillis::now(), SILENCE_MS)
}

fn revision(id: ResponseId, revision: i64) -> Record {
    let mut record = record("till");
    record.response.response_id = *id.as_bytes();
    record.response.revision = i32::try_from(revision).unwrap();
    record
}

fn add_site(conn: &mut AnyConnection, key: &str) -> QueryResult<()> {
    conn.batch_execute(&format!("INSERT INTO sites (site_key, name, created_at) VALUES ('{key}', '', 0)"))
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn count(conn: &mut AnyConnection, table: &str) -> QueryResult<i64> {
    Ok(diesel::sql_query(format!("SELECT count(*) AS n FROM {table}")).get_result::<Count>(conn)?.n)
}

fn count_sites(conn: &mut AnyConnection) -> QueryResult<i64> {
    count(conn, "sites")
}

/// A job that keeps its thread until told to let it go: what is queued meanwhile shares the next commit.
async fn hold(writes: &Writes) -> (impl Future<Output = ()>, mpsc::Sender<()>) {
    let (let_go, wait) = mpsc::channel::<()>();
    let (holding, holds) = oneshot::channel();
    let job = writes.clone();
    let held = tokio::spawn(async move {
        let holding = move |_: &mut AnyConnection| {
            let _ = holding.send(());
            let _ = wait.recv();
            Ok(())
        };
        job.run(holding).await.unwrap();
    });
    holds.await.unwrap();
    (async move { held.await.unwrap() }, let_go)
}

#[tokio::test]
async fn job_that_panics_ends_alone() {
    for database in TestDatabase::of_each_kind() {
        let Started { writer, writes, ingest } = start(&database);
        let before = panics::count(Place::Writer) + panics::count(Place::Decisions);
        let (held, let_go) = hold(&writes).await;

        // On SQLite all of these share a transaction.
        let first = writes.run(|conn| add_site(conn, "first"));
        let half_done = writes.run(|conn| -> QueryResult<()> {
            add_site(conn, "half done")?;
            panic!("in a job, for the test");
        });
        let in_savepoint = writes.run(|conn| {
            conn.transaction(|conn| -> QueryResult<()> {
                add_site(conn, "half done, in a savepoint")?;
                panic!("in a savepoint of a job, for the test");
            })
        });
        let refused = writes.run(|conn| add_site(conn, "first"));
        let last = writes.run(|conn| add_site(conn, "last"));
        let stored = ingest.store(record("till"));
        let let_go = async move { let_go.send(()).unwrap() };
        let done = tokio::join!(first, half_done, in_savepoint, refused, last, stored, let_go, held);

        done.0.unwrap();
        assert!(matches!(done.1, Err(StorageError::Panicked(_))), "{:?}", done.1);
        assert!(matches!(done.2, Err(StorageError::Panicked(_))), "{:?}", done.2);
        assert!(matches!(done.3, Err(StorageError::Query(_))), "{:?}", done.3);
        done.4.unwrap();
        assert_eq!(done.5.unwrap().outcome, Outcome::Accepted);
        assert!(panics::count(Place::Writer) + panics::count(Place::Decisions) >= before + 2);

        writes.run(|conn| add_site(conn, "after")).await.unwrap();
        assert_eq!(writes.run(count_sites).await.unwrap(), 3, "{:?}", database.url);
        assert_eq!(writes.run(|conn| count(conn, "responses")).await.unwrap(), 1);
        writer.join().unwrap();
    }
}

#[tokio::test]
async fn response_that_waited_while_its_site_was_deleted_is_not_stored() {
    for database in TestDatabase::of_each_kind() {
        let Started { writer, writes, ingest } = start(&database);
        let waited = || {
            let mut record = record("till");
            record.response.received_at -= 5_000;
            record
        };

        // There is no site at all.
        let late = ingest.store(waited()).await;
        assert!(matches!(late, Err(IngestError::NoSite)), "{late:?}");
        writes.run(|conn| add_site(conn, "made")).await.unwrap();
        assert_eq!(ingest.store(waited()).await.unwrap().outcome, Outcome::Accepted, "{:?}", database.url);
        assert_eq!(writes.run(|conn| count(conn, "responses")).await.unwrap(), 1);
        writer.join().unwrap();
    }
}

#[test]
fn response_does_not_come_back_that_is_being_deleted() {
    for database in TestDatabase::of_each_kind() {
        let mut conn = migrations::open_up_to_date(&database.url).unwrap();
        add_site(&mut conn, "made").unwrap();
        // A PostgreSQL that Citus has spread takes the steps.
        for statements in [Statements::Steps, Statements::of(&mut conn).unwrap()] {
            let fresh = || new_id(UnixMillis::now());
            let old = || new_id(UnixMillis(1));
            for (id, number) in [(fresh(), 0), (fresh(), 1), (old(), 0), (old(), 1)] {
                let beside = revision(fresh(), 0);
                statements.store(&mut conn, &[&revision(id, 0)]).unwrap();
                let deleting = delete(&database.url, id);

                let stored = statements.store(&mut conn, &[&revision(id, number), &beside]).unwrap();

                assert_eq!(stored, [Ok(Written::Duplicate), Ok(Written::Accepted)], "{statements:?} {id} {number}");
                deleting.join().unwrap();
                let both = count(&mut conn, "responses JOIN erased_responses USING (site_id, response_id)");
                assert_eq!(both.unwrap(), 0, "{statements:?} {id} {number}");
            }
        }
    }
}

#[test]
fn additions_to_a_response_wait_for_triage_once_with_what_replaced_it() {
    let document =
        json!({ "name": "all", "when": { "score": { "min": 0 } }, "who": [{ "team": "alerts" }] }).to_string();
    let rules = RuleSet::new(vec![StoredRule { name: "all".to_owned(), version: 1, document }]);
    let record = |id: ResponseId, revision: i32| {
        let comment = format!("Still {revision}");
        let body = json!({ "site_key": "site_0000000000000000", "score": 1, "comment": comment }).to_string();
        let new: NewResponse<'_> = serde_json::from_str(&body).unwrap();
        let Parsed { response, .. } = new.parse(|name| TEMPLATES_ONLY.version(name)).unwrap();
        let mut record = Record::new(&a_site(), &Arc::new(rules.clone()), response, UnixMillis::now(), SILENCE_MS);
        (record.response.response_id, record.response.revision) = (*id.as_bytes(), revision);
        record.response.complete = revision > 0;
        record
    };
    for database in TestDatabase::of_each_kind() {
        let mut conn = migrations::open_up_to_date(&database.url).unwrap();
        let id = new_id(UnixMillis::now());
        let records = [0, 1, 2, 3].map(|revision| record(id, revision));
        let statements = Statements::of(&mut conn).unwrap();
        statements.store(&mut conn, &[&records[0]]).unwrap();

        let stored = statements.store(&mut conn, &[&records[1], &records[2], &records[3]]).unwrap();

        let updated: Vec<_> = stored.into_iter().map(Result::unwrap).collect();
        assert_eq!(updated, [Written::Updated; 3]);
        assert_eq!(count(&mut conn, "response_additions").unwrap(), 2);
        assert_eq!(count(&mut conn, "triage_queue WHERE revision = 3").unwrap(), 1);
    }
}

/// Deletes a response on another connection; returns once that has begun.
fn delete(url: &DatabaseUrl, id: ResponseId) -> JoinHandle<()> {
    let (begun, has_begun) = mpsc::channel();
    let url = url.clone();
    let deleting = std::thread::spawn(move || {
        let mut conn = open(&url).unwrap();
        let deleted = dialect::write_transaction(&mut conn, |conn| {
            let deleted = erase_response(conn, 1, id, &By::operator(), 0)?;
            begun.send(()).unwrap();
            wait_until_somebody_waits(conn)?;
            Ok(deleted)
        });
        assert_eq!(deleted.unwrap(), Some(Gone::default()));
    });
    has_begun.recv().unwrap();
    deleting
}

/// On PostgreSQL somebody else runs into what this transaction has locked. On SQLite nobody else gets in, and shows it nowhere.
fn wait_until_somebody_waits(conn: &mut AnyConnection) -> QueryResult<()> {
    if matches!(conn, AnyConnection::Sqlite(_)) {
        return Ok(());
    }
    while count(conn, "pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")? == 0 {
        std::thread::yield_now();
    }
    Ok(())
}

#[tokio::test]
async fn response_whose_storing_panics_hurts_no_neighbour() {
    for database in TestDatabase::of_each_kind() {
        let Started { writer, writes, ingest } = start(&database);
        let before = panics::count(Place::Writer);
        let (held, let_go) = hold(&writes).await;

        let [good, bad, also_good] = ["till", PANICS, "online"].map(|touchpoint| ingest.store(record(touchpoint)));
        let job = writes.run(|conn| add_site(conn, "beside"));
        let let_go = async move { let_go.send(()).unwrap() };
        let done = tokio::join!(good, bad, also_good, job, let_go, held);

        assert_eq!(done.0.unwrap().outcome, Outcome::Accepted, "{:?}", database.url);
        assert!(matches!(done.1, Err(IngestError::Storage(StorageError::Panicked(_)))), "{:?}", done.1);
        assert_eq!(done.2.unwrap().outcome, Outcome::Accepted, "{:?}", database.url);
        done.3.unwrap();
        assert!(panics::count(Place::Writer) > before);

        assert_eq!(ingest.store(record("after")).await.unwrap().outcome, Outcome::Accepted);
        assert_eq!(writes.run(|conn| count(conn, "responses")).await.unwrap(), 3);
        assert_eq!(writes.run(count_sites).await.unwrap(), 1);
        writer.join().unwrap();
    }
}

#[tokio::test]
async fn those_who_wait_learn_why_nothing_can_be_written() {
    for stores in [false, true] {
        let database = TestDatabase::sqlite();
        let Started { writer, writes, ingest } = start(&database);
        writes.run(|conn| conn.batch_execute("PRAGMA busy_timeout = 10")).await.unwrap();
        let mut other = open(&database.url).unwrap();
        other.batch_execute("BEGIN IMMEDIATE").unwrap();

        let reason = if stores {
            ingest.store(record("till")).await.unwrap_err().to_string()
        } else {
            writes.run(count_sites).await.unwrap_err().to_string()
        };

        assert!(reason.contains("database is locked"), "{reason}");
        drop(other);
        writes.run(count_sites).await.unwrap();
        writer.join().unwrap();
    }
}

#[tokio::test]
async fn jobs_are_done_although_the_connection_was_cut() {
    for database in TestDatabase::of_each_kind().into_iter().skip(1) {
        let Started { writer, writes, .. } = start(&database);
        // There is a connection that can be cut.
        writes.run(count_sites).await.unwrap();
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        open(&database.url).unwrap().batch_execute(cut).unwrap();

        let (first, second) = tokio::join!(writes.run(count_sites), writes.run(count_sites));

        assert_eq!((first.unwrap(), second.unwrap()), (0, 0));
        writer.join().unwrap();
    }
}

#[test]
fn database_that_citus_has_spread_is_written_table_by_table() {
    for database in TestDatabase::of_each_kind().into_iter().skip(1) {
        let mut conn = open(&database.url).unwrap();
        assert_eq!(Statements::of(&mut conn), Ok(Statements::AtOnce));
        let extension = "INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) \
                         SELECT 16000, 'citus', oid, 'public'::regnamespace, false, 'none' FROM pg_roles \
                         WHERE rolname = current_user";
        conn.batch_execute(extension).unwrap();
        assert_eq!(Statements::of(&mut conn), Ok(Statements::Steps));
    }
}

/// Panics where nothing is written any more.
struct Bomb;

impl Job for Bomb {
    fn run(&mut self, _: &mut AnyConnection, _: Place) -> QueryResult<Left> {
        Ok(Left::Sound)
    }

    fn finish(self: Box<Self>, _: Result<(), &StorageError>) {
        panic!("past the commit, for the test");
    }
}

/// Keeps a thread from doing anything but panic, until it is gone.
pub async fn end_by_panics(writes: &Writes) {
    while writes.push(Box::new(Bomb)) != Err(Refused::Closed) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn thread_that_panics_now_and_then_goes_on() {
    for database in TestDatabase::of_each_kind() {
        let Started { writer, writes, .. } = start(&database);
        for _ in 0..8 {
            assert!(writes.push(Box::new(Bomb)).is_ok());
            // Shares the commit, and has no answer; or comes after it.
            while writes.run(|_| Ok(())).await.is_err() {}
        }
        writer.join().unwrap();
    }
}

#[tokio::test]
async fn thread_that_can_do_nothing_but_panic_says_that_it_failed() {
    for database in TestDatabase::of_each_kind() {
        let Started { writer, writes, .. } = start(&database);
        tokio::join!(writer.failed(), end_by_panics(&writes));

        let refused = writes.run(|_| Ok(())).await.unwrap_err();
        assert!(refused.to_string().contains("ended"), "{refused}");
        assert_eq!(writer.join(), Err(WriterFailed), "{:?}", database.url);
    }
}
