//! What a load balancer asks.

use counterbell_tests::{Backend, TestApp};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

#[tokio::test]
async fn running_server_is_healthy_and_ready() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        for path in ["/healthz", "/readyz"] {
            let answer = app.get(path).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn readiness_is_told_from_memory() {
    let app = TestApp::on(Backend::Sqlite).await;
    let log = app.dir().join("counterbell.db-wal");
    let mut other = SqliteConnection::establish(&app.dir().join("counterbell.db").display().to_string()).unwrap();
    other.batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").unwrap();
    let before = std::fs::metadata(&log).unwrap().modified().unwrap();

    for _ in 0..100 {
        app.get("/readyz").await.expect(200);
    }

    assert_eq!(std::fs::metadata(&log).unwrap().modified().unwrap(), before);
}
