//! Thousands of clients that keep their connections and send a byte now and then (Slowloris).

use std::time::{Duration, Instant};

use counterbell_tests::{Backend, TestApp, environment, sample, wait};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Memory one slow connection may take, with the little that its share of all else is.
const BYTES_PER_CONNECTION: u64 = 48 * 1024;
/// A customer's answer, on a machine that is busy with the slow ones and with other tests.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// Each with what it sends at once and what it then sends byte by byte.
fn slow_clients() -> [(&'static str, String, String); 5] {
    let post = |path: &str| format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
    let trickle = "a".repeat(1000);
    [
        ("silent", String::new(), String::new()),
        ("slow head", "POST /v1/resp".to_owned(), trickle.clone()),
        ("endless head", post("/v1/responses"), "X-A: b\r\n".repeat(100)),
        ("slow body", format!("{}Content-Length: 1000\r\n\r\n{{", post("/v1/responses")), trickle.clone()),
        ("slow body nobody wants", format!("{}Content-Length: 1000\r\n\r\n{{", post("/nowhere")), trickle),
    ]
}

#[tokio::test]
async fn slow_clients_are_let_go_and_customers_answered_meanwhile() {
    let files = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files, maximum: files });
    let wanted = environment::scaled(600, 10_000);
    let possible = usize::try_from(files.unwrap_or(u64::MAX)).unwrap_or(usize::MAX).saturating_sub(1_000);
    if possible < wanted {
        environment::skipped("slow clients", &format!("only {possible} of {wanted}: raise `ulimit -Hn`"));
    }
    let mut app = TestApp::on(Backend::Sqlite).await;
    for _ in 0..50 {
        app.respond(&sample::response(4)).await.expect(201);
    }
    let before = app.program().resident_bytes();

    let kinds = slow_clients();
    let clients = wanted.min(possible);
    let mut slow = JoinSet::new();
    for (name, at_once, byte_by_byte) in kinds.iter().cycle().take(clients).cloned() {
        let address = app.address().to_owned();
        slow.spawn(async move { (name, be_slow(&address, &at_once, &byte_by_byte).await) });
    }

    // The most memory at any time, and the slowest answer, until the last of them is gone.
    let (mut most, mut slowest) = (before, Duration::ZERO);
    let mut answered = 0;
    let deadline = Instant::now() + wait::DEADLINE;
    let mut longest: Vec<(&str, Duration)> = kinds.iter().map(|(name, ..)| (*name, Duration::ZERO)).collect();
    while !slow.is_empty() {
        let asked = Instant::now();
        app.respond(&sample::response(4)).await.expect(201);
        slowest = slowest.max(asked.elapsed());
        answered += 1;
        most = most.max(app.program().resident_bytes());
        while let Some(ended) = slow.try_join_next() {
            let (name, lasted) = ended.unwrap();
            let known = longest.iter_mut().find(|(known, _)| *known == name).unwrap();
            known.1 = known.1.max(lasted);
        }
        assert!(Instant::now() < deadline, "{} slow clients are still there; gone: {longest:?}", slow.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let used = (most - before) / clients as u64;
    eprintln!("{clients} slow clients, {used} bytes each, {answered} answers, slowest {slowest:?}, kept {longest:?}");
    assert!(slowest < ANSWER_MAX, "a customer waited {slowest:?}");
    assert!(used < BYTES_PER_CONNECTION, "{used} bytes for each of {clients} slow clients");
    assert_eq!(app.count("responses"), 50 + answered);
}

/// The one kind of slow client that is not let go: its first request was whole, the next never is.
#[tokio::test]
async fn second_requests_that_never_end_take_half_of_the_room_at_most() {
    const FILES: u32 = 400;
    let app = TestApp::on(Backend::Sqlite).open_files(FILES).await;
    let mut slow = Vec::new();
    for _ in 0..FILES {
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 1024];
        let bytes = stream.read(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..bytes]));
        // May fail: the server may have closed it.
        let _ = stream.write_all(b"GET /heal").await;
        slow.push(stream);
    }
    let closed = slow.iter().filter(|stream| stream.try_read(&mut [0; 1024]).is_ok()).count();
    assert!(closed > slow.len() / 2, "{closed} of {} were closed", slow.len());

    for _ in 0..20 {
        app.respond(&sample::response(4)).await.expect(201);
    }
}

/// How long the server kept it.
async fn be_slow(address: &str, at_once: &str, byte_by_byte: &str) -> Duration {
    let Ok(stream) = TcpStream::connect(address).await else { return Duration::ZERO };
    let opened = Instant::now();
    let (mut answers, mut requests) = stream.into_split();
    let closed = tokio::spawn(async move {
        let mut buffer = [0; 512];
        while answers.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {}
    });
    let _ = requests.write_all(at_once.as_bytes()).await;
    for byte in byte_by_byte.bytes() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if closed.is_finished() || requests.write_all(&[byte]).await.is_err() {
            break;
        }
    }
    let _ = closed.await;
    opened.elapsed()
}
