//! The server is killed under load, again and again.

use std::time::Duration;

use counterbell_tests::{Backend, Customers, Smtp, TestApp, audit, environment};

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

async fn killed_under_load(backend: Backend) {
    let smtp = Smtp::start().await;
    let mut app = TestApp::on(backend).smtp(&smtp).await;
    let mut customers = Customers::come(&app, 16, 20);
    let rounds = environment::scaled(3, 50);
    for _ in 0..rounds {
        customers.wait_for_more(150).await;
        // At any moment of a commit or of a mail.
        tokio::time::sleep(Duration::from_micros(fastrand::u64(..50_000))).await;
        app.program().kill();
        // As if two minutes passed: what the dead server had leased is due again.
        app.execute("UPDATE outbox SET next_attempt_at = 0 WHERE state = 'pending'");
        app.start_again().await;
    }
    customers.wait_for_more(150).await;
    let met = customers.leave().await;

    met.expect_only_503();
    audit::end_lost_leases(&app).await;
    audit::expect_all_kept(&app, &smtp, &met, rounds * SENDING_MAX).await;
    assert_eq!(app.count("responses"), i64::try_from(met.acknowledged.len()).unwrap());
}
