//! What repeats itself is counted, and fills no log.

use std::time::Instant;

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, Postgres, Stop, TestApp, environment, sample, wait};
use futures_util::future::join_all;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Warnings and errors of the log, as JSON.
fn warnings(app: &TestApp) -> Vec<Value> {
    let lines = app.log();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["level"] != "INFO").collect()
}

/// How many events these lines tell of.
fn told_of(lines: &[Value], words: &str) -> u64 {
    let of_them = lines.iter().filter(|line| line["message"].as_str().unwrap().contains(words));
    of_them.map(|line| line["left_out"].as_u64().unwrap_or(1)).sum()
}

/// One line in ten seconds of each kind.
fn expect_few(app: &TestApp, kinds: u64, since: Instant) {
    let (lines, max) = (warnings(app), kinds * (1 + since.elapsed().as_secs() / 10));
    assert!(lines.len() as u64 <= max, "{} lines, at most {max} are right: {lines:#?}", lines.len());
}

async fn http_errors(app: &TestApp) -> u64 {
    let metrics = app.get("/metrics").await;
    let line = metrics.text().lines().find_map(|line| line.strip_prefix("counterbell_http_errors_total "));
    line.unwrap_or_else(|| panic!("not counted: {}", metrics.text())).parse().unwrap()
}

#[tokio::test]
async fn bytes_that_are_no_http_are_counted_and_fill_no_log() {
    const CONNECTIONS: u64 = 500;
    let app = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_LOG_FORMAT", "json").await;
    let since = Instant::now();
    let junk = async |junk: &[u8]| {
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        let _ = stream.write_all(junk).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    for _ in 0..CONNECTIONS / 10 {
        join_all((0..5).flat_map(|_| [junk(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"), junk(b"GET / HTTP/9.9\r\n\r\n")]))
            .await;
    }

    assert!(http_errors(&app).await >= CONNECTIONS);
    wait::until_true("line that tells of all", async || told_of(&warnings(&app), "stream error") >= CONNECTIONS).await;
    // That there is no mail server and no public address is said at the start.
    expect_few(&app, 4, since);
    app.respond(&sample::response(4)).await.expect(201);
}

#[tokio::test]
async fn requests_without_storage_are_counted_and_fill_no_log() {
    let mut postgres = Postgres::start(&environment::workspace().join("target")).unwrap();
    let app = TestApp::on(Backend::Postgres).postgres(&postgres).setting("COUNTERBELL_LOG_FORMAT", "json").await;
    app.respond(&sample::response(4)).await.expect(201);
    let since = Instant::now();
    postgres.stop(Stop::Fast);
    for _ in 0..20 {
        let answers = join_all((0..10).map(|_| async { app.respond(&sample::response(4)).await })).await;
        for answer in answers {
            answer.expect_problem(ProblemCode::StorageUnavailable);
        }
    }

    wait::until_true("line that tells of all", async || told_of(&warnings(&app), "was answered 503") >= 200).await;
    assert!(told_of(&warnings(&app), "was not stored") >= 1, "the reason is told: {:#?}", warnings(&app));
    // Requests, batches, the connection, the outbox, the search index, retention; the start.
    expect_few(&app, 12, since);
}
