//! How often one response is replaced, and what becomes of what comes after that.

use counterbell_shared::limits::{REPLACING_REVISION_MAX, REVISION_MAX};
use counterbell_tests::{Backend, TestApp, sample, wait};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::json;

use super::revisions::stored;

/// Sends a step that is not complete, or the last one.
async fn step(app: &TestApp, id: &str, revision: u16, comment: &str, complete: bool) -> String {
    let step = json!({
        "response_id": id, "revision": revision, "score": 4, "comment": comment, "complete": complete,
    });
    let answer = app.respond(&step).await;
    assert!(answer.status < 300, "{revision}: {}", answer.text());
    answer.json()["outcome"].as_str().unwrap().to_owned()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many comments the search index holds, once it is up to date.
async fn indexed(app: &TestApp, backend: Backend) -> i64 {
    wait::until_true("index", async || app.count("search_queue") == 0).await;
    match backend {
        Backend::Postgres => app.count("comment_words"),
        Backend::Sqlite => {
            let file = app.dir().join("counterbell.db-search").display().to_string();
            let mut index = SqliteConnection::establish(&file).unwrap();
            diesel::sql_query("SELECT count(*) AS n FROM docs").get_result::<Count>(&mut index).unwrap().n
        }
    }
}

#[tokio::test]
async fn response_sent_a_thousand_times_keeps_the_last_words_and_leaves_few_in_the_index() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let id = sample::response_id();
        for revision in 0..REVISION_MAX {
            step(&app, &id, revision, &format!("words {revision}"), false).await;
        }

        let row = stored(&app, &id).await;
        assert_eq!(row["comment"], format!("words {REPLACING_REVISION_MAX}"), "{backend:?}");
        let additions = row["additions"].as_array().unwrap();
        assert_eq!(additions.len(), 1, "{backend:?}: {additions:?}");
        assert_eq!(additions[0]["comment"], format!("words {}", REVISION_MAX - 1), "{backend:?}");
        let (indexed, most) = (indexed(&app, backend).await, i64::from(REPLACING_REVISION_MAX) + 1);
        assert!((1..=most).contains(&indexed), "{backend:?}: {indexed} comments in the index");

        // Who has finished is stored as they finished.
        assert_eq!(step(&app, &id, REVISION_MAX, "the end", true).await, "updated");
        let row = stored(&app, &id).await;
        assert_eq!((&row["comment"], &row["complete"]), (&json!("the end"), &json!(true)), "{backend:?}");
        assert_eq!(app.count("response_additions"), 0, "{backend:?}");
        assert!(app.cli(&["verify", "--json"]).status.success(), "{backend:?}");
    }
}

#[tokio::test]
async fn steps_past_the_limit_may_come_in_any_order() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let id = sample::response_id();
        let over = REPLACING_REVISION_MAX;
        for (revision, comment, complete, outcome) in [
            (0, "first", false, "accepted"),
            (over + 5, "later", false, "updated"),
            (over + 3, "overtaken", false, "duplicate"),
            (over + 5, "later", false, "duplicate"),
            (over, "of the last that replaces", false, "updated"),
            (over + 6, "of the last that replaces", false, "updated"),
            (over + 4, "the end", true, "updated"),
            (over + 7, "after the end", false, "updated"),
        ] {
            assert_eq!(step(&app, &id, revision, comment, complete).await, outcome, "{backend:?}: {comment}");
        }

        let row = stored(&app, &id).await;
        assert_eq!(row["comment"], "the end", "{backend:?}");
        let additions: Vec<_> = row["additions"].as_array().unwrap().iter().map(|one| &one["comment"]).collect();
        assert_eq!(additions, ["of the last that replaces", "after the end"], "{backend:?}");
    }
}

#[tokio::test]
async fn comment_that_did_not_change_is_indexed_once() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let id = sample::response_id();
        for revision in 0..20 {
            step(&app, &id, revision, "the same words", false).await;
            // Not all of them in one go.
            indexed(&app, backend).await;
        }

        assert_eq!(indexed(&app, backend).await, 1, "{backend:?}");
    }
}
