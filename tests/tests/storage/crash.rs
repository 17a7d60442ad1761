//! An acknowledged response is never lost.

use std::collections::HashSet;

use counterbell_tests::{Backend, Load, TestApp, sample, wait};
use serde_json::json;

#[tokio::test]
async fn killed_server_has_stored_everything_it_acknowledged() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        for round in 1..=3 {
            let load = Load::start(&app, 32, 4);
            wait::until_true("300 acknowledged responses", async || load.acknowledged() >= 300).await;

            app.program().kill();
            let outcome = load.finish().await;
            app.start_again().await;

            let stored: HashSet<String> = app
                .admin_items("/v1/admin/responses")
                .await
                .iter()
                .map(|item| item["response_id"].as_str().unwrap().to_owned())
                .collect();
            let lost: Vec<_> = outcome.acknowledged.iter().filter(|id| !stored.contains(*id)).collect();
            assert!(lost.is_empty(), "round {round} on {backend:?} lost {lost:?}");
            assert!(outcome.refused.is_empty(), "{:?}", outcome.refused.first());
            assert_eq!(app.count("responses"), i64::try_from(stored.len()).unwrap(), "{backend:?}");
        }
    }
}

#[tokio::test]
async fn response_and_what_follows_from_it_are_stored_together_or_not_at_all() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        let load = Load::start(&app, 32, 1);
        wait::until_true("100 acknowledged responses", async || load.acknowledged() >= 100).await;

        app.program().kill();
        load.finish().await;

        assert!(app.count("responses") >= 100);
        // Each question is one statement: what PostgreSQL was told last may be stored just now.
        let without =
            |table: &str| format!("NOT EXISTS (SELECT 1 FROM {table} AS t WHERE t.response_id = o.response_id)");
        let forgotten = format!("responses AS o WHERE {} AND {}", without("alerts"), without("triage_queue"));
        assert_eq!(app.count(&forgotten), 0, "{backend:?}");
        let untold = "alerts WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.subject_id = alerts.response_id)";
        assert_eq!(app.count(untold), 0, "{backend:?}");

        app.start_again().await;
        app.triaged().await;

        let (responses, alerts) = (app.count("responses"), app.count("alerts"));
        assert_eq!((responses, alerts), (alerts, app.count("outbox")), "{backend:?}");
    }
}

#[tokio::test]
async fn what_is_sent_again_after_a_crash_is_counted_once() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        let response = sample::with(sample::response(4), json!({ "comment": "first" }));
        app.respond(&response).await.expect(201);
        app.program().kill();
        app.start_again().await;

        let again = app.respond(&response).await.expect(200);

        assert_eq!(again["outcome"], "duplicate", "{backend:?}");
        assert_eq!(app.count("responses"), 1, "{backend:?}");
    }
}
