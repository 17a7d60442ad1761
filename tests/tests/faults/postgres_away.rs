//! PostgreSQL goes away, and comes back, under load.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, Customers, Postgres, Smtp, Stop, TestApp, audit, environment, sample, wait};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use serde_json::{Value, json};

#[tokio::test]
async fn postgres_stopped_under_load_comes_back_without_a_restart() {
    let mut postgres = Postgres::start(&environment::workspace().join("target")).unwrap();
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Postgres).postgres(&postgres).smtp(&smtp).await;
    let mut customers = Customers::come(&app, 16, 20);
    for round in 0..environment::scaled(2, 10) {
        customers.wait_for_more(150).await;
        let refused = customers.refused();

        postgres.stop(if round % 2 == 0 { Stop::Immediate } else { Stop::Fast });
        wait::until_true("answer 503", async || customers.refused() > refused).await;
        wait::until_true("not ready", async || app.get("/readyz").await.status == 503).await;
        app.get("/healthz").await.expect(200);
        postgres.start_again().unwrap();

        customers.wait_for_more(150).await;
        app.get("/readyz").await.expect(200);
    }
    let met = customers.leave().await;

    met.expect_only_503();
    assert_eq!(met.cut_off, 0, "the server itself was there all the time");
    audit::end_lost_leases(&app).await;
    audit::expect_all_kept(&app, &smtp, &met, 0).await;
}

#[tokio::test]
async fn server_stops_although_its_database_hangs() {
    let postgres = Postgres::start(&environment::workspace().join("target")).unwrap();
    let mut app = TestApp::on(Backend::Postgres).postgres(&postgres).await;
    app.respond(&sample::response(4)).await.expect(201);
    postgres.freeze();
    let url = app.url("/v1/responses");
    let body = sample::with(json!({ "site_key": app.site_key }), sample::response(3));
    let waiting = tokio::spawn(reqwest::Client::new().post(url).json(&body).send());
    wait::until_true("response that waits", async || {
        let metrics = app.get("/metrics");
        let metrics = tokio::time::timeout(std::time::Duration::from_secs(10), metrics).await;
        metrics.is_ok_and(|metrics| metrics.text().contains("counterbell_storage_up 0"))
    })
    .await;

    // Also the doctor ends, and says what hangs.
    let doctor = app.cli(&["doctor", "--json"]);
    let doctor: Value = serde_json::from_str(&doctor.stdout).unwrap();
    let checks = doctor["checks"].as_array().unwrap();
    let database = checks.iter().find(|check| check["name"] == "database").unwrap();
    assert_eq!(database["verdict"], "failed", "{database}");

    app.program().terminate();

    let status = app.program().wait_for_exit().await;
    assert!(!status.success(), "{status}: what hangs was left behind");
    assert!(app.log().contains("Not stopped after"), "{}", app.log());
    assert!(!waiting.await.unwrap().is_ok_and(|answer| answer.status().is_success()), "it was not stored");
    postgres.thaw();
    app.start_again().await;
    assert!(app.count("responses") >= 1);
}

#[tokio::test]
async fn readiness_follows_postgres_while_nobody_writes() {
    let mut postgres = Postgres::start(&environment::workspace().join("target")).unwrap();
    let app = TestApp::on(Backend::Postgres).postgres(&postgres).await;
    app.get("/readyz").await.expect(200);
    for stop in [Stop::Fast, Stop::Immediate] {
        postgres.stop(stop);
        wait::until_true("not ready", async || app.get("/readyz").await.status == 503).await;
        let told = app.get("/readyz").await.expect_problem(ProblemCode::StorageUnavailable);
        assert!(told.detail.contains("cannot be reached"), "{told:?}");
        assert!(!told.detail.contains("127.0.0.1"), "nothing of the inside: {told:?}");

        postgres.start_again().unwrap();
        wait::until_true("ready", async || app.get("/readyz").await.status == 200).await;
    }
    app.respond(&sample::response(4)).await.expect(201);
}

#[tokio::test]
async fn server_whose_commits_hang_is_not_ready() {
    let app = TestApp::on(Backend::Postgres).await;
    let mut other = PgConnection::establish(app.database_url()).unwrap();
    other.batch_execute("BEGIN; LOCK TABLE responses").unwrap();
    let response = sample::response(4);
    let hanging = app.respond(&response);
    let let_go = async {
        wait::until_true("not ready", async || app.get("/readyz").await.status == 503).await;
        other.batch_execute("COMMIT").unwrap();
    };

    let (hanging, ()) = tokio::join!(hanging, let_go);

    hanging.expect(201);
    wait::until_true("ready", async || app.get("/readyz").await.status == 200).await;
}

#[tokio::test]
async fn connections_cut_under_load_are_made_again() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Postgres).smtp(&smtp).await;
    let mut customers = Customers::come(&app, 16, 20);
    for _ in 0..environment::scaled(5, 50) {
        customers.wait_for_more(50).await;
        // This database's alone: other tests use the server too.
        app.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    }
    customers.wait_for_more(150).await;
    let met = customers.leave().await;

    met.expect_only_503();
    assert_eq!(met.cut_off, 0, "the server itself was there all the time");
    audit::end_lost_leases(&app).await;
    audit::expect_all_kept(&app, &smtp, &met, 0).await;
}
