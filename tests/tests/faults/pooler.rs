//! A pooler between server and PostgreSQL.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, PgBouncer, TestApp, environment, sample};
use serde_json::Value;

#[tokio::test]
async fn pooler_that_changes_connections_between_transactions_is_refused() {
    for pool_mode in ["transaction", "statement"] {
        let mut app = TestApp::on(Backend::Postgres).await;
        app.program().kill();
        let pooler = match PgBouncer::start(app.database_url(), pool_mode).await {
            Ok(pooler) => pooler,
            Err(why) => return environment::skipped("a pooler that is refused", &why),
        };
        app.set("COUNTERBELL_DATABASE_URL", &pooler.url(app.database_url()));

        let mut told = vec![app.refused_start().await];
        for args in [&["migrate"][..], &["site", "list"], &["doctor"]] {
            let output = app.cli(args);
            assert!(!output.status.success(), "{pool_mode}: {output:?}");
            told.push([output.stdout, output.stderr].concat());
        }
        for told in told {
            assert!(told.contains("PgBouncer") && told.contains("pool_mode = session"), "{pool_mode}: {told}");
        }
        let doctor: Value = serde_json::from_str(&app.cli(&["doctor", "--json"]).stdout).unwrap();
        let checks = doctor["checks"].as_array().unwrap();
        let failed: Vec<_> = checks.iter().filter(|check| check["verdict"] == "failed").collect();
        assert!(failed.len() == 1 && failed[0]["name"] == "database", "{pool_mode}: {failed:?}");
    }
}

#[tokio::test]
async fn pooler_of_whole_sessions_does_no_harm() {
    let mut app = TestApp::on(Backend::Postgres).await;
    let pooler = match PgBouncer::start(app.database_url(), "session").await {
        Ok(pooler) => pooler,
        Err(why) => return environment::skipped("a pooler that does no harm", &why),
    };
    app.set("COUNTERBELL_DATABASE_URL", &pooler.url(app.database_url()));
    app.restart().await;

    for score in [1, 4] {
        app.respond(&sample::response(score)).await.expect(201);
    }
    app.respond(&sample::response(9)).await.expect_problem(ProblemCode::InvalidResponse);
    assert_eq!(app.admin("/v1/admin/summary").await.expect(200)["count"], 2);
    assert!(app.cli(&["doctor"]).status.success());
}
