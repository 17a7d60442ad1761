//! The server is killed under load, again and again.

use std::time::Duration;

use counterbell_tests::{Backend, Customers, Smtp, TestApp, audit, environment};
use serde_json::json;

/// As in the server: mails being sent at once, the most that can come twice after a crash.
const SENDING_MAX: usize = 16;

#[tokio::test]
async fn sqlite_server_killed_under_load_loses_nothing() {
    killed_under_load(Backend::Sqlite).await;
}

#[tokio::test]
async fn postgres_server_killed_under_load_loses_nothing() {
    killed_under_load(Backend::Postgres).await;
}

#[tokio::test]
async fn sqlite_server_killed_between_the_steps_of_a_response_loses_nothing() {
    killed_between_steps(Backend::Sqlite).await;
}

#[tokio::test]
async fn postgres_server_killed_between_the_steps_of_a_response_loses_nothing() {
    killed_between_steps(Backend::Postgres).await;
}

async fn killed_between_steps(backend: Backend) {
    let smtp = Smtp::start().await;
    // No customer here is silent for so long, so that every mail is of a whole response.
    let mut app = TestApp::on(backend).smtp(&smtp).setting("COUNTERBELL_ALERT_SILENCE_MS", "120000").await;
    let customers = Customers::come_in_steps_to(&[], &app, 16, 5);
    killed_again_and_again(&mut app, &smtp, customers).await;

    for item in app.admin_items("/v1/admin/responses").await {
        assert_eq!((&item["complete"], &item["comment"]), (&json!(true), &json!("under load")), "{backend:?}: {item}");
    }
    let verified = app.cli(&["verify", "--json"]);
    assert!(verified.status.success(), "{backend:?}: {verified:?}");
}

async fn killed_under_load(backend: Backend) {
    let smtp = Smtp::start().await;
    let mut app = TestApp::on(backend).smtp(&smtp).await;
    let customers = Customers::come(&app, 16, 20);
    killed_again_and_again(&mut app, &smtp, customers).await;
}

async fn killed_again_and_again(app: &mut TestApp, smtp: &Smtp, mut customers: Customers) {
    let rounds = environment::scaled(3, 50);
    for _ in 0..rounds {
        customers.wait_for_more(150).await;
        // At any moment of a commit or of a mail.
        tokio::time::sleep(Duration::from_micros(fastrand::u64(..50_000))).await;
        app.program().kill();
        // As if two minutes passed: what the dead server had leased is due again.
        app.execute("UPDATE outbox SET next_attempt_at = 0 WHERE state = 'pending' AND attempts > 0");
        app.start_again().await;
    }
    customers.wait_for_more(150).await;
    let met = customers.leave().await;

    met.expect_only_503();
    audit::end_lost_leases(app).await;
    audit::expect_all_kept(app, smtp, &met, rounds * SENDING_MAX).await;
    assert_eq!(app.count("responses"), i64::try_from(met.acknowledged.len()).unwrap());
}
