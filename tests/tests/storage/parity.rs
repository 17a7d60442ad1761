//! Both databases answer alike.

use counterbell_tests::{Backend, TestApp, environment, sample, wait};
use serde_json::{Value, json};

const MAP: &str = "score=Rating,comment=Review Text,touchpoint=Department Name";

/// The real reviews, imported: the same ids on every database.
async fn with_reviews(backend: Backend) -> TestApp {
    let app = TestApp::on(backend).await;
    let file = environment::workspace().join("server/demo/reviews.csv").display().to_string();
    let output = app.cli(&["import", "--site", &app.site_key, "--format", "csv", "--map", MAP, &file]);
    assert!(output.status.success(), "{output:?}");
    app
}

/// Members that depend on the site or the moment of import, not on the response.
fn comparable(mut item: Value) -> Value {
    let members = item.as_object_mut().expect("an item is an object");
    for name in ["site_key", "response_id", "received_at", "created_at"] {
        members.remove(name);
    }
    item
}

#[tokio::test]
async fn summary_of_real_reviews_is_the_same_on_both() {
    let (sqlite, postgres) = (with_reviews(Backend::Sqlite).await, with_reviews(Backend::Postgres).await);
    for query in ["metric=csat", "metric=csat&touchpoint=Dresses", "metric=nps"] {
        let path = format!("/v1/admin/summary?{query}");
        let (mut on_sqlite, mut on_postgres) =
            (sqlite.admin(&path).await.expect(200), postgres.admin(&path).await.expect(200));
        for summary in [&mut on_sqlite, &mut on_postgres] {
            // The export has no dates: these are the moment of import.
            summary["days"].take();
        }
        assert_eq!(on_sqlite, on_postgres, "{query}");
    }
}

#[tokio::test]
async fn lists_of_real_reviews_hold_the_same_on_both() {
    let (sqlite, postgres) = (with_reviews(Backend::Sqlite).await, with_reviews(Backend::Postgres).await);
    for query in [
        "",
        "?touchpoint=Dresses",
        "?band=dissatisfied",
        "?band=satisfied&has_comment=false",
        "?has_comment=true&touchpoint=Tops&metric=csat",
        "?from=2000-01-01&to=2000-01-02",
    ] {
        let path = format!("/v1/admin/responses{query}");
        let mut lists = [sqlite.admin_items(&path).await, postgres.admin_items(&path).await].map(|items| {
            let mut rows: Vec<String> = items.into_iter().map(|item| comparable(item).to_string()).collect();
            rows.sort_unstable();
            rows
        });
        let [on_sqlite, on_postgres] = &mut lists;
        assert_eq!(on_sqlite, on_postgres, "{query}");
    }
}

/// On a distributed PostgreSQL no statement may write to several tables; elsewhere one does.
#[tokio::test]
async fn one_statement_stores_what_a_statement_for_each_table_does() {
    let mut stored = Vec::new();
    for mode in ["one statement", "table by table"] {
        let mut app = TestApp::on(Backend::Postgres).any_age().await;
        if mode == "table by table" {
            app.pretend_to_be_spread().await;
        }
        let first = sample::with(sample::response(1), json!({ "comment": "late" }));
        let repeats = futures_util::future::join_all((0..40).map(|_| app.respond(&first))).await;
        assert_eq!(repeats.iter().filter(|answer| answer.status == 201).count(), 1, "{mode}");
        for (score, members) in [
            (5, json!({ "touchpoint": "delivery", "comment": "quick", "created_at": "2026-01-01" })),
            (2, json!({ "website": "https://spam.example" })),
            (3, json!({ "survey_version": 9, "answers": { "reasons": { "choices": ["late"] } } })),
            (2, json!({ "contact": { "email": "ann@example.com", "consent": true } })),
        ] {
            app.respond(&sample::with(sample::response(score), members)).await.expect(201);
        }
        let figures = app.admin("/v1/admin/summary?to=2026-06-01").await.expect(200);
        app.triaged().await;
        let tables = ["responses", "score_days", "alerts", "outbox"].map(|table| app.count(table));
        assert_eq!(app.count("responses WHERE survey_version = 9 AND answers LIKE '%late%'"), 1, "{mode}");
        // Until then a comment is in the one, and a moment later in the other.
        wait::until_true("end of indexing", async || app.count("search_queue") == 0).await;
        let words = app.count("comment_words");
        stored.push((tables, words, app.admin("/v1/admin/summary").await.expect(200)["count"].clone(), figures));
    }
    assert_eq!(stored[0].0, [5, 2, 2, 2]);
    assert_eq!(stored[0], stored[1]);
}
