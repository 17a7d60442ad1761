//! The server is killed under load, again and again.

use std::collections::HashSet;
use std::time::Duration;

use counterbell_tests::{Backend, Customers, Load, Smtp, TestApp, audit, environment, sample, wait};
use serde_json::json;

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
        app.execute("UPDATE outbox SET due_at = 0 WHERE state = 'pending' AND attempts > 0");
        app.start_again().await;
    }
    customers.wait_for_more(150).await;
    let met = customers.leave().await;

    met.expect_only_503();
    audit::end_lost_leases(app).await;
    audit::expect_all_kept(app, smtp, &met, rounds * audit::SENDING_MAX).await;
    assert_eq!(app.count("responses"), i64::try_from(met.acknowledged.len()).unwrap());
}

/// How often the server is killed at most until responses are stored that triage has not seen.
const KILLS_MAX: usize = 20;

#[tokio::test]
async fn server_killed_between_a_response_and_its_triage_tells_everybody_once() {
    for backend in Backend::ALL {
        // No mail goes out before the kill, so that none may come twice.
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut app = TestApp::on(backend).setting("COUNTERBELL_SMTP_URL", &format!("smtp://{gone}")).await;
        let mut acknowledged = HashSet::new();
        for kills in 1.. {
            let load = Load::start(&app, 16, 1);
            wait::until_true("100 acknowledged responses", async || load.acknowledged() >= 100).await;
            app.program().kill();
            acknowledged.extend(load.finish().await.acknowledged);
            if app.count("triage_queue") > 0 {
                break;
            }
            assert!(kills < KILLS_MAX, "{backend:?}: triage was never behind");
            app.start_again().await;
        }
        let smtp = Smtp::start().await;
        app.set("COUNTERBELL_SMTP_URL", &smtp.url());
        // As if two minutes passed: what the dead server had leased is due again.
        app.execute("UPDATE outbox SET due_at = 0 WHERE state = 'pending'");

        app.start_again().await;

        app.triaged().await;
        let (responses, alerts) = (app.count("responses"), app.count("alerts"));
        assert_eq!((responses, alerts), (alerts, app.count("outbox")), "{backend:?}");
        let told = app.texts(&[&backend.hex("subject_id")], "outbox");
        let told: HashSet<_> = told.into_iter().collect();
        assert_eq!(told.len(), usize::try_from(responses).unwrap(), "{backend:?}: one message each");
        let forgotten = acknowledged.iter().filter(|id| !told.contains(&id.replace('-', ""))).count();
        assert_eq!(forgotten, 0, "{backend:?}");
        assert!(app.cli(&["verify", "--json"]).status.success(), "{backend:?}");

        wait::until_true("end of every delivery", async || app.count("outbox WHERE state <> 'delivered'") == 0).await;
        app.respond(&sample::response(1)).await.expect(201);
        let mails = smtp.wait_for(told.len() + 1).await;
        let ids: HashSet<_> = mails.iter().map(|delivery| delivery.mail.message_id().to_owned()).collect();
        assert_eq!((mails.len(), ids.len()), (told.len() + 1, told.len() + 1), "{backend:?}");
    }
}
