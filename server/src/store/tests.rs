//! Jobs on the threads of their purpose, on real databases.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::oneshot;

use super::*;
use crate::db::dialect::{Plans, prepare_to_write};
use crate::db::test_database::TestDatabase;
use crate::db::{AnyConnection, DatabaseUrl, migrations};

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

fn ask(conn: &mut AnyConnection, what: &str) -> QueryResult<String> {
    Ok(diesel::sql_query(format!("SELECT CAST({what} AS TEXT) AS word")).get_result::<Word>(conn)?.word)
}

/// What tells the connections of one purpose from another's.
fn settings(conn: &mut AnyConnection) -> QueryResult<String> {
    ask(
        conn,
        "concat_ws(' ', current_setting('enable_seqscan'), current_setting('enable_sort'), \
               current_setting('jit'), current_setting('synchronous_commit'), current_setting('TimeZone'))",
    )
}

/// Answers whoever wants to know with the settings of its connection.
struct Settings;

impl Batch for Settings {
    type Entry = oneshot::Sender<String>;
    type Written = String;

    fn write(&mut self, conn: &mut AnyConnection, _: &[Self::Entry]) -> QueryResult<String> {
        settings(conn)
    }

    /// Here only jobs come with it.
    fn write_in_transaction(&mut self, _: &mut AnyConnection, _: &[Self::Entry]) -> QueryResult<String> {
        Ok(String::new())
    }

    fn finish(&mut self, _: &mut WriteConnection, asked: Vec<Self::Entry>, found: Result<String, StorageError>) {
        let found = found.unwrap();
        asked.into_iter().for_each(|asked| asked.send(found.clone()).unwrap());
    }
}

fn start(database: &TestDatabase) -> Writer<oneshot::Sender<String>> {
    let mut conn = migrations::open_up_to_date(&database.url).unwrap();
    prepare_to_write(&mut conn, Plans::ByKeys).unwrap();
    let metrics = WriterMetrics {
        queued: Gauge::default(),
        batch_entries: Histogram::new([1.0]),
        commit_seconds: Histogram::new([1.0]),
    };
    Writer::start(conn, &database.url, WriterSettings::new(100), &metrics, Settings, || {}).unwrap()
}

/// Keeps the thread of `writes` busy; returned is the job, and what ends it when it is dropped.
async fn hold(writes: &Writes) -> (impl Future<Output = Result<(), StorageError>> + use<>, oneshot::Sender<()>) {
    let (let_go, wait) = oneshot::channel::<()>();
    let (holding, holds) = oneshot::channel();
    let writes = writes.clone();
    let held = tokio::spawn(async move {
        let hold = move |_: &mut AnyConnection| {
            let _ = holding.send(());
            let _ = wait.blocking_recv();
            Ok(())
        };
        writes.run(hold).await
    });
    holds.await.unwrap();
    (async move { held.await.unwrap() }, let_go)
}

#[tokio::test]
async fn jobs_that_wait_together_are_one_transaction_each_on_postgres() {
    for database in TestDatabase::of_each_kind().into_iter().skip(1) {
        let writer = start(&database);
        let WritesByPurpose { leases, decisions, long, .. } = writer.writes();
        for writes in [leases, decisions, long] {
            let (held, let_go) = hold(&writes).await;
            let transaction = |conn: &mut AnyConnection| ask(conn, "txid_current()");
            let let_go = async move { drop(let_go) };
            let (first, second, (), held) =
                tokio::join!(writes.run(transaction), writes.run(transaction), let_go, held);
            assert_ne!(first.unwrap(), second.unwrap());
            held.unwrap();
        }
        writer.join().unwrap();
    }
}

#[tokio::test]
async fn each_purpose_has_a_thread_on_postgres_and_the_writer_on_sqlite() {
    for database in TestDatabase::of_each_kind() {
        let writer = start(&database);
        let WritesByPurpose { leases, decisions, long, .. } = writer.writes();
        let thread = |_: &mut AnyConnection| Ok(std::thread::current().name().unwrap().to_owned());
        let threads = tokio::try_join!(leases.run(thread), decisions.run(thread), long.run(thread)).unwrap();
        let threads = [threads.0.as_str(), &threads.1, &threads.2];
        match database.url {
            DatabaseUrl::Sqlite(_) => assert_eq!(threads, ["writer"; 3]),
            DatabaseUrl::Postgres(_) => assert_eq!(threads, ["leases", "decisions", "long"]),
        }
        writer.join().unwrap();
    }
}

#[tokio::test]
async fn long_job_keeps_no_lease_and_no_decision_waiting_on_postgres() {
    for database in TestDatabase::of_each_kind().into_iter().skip(1) {
        let writer = start(&database);
        let WritesByPurpose { leases, decisions, long, .. } = writer.writes();
        let (held, let_go) = hold(&long).await;
        let others = async { tokio::try_join!(leases.run(|_| Ok(())), decisions.run(|_| Ok(()))) };
        tokio::time::timeout(Duration::from_secs(20), others).await.expect("neither waits").unwrap();
        drop(let_go);
        held.await.unwrap();
        writer.join().unwrap();
    }
}

#[tokio::test]
async fn only_ingest_and_leases_plan_by_keys() {
    for database in TestDatabase::of_each_kind().into_iter().skip(1) {
        let default = settings(&mut crate::db::open(&database.url).unwrap()).unwrap();
        assert_eq!(default, "on on on on UTC");
        let writer = start(&database);
        let (asked, answer) = oneshot::channel();
        writer.entries().push(asked).unwrap();
        assert_eq!(answer.await.unwrap(), "off off off on UTC");
        let WritesByPurpose { leases, decisions, long, .. } = writer.writes();
        assert_eq!(leases.run(settings).await.unwrap(), "off off off on UTC");
        assert_eq!(decisions.run(settings).await.unwrap(), default);
        assert_eq!(long.run(settings).await.unwrap(), default);
        writer.join().unwrap();
    }
}
