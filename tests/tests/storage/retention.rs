//! What is older than its site keeps it is deleted.

use std::time::Duration;

use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_tests::{Backend, TestApp, sample, wait};
use reqwest::Method;
use serde_json::json;

async fn with_old_and_new(backend: Backend) -> TestApp {
    let app = TestApp::on(backend).any_age().await;
    let now = UnixMillis::now();
    for age in [0, 5, 40, 400] {
        for number in 0..20 {
            let time = UnixMillis(now.0 - age * DAY_MS).to_string();
            let members = json!({ "created_at": time, "comment": format!("aged {age} days, number {number}") });
            let response = sample::with(sample::response(1), members);
            app.respond(&response).await.expect(201);
            if number == 0 {
                let addition = json!({ "revision": 1, "comment": format!("added after {age} days") });
                app.respond(&sample::with(response, addition)).await.expect(200);
            }
        }
    }
    app.triaged().await;
    app
}

#[tokio::test]
async fn old_responses_go_and_their_figures_stay() {
    for backend in Backend::ALL {
        let mut app = with_old_and_new(backend).await;
        let other = app.create_site("https://other.example", "staff@other.example");
        app.respond(&json!({ "site_key": other, "score": 1, "created_at": "2020-01-01" })).await.expect(201);
        app.cli(&["site", "set", &app.site_key, "--retention-days", "30", "--yes", "--json"]).json();
        let summary = app.admin("/v1/admin/summary").await.expect(200);
        while app.count("search_queue") > 0 {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        app.restart().await;

        wait::until_true("deleted responses", async || app.count("responses") == 41).await;
        // Their words too, and then it is logged.
        wait::until_true("deleted words", async || app.log().contains("Deleted 80 responses and messages")).await;

        let kept = app.admin_items("/v1/admin/responses").await;
        assert_eq!(kept.len(), 40, "{backend:?}");
        assert!(kept.iter().all(|item| !item["comment"].as_str().unwrap().contains("aged 40")), "{backend:?}");
        let left = ["alerts", "outbox", "response_additions"].map(|table| app.count(table));
        assert_eq!(left, [41, 41, 2], "{backend:?}");
        assert_eq!(app.admin("/v1/admin/summary").await.expect(200), summary, "{backend:?}");
        assert_eq!(app.admin_items("/v1/admin/responses?q=aged").await.len(), 40, "{backend:?}");
        assert!(app.admin_items("/v1/admin/responses?q=400").await.is_empty(), "{backend:?}");
    }
}

/// A response from six years ago that came just now, and whose mail has gone out; its id.
async fn respond_from_the_past(app: &TestApp, members: serde_json::Value) -> String {
    let past = json!({ "created_at": "2020-01-01", "comment": "late" });
    let response = sample::with(sample::with(sample::response(1), past), members);
    let receipt = app.respond(&response).await.expect(201);
    receipt["response_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn messages_of_old_responses_that_came_lately_go_with_them() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).recipients(&["a@shop.example", "b@shop.example"]).any_age().await;
        respond_from_the_past(&app, json!({})).await;
        let parked = respond_from_the_past(&app, json!({})).await;
        let held = respond_from_the_past(&app, json!({ "website": "spam" })).await;
        let release = format!("/v1/admin/responses/{held}/release");
        app.send(app.request(Method::POST, &release).bearer_auth(&app.api_key)).await.expect(200);
        app.respond(&sample::response(1)).await.expect(201);
        wait::until_true("mails", async || app.admin_items("/v1/admin/outbox?state=delivered").await.len() == 8).await;
        app.execute(&format!("UPDATE outbox SET state = 'parked' WHERE subject_id = {}", backend.id(&parked)));

        app.cli(&["site", "set", &app.site_key, "--retention-days", "30", "--yes", "--json"]).json();

        wait::until_true("deleted responses", async || app.log().contains("Deleted 9 responses and messages")).await;
        assert_eq!((app.count("responses"), app.count("alerts"), app.count("outbox")), (1, 1, 2), "{backend:?}");
        assert_eq!(app.mail_files().len(), 2, "{backend:?}");
        assert!(app.cli(&["verify", "--json"]).status.success(), "{backend:?}");
    }
}

#[tokio::test]
async fn running_server_keeps_to_days_that_are_changed() {
    for backend in Backend::ALL {
        let app = with_old_and_new(backend).await;
        for (days, kept) in [("300", 60), ("30", 40)] {
            app.cli(&["site", "set", &app.site_key, "--retention-days", days, "--yes", "--json"]).json();

            wait::until_true("deleted responses", async || app.count("responses") == kept).await;
        }
        assert_eq!(app.count("alerts"), 40, "{backend:?}");
    }
}

#[tokio::test]
async fn words_left_behind_by_a_crash_go_at_the_next_start() {
    let mut app = with_old_and_new(Backend::Postgres).await;
    while app.count("search_queue") > 0 {
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    app.cli(&["site", "set", &app.site_key, "--retention-days", "30", "--yes", "--json"]).json();
    app.program().kill();
    // As if it had died between the responses and their words.
    let horizon = UnixMillis::now().0 - 35 * DAY_MS;
    app.execute(&format!("DELETE FROM responses WHERE created_at < {horizon}"));
    app.execute("DELETE FROM alerts WHERE response_id NOT IN (SELECT response_id FROM responses)");
    app.execute(&format!("DELETE FROM outbox WHERE created_at < {horizon}"));
    assert_eq!(app.count("comment_words"), 80);
    app.start_again().await;

    wait::until_true("deleted words", async || app.count("comment_words") == 40).await;
}

#[tokio::test]
async fn days_that_would_delete_responses_are_set_only_when_that_is_confirmed() {
    for backend in Backend::ALL {
        let app = with_old_and_new(backend).await;
        let set = |more: &[&str]| app.cli(&[&["site", "set", &app.site_key, "--retention-days"], more].concat());

        let output = set(&["30"]);

        assert_eq!(output.status.code(), Some(1), "{backend:?}: {output:?}");
        assert_eq!(output.stderr.lines().count(), 1, "{backend:?}: {output:?}");
        assert!(output.stderr.contains("40 responses") && output.stderr.contains("--yes"), "{backend:?}: {output:?}");
        assert_eq!(app.count("sites WHERE retention_days IS NOT NULL"), 0, "{backend:?}");
        assert!(set(&["500"]).status.success(), "{backend:?}: nothing is that old");
        assert!(!set(&["300"]).status.success(), "{backend:?}");
        assert!(set(&["600"]).status.success(), "{backend:?}: kept longer");
        assert_eq!(app.count("responses"), 80, "{backend:?}");
    }
}
