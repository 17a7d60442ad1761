//! Full-text search over comments.

use std::time::Duration;

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, TestApp, sample};
use serde_json::{Value, json};

/// Sends responses with these comments, oldest first.
async fn with_comments(backend: Backend, comments: &[&str]) -> TestApp {
    let app = TestApp::on(backend).await;
    for (place, comment) in comments.iter().enumerate() {
        let score = 1 + place % 5;
        let response = sample::with(sample::response(3), json!({ "comment": comment, "score": score }));
        app.respond(&response).await.expect(201);
    }
    app
}

fn comments(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["comment"].as_str().unwrap()).collect()
}

/// What is found once the index has caught up.
async fn found(app: &TestApp, query: &str) -> Vec<Value> {
    caught_up(app).await;
    app.admin_items(&format!("/v1/admin/responses?{query}")).await
}

async fn caught_up(app: &TestApp) {
    for _ in 0..200 {
        if app.count("search_queue") == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the index did not catch up within 5 s: {}", app.log());
}

#[tokio::test]
async fn all_words_must_occur_in_any_case_with_or_without_accents() {
    for backend in Backend::ALL {
        let app = with_comments(
            backend,
            &["Delivery was LATE again", "The café closed, delivery never came", "Lovely dress", "Don't like it"],
        )
        .await;
        for (query, expected) in [
            ("q=delivery", vec!["The café closed, delivery never came", "Delivery was LATE again"]),
            ("q=late+delivery", vec!["Delivery was LATE again"]),
            ("q=cafe", vec!["The café closed, delivery never came"]),
            ("q=CAF%C3%89", vec!["The café closed, delivery never came"]),
            ("q=deli*+came", vec!["The café closed, delivery never came"]),
            ("q=dont", vec!["Don't like it"]),
            ("q=deli", vec![]),
            ("q=lovely+delivery", vec![]),
        ] {
            assert_eq!(comments(&found(&app, query).await), expected, "{backend:?} {query}");
        }
    }
}

#[tokio::test]
async fn any_part_of_a_text_without_spaces_is_found() {
    for backend in Backend::ALL {
        let app = with_comments(backend, &["店員の対応がとても悪い", "配送が早い"]).await;
        for (query, expected) in [("対応", 1), ("悪い", 1), ("早", 1), ("い", 0), ("が", 2), ("対悪", 0)] {
            assert_eq!(found(&app, &format!("q={query}")).await.len(), expected, "{backend:?} {query}");
        }
    }
}

#[tokio::test]
async fn pages_hold_every_response_once_and_filters_narrow_them() {
    for backend in Backend::ALL {
        let texts: Vec<String> = (0..60).map(|number| format!("too small, order {number}")).collect();
        let app = with_comments(backend, &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
        caught_up(&app).await;

        let mut pages = Vec::new();
        let mut path = "/v1/admin/responses?q=small&limit=7".to_owned();
        loop {
            let page = app.admin(&path).await.expect(200);
            pages.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/admin/responses?q=small&limit=7&cursor={next}");
        }
        let newest_first: Vec<&str> = texts.iter().rev().map(String::as_str).collect();
        assert_eq!(comments(&pages), newest_first, "{backend:?}");

        let unhappy = app.admin_items("/v1/admin/responses?q=small&band=dissatisfied").await;
        assert_eq!(unhappy.len(), 24, "{backend:?}");
        assert!(app.admin_items("/v1/admin/responses?q=small&touchpoint=store-12").await.is_empty());
    }
}

#[tokio::test]
async fn other_sites_responses_are_not_found() {
    for backend in Backend::ALL {
        let app = with_comments(backend, &["wrong colour"]).await;
        let other = app.create_site("https://other.example", "staff@other.example");
        app.respond(&json!({ "site_key": other, "score": 1, "comment": "wrong colour too" })).await.expect(201);
        assert_eq!(comments(&found(&app, "q=colour").await), ["wrong colour"], "{backend:?}");
    }
}

#[tokio::test]
async fn lost_index_is_made_again() {
    let mut app = with_comments(Backend::Sqlite, &["parcel was wet", "parcel was late"]).await;
    assert_eq!(found(&app, "q=parcel").await.len(), 2);
    app.program().kill();
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(app.dir().join(format!("counterbell.db-search{suffix}")));
    }
    app.start_again().await;
    app.respond(&sample::with(sample::response(2), json!({ "comment": "no parcel" }))).await.expect(201);

    for _ in 0..200 {
        if app.admin_items("/v1/admin/responses?q=parcel").await.len() == 3 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("not found again: {}", app.log());
}

#[tokio::test]
async fn comments_stored_before_a_crash_are_found_after_it() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        for number in 0..50 {
            let comment = format!("squeaky wheel {number}");
            app.respond(&sample::with(sample::response(4), json!({ "comment": comment }))).await.expect(201);
        }
        app.program().kill();
        app.start_again().await;
        assert_eq!(found(&app, "q=squeaky").await.len(), 50, "{backend:?}");
    }
}

#[tokio::test]
async fn query_without_a_word_is_refused() {
    let app = TestApp::on(Backend::Sqlite).await;
    for query in ["q=", "q=%21", "q=a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q", "q=x&cursor=1"] {
        let problem =
            app.admin(&format!("/v1/admin/responses?{query}")).await.expect_problem(ProblemCode::InvalidParameter);
        assert!(problem.detail.contains('q') || problem.detail.contains("cursor"), "{problem:?}");
    }
}
