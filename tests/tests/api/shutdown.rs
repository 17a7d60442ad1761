//! SIGTERM and SIGHUP while requests come in, and with nobody left to read the log.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, Load, Program, TestApp, sample, wait};

#[tokio::test]
async fn what_was_acknowledged_before_sigterm_is_stored() {
    expect_drained(Program::terminate).await;
}

#[tokio::test]
async fn what_was_acknowledged_before_the_terminal_was_closed_is_stored() {
    expect_drained(Program::hang_up).await;
}

async fn expect_drained(stop: fn(&Program)) {
    for backend in Backend::ALL {
        // Also where the tests themselves were started by nohup, which has whatever they start ignore SIGHUP.
        let mut app = TestApp::on(backend).started_by(&["env", "--default-signal=HUP"]).await;
        let load = Load::start(&app, 32, 4);
        wait::until_true("200 acknowledged responses", async || load.acknowledged() >= 200).await;

        stop(app.program());
        let status = app.program().wait_for_exit().await;
        let outcome = load.finish().await;

        assert!(status.success(), "{status}: {}", app.log());
        for refused in &outcome.refused {
            refused.expect_problem(ProblemCode::ShuttingDown);
            assert!(refused.header("retry-after").is_some(), "{refused:?}");
        }
        assert_eq!(app.count("responses"), i64::try_from(outcome.acknowledged.len()).unwrap(), "{backend:?}");
    }
}

#[tokio::test]
async fn log_nobody_reads_stops_neither_mail_nor_the_server() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).setting("COUNTERBELL_LOG", "debug").unread_log().await;
        for _ in 0..3 {
            app.respond(&sample::response(1)).await.expect(201);
        }
        wait::until_true("three mails", async || app.mail_files().len() == 3).await;

        app.program().terminate();
        let status = app.program().wait_for_exit().await;
        assert!(status.success(), "{status}: {}", app.log());
        assert!(app.log().lines().last().unwrap().contains("Listening on"), "read on: {}", app.log());
    }
}

#[tokio::test]
async fn server_started_by_nohup_outlives_its_terminal() {
    let mut app = TestApp::on(Backend::Sqlite).started_by(&["nohup"]).await;
    app.respond(&sample::response(4)).await.expect(201);

    app.program().hang_up();

    for _ in 0..20 {
        app.respond(&sample::response(4)).await.expect(201);
    }
    app.program().terminate();
    assert!(app.program().wait_for_exit().await.success(), "{}", app.log());
}
