//! Clients that send requests without waiting for answers, and clients that take none.

use counterbell_tests::{Backend, TestApp, environment, sample, wait};
use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CLIENTS: usize = 100;
/// Memory that one client may take, whatever it sends.
const BYTES_PER_CLIENT: u64 = 1024 * 1024;
/// Memory the server may keep of all that is over.
const KEPT_BYTES: u64 = 24 * 1024 * 1024;

/// Short requests, of which many fit into what the system buffers.
const REQUESTS: [&str; 3] = [
    "GET /widget.js HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost:x\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection:keep-alive\r\n\r\n",
];

#[tokio::test]
async fn answers_nobody_takes_fill_no_memory() {
    for (request, count) in REQUESTS.iter().flat_map(|request| [(request, 2_000), (request, 20_000)]) {
        let mut app = TestApp::on(Backend::Sqlite).await;
        app.respond(&sample::response(4)).await.expect(201);
        let before = app.program().resident_bytes();
        let requests = request.repeat(count);
        let mut clients = join_all((0..CLIENTS).map(|_| async {
            let mut stream = TcpStream::connect(app.address()).await.unwrap();
            stream.write_all(requests.as_bytes()).await.unwrap();
            // The first answer is there: the server is at the requests.
            stream.peek(&mut [0]).await.unwrap();
            stream
        }))
        .await;
        // Whoever takes a little now and then lets the server go on a little.
        for _ in 0..environment::scaled(20, 200) {
            for stream in &mut clients {
                stream.read_exact(&mut [0; 2_048]).await.unwrap();
            }
        }
        for _ in 0..20 {
            app.respond(&sample::response(4)).await.expect(201);
        }

        let used = (app.program().peak_bytes() - before) / CLIENTS as u64;
        drop(clients);

        eprintln!("{count} times {request:?}: {} KiB for each client", used / 1024);
        assert!(used < BYTES_PER_CLIENT, "{used} bytes for each of {CLIENTS} clients, {count} times {request:?}");
        wait::until_true("memory given back", async || {
            // The allocator gives back what it has when it is at work.
            app.respond(&sample::response(4)).await.expect(201);
            app.program().resident_bytes() < before + KEPT_BYTES
        })
        .await;
    }
}

#[tokio::test]
async fn requests_sent_at_once_are_all_answered_in_their_order() {
    let app = TestApp::on(Backend::Sqlite).await;
    let comment = "a".repeat(3_000);
    let body = json!({ "site_key": app.site_key, "score": 4, "comment": comment }).to_string();
    let post = "POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let whole = format!("{post}Content-Length: {}\r\n\r\n{body}", body.len());
    let (first, second) = body.split_at(body.len() / 2);
    let chunked = format!(
        "{post}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    // Nobody reads the body of what is no address for it.
    let round = [
        whole.as_str(),
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        chunked.as_str(),
        "HEAD /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    const ROUNDS: usize = 50;
    let (mut answers, mut requests) = TcpStream::connect(app.address()).await.unwrap().into_split();

    let sent = tokio::spawn({
        let requests_of_all =
            round.concat().repeat(ROUNDS) + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        async move { requests.write_all(requests_of_all.as_bytes()).await.map(|()| requests) }
    });
    let mut text = String::new();
    answers.read_to_string(&mut text).await.unwrap();

    sent.await.unwrap().unwrap();
    let statuses: Vec<&str> = text.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    let expected = ["201", "200", "201", "404"].repeat(ROUNDS);
    assert_eq!(statuses, [expected.as_slice(), &["200"]].concat());
    assert_eq!(app.count("responses"), 2 * ROUNDS as i64);
}
