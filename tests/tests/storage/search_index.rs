//! The search index and the database it is made of, when something ends between the two.

use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_tests::{Backend, Database, Place, TestApp, sample, wait};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::{Value, json};
use tempfile::TempDir;

fn comment(words: &str) -> Value {
    sample::with(sample::response(1), json!({ "comment": words }))
}

async fn wait_for_found(app: &TestApp, word: &str, count: usize) {
    wait::until_true(word, async || app.admin_items(&format!("/v1/admin/responses?q={word}")).await.len() == count)
        .await;
}

/// Has the database refuse every message, or take them again.
fn refuse_messages(target: &Database, backend: Backend, refuse: bool) {
    target.execute(match (backend, refuse) {
        (Backend::Sqlite, true) => {
            "CREATE TRIGGER refuse BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'refused'); END"
        }
        (Backend::Sqlite, false) => "DROP TRIGGER refuse",
        (Backend::Postgres, true) => "ALTER TABLE outbox ADD CONSTRAINT refuse CHECK (false) NOT VALID",
        (Backend::Postgres, false) => "ALTER TABLE outbox DROP CONSTRAINT refuse",
    });
}

#[tokio::test]
async fn comments_of_a_copy_that_ended_halfway_are_found() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(Backend::Sqlite).await;
        let source = app.database_url().to_owned();
        app.respond(&comment("stale bread")).await.expect(201);
        app.triaged().await;
        app.program().kill();
        let dir = TempDir::new().unwrap();
        let target = Database::create(Place::Backend(backend), dir.path());
        let copy = |app: &TestApp| app.cli(&["copy", "--from", &source, "--to", target.url()]).status.success();
        // An earlier copy, whose comments a server has indexed.
        assert!(copy(&app), "{backend:?}");
        app.set("COUNTERBELL_DATABASE_URL", target.url());
        app.start_again().await;
        wait_for_found(&app, "bread", 1).await;
        app.program().kill();

        app.set("COUNTERBELL_DATABASE_URL", &source);
        app.start_again().await;
        app.respond(&comment("cold soup")).await.expect(201);
        app.triaged().await;
        app.program().kill();
        app.execute("UPDATE responses SET comment = 'fresh rolls', revision = 1 WHERE comment = 'stale bread'");
        refuse_messages(&target, backend, true);
        assert!(!copy(&app), "{backend:?}");
        assert_eq!(target.count("responses WHERE comment = 'cold soup'"), 1, "it ended before the responses");
        refuse_messages(&target, backend, false);
        let copied = app.cli(&["copy", "--from", &source, "--to", target.url()]);
        assert!(copied.status.success(), "{backend:?}: {copied:?}");

        app.set("COUNTERBELL_DATABASE_URL", target.url());
        app.start_again().await;
        for (word, count) in [("soup", 1), ("rolls", 1), ("bread", 0)] {
            wait_for_found(&app, word, count).await;
        }
    }
}

/// The index file of an app's SQLite database.
fn index(app: &TestApp) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(&app.dir().join("counterbell.db-search").display().to_string()).unwrap();
    conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
    conn
}

#[derive(QueryableByName)]
struct Indexed {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    responses: i64,
}

fn indexed(app: &TestApp) -> (i64, i64) {
    let query = "SELECT count(*) AS \"rows\", count(DISTINCT response_id) AS responses FROM docs";
    let Indexed { rows, responses } = diesel::sql_query(query).get_result(&mut index(app)).unwrap();
    (rows, responses)
}

fn lose_index(app: &TestApp) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(app.dir().join(format!("counterbell.db-search{suffix}")));
    }
}

#[tokio::test]
async fn index_that_is_made_again_holds_each_comment_once_whenever_the_server_dies() {
    const COMMENTS: i64 = 20_000;
    let mut app = TestApp::on(Backend::Sqlite).await;
    app.respond(&comment("soup 0")).await.expect(201);
    app.program().kill();
    app.execute(&format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {COMMENTS} - 1) \
         INSERT INTO responses (site_id, response_id, touchpoint, survey, survey_version, metric, score, comment, \
         channel, created_at, received_at) SELECT site_id, randomblob(16), touchpoint, survey, survey_version, metric, \
         score, 'soup ' || n, channel, created_at, received_at FROM responses, numbers"
    ));
    lose_index(&app);
    for _ in 0..3 {
        app.start_again().await;
        let mut index = index(&app);
        // The moment at which everything queued so far is in the index, and more is to be queued.
        wait::until_true("an empty queue", async || {
            index.batch_execute("BEGIN IMMEDIATE").unwrap();
            let found = app.count("search_queue") == 0;
            if !found {
                index.batch_execute("ROLLBACK").unwrap();
            }
            found
        })
        .await;
        wait::until_true("more in the queue", async || app.count("search_queue") > 0).await;
        app.program().kill();
        index.batch_execute("ROLLBACK").unwrap();
        assert!(indexed(&app).1 < COMMENTS, "it was not stopped halfway");
    }

    app.start_again().await;

    wait::until_true("every comment indexed", async || indexed(&app).1 == COMMENTS && app.count("search_queue") == 0)
        .await;
    assert_eq!(indexed(&app), (COMMENTS, COMMENTS));
}

#[tokio::test]
async fn index_is_made_again_of_comments_that_came_when_the_clock_was_ahead() {
    let mut app = TestApp::on(Backend::Sqlite).await;
    app.respond(&comment("early bird")).await.expect(201);
    app.program().kill();
    app.execute(&format!("UPDATE responses SET received_at = {}", UnixMillis::now().0 + DAY_MS));
    lose_index(&app);

    app.start_again().await;

    wait_for_found(&app, "bird", 1).await;
}
