//! Bodies nobody would send by mistake, byte for byte on the wire: each is a problem, and nothing is stored.

use counterbell_shared::limits::BODY_MAX_BYTES;
use counterbell_shared::problem::{PROBLEM_JSON, Problem};
use counterbell_tests::{Backend, TestApp, sample};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A POST with these headers beside Host and Content-Type, and this body.
fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}Connection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn with_length(body: &[u8]) -> Vec<u8> {
    post(&format!("Content-Length: {}\r\n", body.len()), body)
}

/// As much of `body` in each chunk.
fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.chunks(size) {
        chunks.extend(format!("{:x}\r\n", chunk.len()).bytes());
        chunks.extend(chunk);
        chunks.extend(b"\r\n");
    }
    chunks.extend(b"0\r\n\r\n");
    post("Transfer-Encoding: chunked\r\n", &chunks)
}

/// Sends the bytes and says nothing more; status, headers and body of the answer.
async fn answer(app: &TestApp, request: &[u8]) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    // The server may refuse a large body before all of it is there.
    let _ = stream.write_all(request).await;
    let _ = stream.shutdown().await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&bytes)));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, bytes[end + 4..].to_vec())
}

#[tokio::test]
async fn body_that_is_cut_short_says_so() {
    let app = TestApp::on(Backend::Sqlite).await;
    let form = "score=1&comment=Late&go=on";
    let request = |path: &str, content_type: &str, length: &str, body: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n{length}\r\n\r\n");
        [head.as_bytes(), body.as_bytes()].concat()
    };
    for length in ["Content-Length: 999", "Transfer-Encoding: chunked"] {
        // A chunk that says it is longer.
        let cut = |body: &str| if length.starts_with("Content") { body.to_owned() } else { format!("ff\r\n{body}") };
        let body = cut(&format!(r#"{{"site_key":"{}","score":1}}"#, app.site_key));
        let (status, _, answer) = answer(&app, &request("/v1/responses", "application/json", length, &body)).await;
        let problem: Problem = serde_json::from_slice(&answer).unwrap();
        assert_eq!((status, problem.code.as_str()), (400, "incomplete_body"), "{length}: {problem:?}");
        assert!(problem.detail.contains("ended early"), "{problem:?}");

        let path = format!("/f/{}/till", app.site_key);
        let (status, head, page) =
            self::answer(&app, &request(&path, "application/x-www-form-urlencoded", length, &cut(form))).await;
        let page = String::from_utf8(page).unwrap();
        assert_eq!(status, 400, "{head}");
        assert!(head.contains("text/html") && page.contains("ended early") && page.contains("try again"), "{page}");
    }
    assert_eq!(app.count("responses"), 0);
}

#[tokio::test]
async fn hostile_body_is_a_problem_and_stores_nothing() {
    let app = TestApp::on(Backend::Sqlite).await;
    let key = &app.site_key;
    let with = |more: &str| format!(r#"{{"site_key":"{key}","score":1,{more}}}"#).into_bytes();
    let bytes =
        |more: &[u8]| [format!(r#"{{"site_key":"{key}","score":1,"comment":""#).as_bytes(), more, b"\"}"].concat();
    let scored = |score: &str| format!(r#"{{"site_key":"{key}","score":{score}}}"#).into_bytes();
    let whole = with(r#""comment":"x""#);
    let megabyte = bytes(&b"x".repeat(1 << 20));
    let deep = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();

    for (what, status, request) in [
        ("nothing", 400, with_length(b"")),
        ("truncated JSON", 400, with_length(&whole[..whole.len() - 3])),
        ("a megabyte of comment", 413, with_length(&megabyte)),
        ("a megabyte in chunks", 413, chunked(&megabyte, 4096)),
        ("a comment over its limit", 422, with_length(&bytes(&b"x".repeat(10_001)))),
        ("arrays in arrays", 400, with_length(&deep(30_000))),
        (
            "objects in objects",
            400,
            with_length(&[br#"{"a":"#.repeat(9_000), b"1".to_vec(), b"}".repeat(9_000)].concat()),
        ),
        ("a field given twice", 422, with_length(&with(r#""score":2"#))),
        ("invalid UTF-8", 400, with_length(&bytes(b"caf\xe9"))),
        ("overlong UTF-8", 400, with_length(&bytes(b"\xc0\x80"))),
        ("a surrogate as UTF-8", 400, with_length(&bytes(b"\xed\xa0\x80"))),
        ("a raw NUL", 400, with_length(&bytes(b"\0"))),
        ("NUL in one line", 422, with_length(&with(r#""survey":"a\u0000b""#))),
        ("a score out of range", 422, with_length(&scored("6"))),
        ("a score beyond 64 bits", 422, with_length(&scored("92233720368547758080"))),
        ("a huge exponent", 400, with_length(&scored("1e999999999"))),
        ("a fraction", 422, with_length(&scored("1.5"))),
        ("a byte order mark", 400, with_length(&[b"\xef\xbb\xbf", whole.as_slice()].concat())),
        ("UTF-16", 400, with_length(&whole.iter().flat_map(|byte| [*byte, 0]).collect::<Vec<_>>())),
        ("two bodies", 400, with_length(&[whole.clone(), whole.clone()].concat())),
        (
            "thousands of unknown fields",
            422,
            with_length(&with(&(0..5_000).map(|n| format!("\"f{n}\":1")).collect::<Vec<_>>().join(","))),
        ),
        ("fewer bytes than announced", 400, post(&format!("Content-Length: {}\r\n", whole.len() + 9), &whole)),
        ("chunks without an end", 400, {
            let mut cut = chunked(&whole, 7);
            cut.truncate(cut.len() - 5);
            cut
        }),
        ("too large by its own word", 413, post("Content-Length: 99999999999\r\n", &whole)),
    ] {
        let (answered, head, body) = answer(&app, &request).await;
        assert_eq!(answered, status, "{what}: {}", String::from_utf8_lossy(&body));
        assert!(head.contains(&format!("content-type: {PROBLEM_JSON}")), "{what}: {head}");
        let problem: Problem = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(problem.status, status, "{what}");
        assert_eq!(problem.errors.is_empty(), status != 422, "{what}: {problem:?}");
        assert!(body.len() < BODY_MAX_BYTES, "{what}: an answer of {} bytes", body.len());
    }

    // Not even HTTP: these end in the layer below, which says 400 and no more.
    for (what, headers) in [
        ("a length that is no number", "Content-Length: many\r\n"),
        ("a negative length", "Content-Length: -1\r\n"),
        ("two lengths", "Content-Length: 10\r\nContent-Length: 20\r\n"),
        ("a length and chunks", "Content-Length: 10\r\nTransfer-Encoding: chunked\r\n"),
        ("an unknown coding", "Transfer-Encoding: rot13\r\n"),
    ] {
        let (answered, head, _) = answer(&app, &post(headers, &whole)).await;
        assert!((400..=501).contains(&answered), "{what}: {head}");
    }
    assert_eq!(app.count("responses"), 0);

    // More than announced is no part of the body, and the connection is closed; chunks may be of any size.
    let (status, ..) =
        answer(&app, &post(&format!("Content-Length: {}\r\n", whole.len()), &[&whole[..], b"  "].concat())).await;
    assert_eq!(status, 201);
    for size in [1, 2, 100] {
        assert_eq!(answer(&app, &chunked(&whole, size)).await.0, 201);
    }
    app.respond(&sample::response(4)).await.expect(201);
    assert_eq!(app.count("responses"), 5);
}
