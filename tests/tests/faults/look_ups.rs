//! Sites and origins are found whatever else is asked of the database, and while it is away.

use counterbell_tests::{Answer, Backend, Postgres, Stop, TestApp, environment, sample, wait};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

/// What the log says once old answers are given.
const OLD: &str = "may be old, and is used";

#[tokio::test]
async fn lists_that_hang_keep_neither_customers_nor_monitors_waiting() {
    let app = TestApp::on(Backend::Postgres).setting("COUNTERBELL_WORKERS", "1").await;
    // Whoever asks with a key waits for this.
    let mut lock = PgConnection::establish(app.database_url()).unwrap();
    lock.batch_execute("BEGIN; LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE").unwrap();
    let mut lists = JoinSet::new();
    // More than there are threads for queries.
    for _ in 0..600 {
        lists.spawn(app.request(Method::GET, "/v1/admin/responses").bearer_auth(&app.api_key).send());
    }
    let waiting = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait::until_true("lists that hang", async || app.count(waiting) >= 4).await;

    // Known to nobody yet: both the site and the page must be looked up.
    let origin = "https://new.example";
    let site_key = app.create_site(origin, sample::RECIPIENT);
    let body = sample::with(sample::response(4), json!({ "site_key": site_key }));
    let answer = app.send(app.request(Method::POST, "/v1/responses").header("origin", origin).json(&body)).await;
    answer.expect(201);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    app.get(&format!("/v1/widget/{site_key}")).await.expect(200);
    assert!(app.get("/metrics").await.text().contains("counterbell_storage_up 1"));
    app.get("/readyz").await.expect(200);

    lock.batch_execute("ROLLBACK").unwrap();
    let mut answered = 0;
    while let Some(list) = lists.join_next().await {
        let status = list.unwrap().unwrap().status().as_u16();
        assert!([200, 503].contains(&status), "{status}");
        answered += usize::from(status == 200);
    }
    assert!(answered >= 4, "{answered} lists were answered");
}

async fn preflight(app: &TestApp, origin: &str) -> Answer {
    let request = app.request(Method::OPTIONS, "/v1/responses").header("origin", origin);
    app.send(request.header("access-control-request-method", "POST")).await
}

#[tokio::test]
async fn known_pages_are_let_in_while_the_database_is_away_or_hangs() {
    let mut postgres = Postgres::start(&environment::workspace().join("target")).unwrap();
    let app = TestApp::on(Backend::Postgres).postgres(&postgres).await;
    let widget = format!("/v1/widget/{}", app.site_key);
    for hangs in [false, true] {
        assert_eq!(preflight(&app, sample::ORIGIN).await.header("access-control-allow-origin"), Some(sample::ORIGIN));
        app.get(&widget).await.expect(200);
        let (troubles, recoveries) = (app.log().matches(OLD).count(), app.log().matches("answers again").count());

        if hangs {
            postgres.freeze()
        } else {
            postgres.stop(Stop::Immediate)
        }

        // Until both were to be looked up again, and were not.
        wait::until_true("old answers", async || {
            let answer = preflight(&app, sample::ORIGIN).await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(sample::ORIGIN), "{answer:?}");
            app.get(&widget).await.expect(200);
            app.log().matches(OLD).count() >= troubles + 2
        })
        .await;
        if !hangs {
            let body = sample::with(sample::response(4), json!({ "site_key": app.site_key }));
            let refused = app.request(Method::POST, "/v1/responses").header("origin", sample::ORIGIN).json(&body);
            let refused = app.send(refused).await;
            assert_eq!(refused.status, 503);
            assert_eq!(refused.header("access-control-allow-origin"), Some(sample::ORIGIN), "the page can read why");
        }
        if hangs {
            postgres.thaw()
        } else {
            postgres.start_again().unwrap()
        }
        wait::until_true("new answers", async || {
            preflight(&app, sample::ORIGIN).await;
            app.get(&widget).await;
            app.log().matches("answers again").count() >= recoveries + 2
        })
        .await;
    }
}

#[tokio::test]
async fn site_that_was_asked_for_before_it_was_made_is_known_soon() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let origin = "https://new.example";
        assert_eq!(preflight(&app, origin).await.header("access-control-allow-origin"), None, "{backend:?}");

        app.create_site(origin, sample::RECIPIENT);

        wait::until_true("page that is let in", async || {
            preflight(&app, origin).await.header("access-control-allow-origin").is_some()
        })
        .await;
    }
}
