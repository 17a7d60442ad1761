//! What becomes of a request that is not understood: a problem that says what to do, and nothing stored.

use counterbell_shared::limits::{BODY_MAX_BYTES, COMMENT_MAX_CHARS};
use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, TestApp, sample};
use reqwest::Method;
use serde_json::{Value, json};

fn pointers(answer: &Answer) -> Vec<String> {
    let problem = answer.expect_problem(ProblemCode::InvalidResponse);
    assert!(problem.errors.iter().all(|error| !error.detail.is_empty()), "{problem:?}");
    problem.errors.into_iter().map(|error| error.pointer).collect()
}

/// A body sent as it is.
async fn post(app: &TestApp, content_type: Option<&str>, body: impl Into<reqwest::Body>) -> Answer {
    let request = app.request(Method::POST, "/v1/responses").body(body);
    app.send(match content_type {
        Some(content_type) => request.header("content-type", content_type),
        None => request,
    })
    .await
}

#[tokio::test]
async fn each_bad_field_is_named() {
    let app = TestApp::on(Backend::Sqlite).await;
    let cases = [
        ("/site_key", json!({ "site_key": "shop" })),
        ("/response_id", json!({ "response_id": "1" })),
        ("/survey", json!({ "survey": "mood" })),
        ("/score", json!({ "score": 0 })),
        ("/score", json!({ "score": 6 })),
        ("/score", json!({ "survey": "nps", "score": 11 })),
        ("/comment", json!({ "comment": "x".repeat(COMMENT_MAX_CHARS + 1) })),
        ("/contact/email", json!({ "contact": { "email": "nobody", "consent": true } })),
        ("/created_at", json!({ "created_at": "yesterday" })),
        ("/revision", json!({ "revision": -1 })),
        ("/revision", json!({ "revision": 1001 })),
    ];
    for (pointer, members) in cases {
        let answer = app.respond(&sample::with(sample::response(4), members.clone())).await;
        assert_eq!(pointers(&answer), [pointer], "{members}");
    }
    assert_eq!(app.count("responses"), 0);
}

#[tokio::test]
async fn all_bad_fields_are_named_at_once() {
    let app = TestApp::on(Backend::Sqlite).await;
    let members = json!({ "response_id": "1", "score": 9, "created_at": "?", "revision": -1 });

    let answer = app.respond(&sample::with(sample::response(4), members)).await;

    assert_eq!(pointers(&answer), ["/response_id", "/score", "/created_at", "/revision"]);
}

#[tokio::test]
async fn member_of_a_wrong_type_is_named() {
    let app = TestApp::on(Backend::Sqlite).await;
    for (pointer, members) in [
        ("/score", json!({ "score": "4" })),
        ("/score", json!({ "score": 4.5 })),
        ("/score", json!({ "score": null })),
        ("/score", json!({ "score": 1_000_000_000_000_000_000_000_f64 })),
        ("/comment", json!({ "comment": 5 })),
        ("/response_id", json!({ "response_id": ["x"] })),
        ("/complete", json!({ "complete": 1 })),
        ("/revision", json!({ "revision": "2" })),
        ("/contact", json!({ "contact": "ann@mail.example" })),
        ("/contact/email", json!({ "contact": { "email": 1, "consent": true } })),
        ("/contact/consent", json!({ "contact": { "email": "ann@mail.example", "consent": "yes" } })),
    ] {
        let answer = app.respond(&sample::with(sample::response(4), members.clone())).await;
        assert_eq!(pointers(&answer), [pointer], "{members}");
    }
    assert_eq!(app.count("responses"), 0);
}

#[tokio::test]
async fn unknown_and_missing_members_are_named() {
    let app = TestApp::on(Backend::Sqlite).await;
    let site_key = &app.site_key;
    for (member, body) in [
        ("rating", json!({ "site_key": site_key, "score": 4, "rating": 5 })),
        (
            "phone",
            json!({ "site_key": site_key, "score": 4, "contact": { "email": "a@b", "consent": true, "phone": "1" } }),
        ),
        ("score", json!({ "site_key": site_key })),
        ("site_key", json!({ "score": 4 })),
        ("consent", json!({ "site_key": site_key, "score": 4, "contact": { "email": "a@b" } })),
    ] {
        let answer = post(&app, Some("application/json"), body.to_string()).await;
        let problem = answer.expect_problem(ProblemCode::InvalidResponse);
        assert!(serde_json::to_string(&problem).unwrap().contains(member), "{member}: {problem:?}");
        assert_eq!(problem.errors.len(), 1, "{problem:?}");
    }
}

#[tokio::test]
async fn json_that_is_no_object_is_not_a_response() {
    let app = TestApp::on(Backend::Sqlite).await;
    for body in ["[]", "4", "null", "\"score\""] {
        post(&app, Some("application/json"), body).await.expect_problem(ProblemCode::InvalidResponse);
    }
}

#[tokio::test]
async fn text_that_is_no_json_is_malformed() {
    let app = TestApp::on(Backend::Sqlite).await;
    let whole = json!({ "site_key": app.site_key, "score": 4 }).to_string();
    let cases: [Vec<u8>; 6] = [
        b"".to_vec(),
        b"score=4".to_vec(),
        whole[1..].into(),
        whole[..whole.len() - 1].into(),
        format!("{whole}}}").into(),
        b"{\"comment\":\"\xff\"}".to_vec(),
    ];
    for body in cases {
        let answer = post(&app, Some("application/json"), body).await;
        answer.expect_problem(ProblemCode::MalformedJson);
    }
}

#[tokio::test]
async fn json_is_declared_as_json() {
    let app = TestApp::on(Backend::Sqlite).await;
    let body = json!({ "site_key": app.site_key, "score": 4 }).to_string();
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx")]
    {
        post(&app, content_type, body.clone()).await.expect_problem(ProblemCode::UnsupportedMediaType);
    }
    assert_eq!(app.count("responses"), 0);
    for content_type in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        post(&app, Some(content_type), body.clone()).await.expect(201);
    }
}

#[tokio::test]
async fn text_that_ends_early_says_so() {
    let app = TestApp::on(Backend::Sqlite).await;
    let whole =
        json!({ "site_key": app.site_key, "score": 4, "comment": "Caf\u{e9}", "answers": { "a": {} } }).to_string();
    for end in 1..whole.len() {
        let answer = post(&app, Some("application/json"), whole.as_bytes()[..end].to_vec()).await;
        let problem = answer.expect_problem(ProblemCode::MalformedJson);
        assert!(problem.detail.contains("ended early"), "{end}: {problem:?}");
    }
    let empty = post(&app, Some("application/json"), "").await.expect_problem(ProblemCode::MalformedJson);
    assert!(empty.detail.contains("empty"), "{empty:?}");
    assert_eq!(app.count("responses"), 0);
}

#[tokio::test]
async fn compressed_body_is_refused_by_the_name_of_its_coding() {
    let app = TestApp::on(Backend::Sqlite).await;
    let body = json!({ "site_key": app.site_key, "score": 4 }).to_string();
    let form = format!("/f/{}/till", app.site_key);
    for coding in ["gzip", "br", "deflate", "zstd", "identity, gzip", "rot13"] {
        let sent = |path: &str, content_type: &str| {
            let request = app.request(Method::POST, path).header("content-type", content_type);
            request.header("content-encoding", coding).body(b"\x1f\x8b\x08\x00".to_vec())
        };
        let answer = app.send(sent("/v1/responses", "application/json")).await;
        let problem = answer.expect_problem(ProblemCode::UnsupportedMediaType);
        assert!(problem.detail.contains(coding) && problem.detail.contains("Content-Encoding"), "{problem:?}");
        assert_eq!(answer.header("accept-encoding"), Some("identity"));
        let page = app.send(sent(&form, "application/x-www-form-urlencoded")).await;
        assert_eq!(page.status, 415);
        assert!(page.text().contains(coding), "{}", page.text());
    }
    let put = app.request(Method::PUT, "/v1/admin/surveys/own").bearer_auth(&app.api_key);
    let put = put.header("content-type", "application/json").header("content-encoding", "gzip").body("{}");
    app.send(put).await.expect_problem(ProblemCode::UnsupportedMediaType);
    assert_eq!(app.count("responses"), 0);
    for coding in ["identity", "Identity", ""] {
        let request = app.request(Method::POST, "/v1/responses").header("content-type", "application/json");
        app.send(request.header("content-encoding", coding).body(body.clone())).await.expect(201);
    }
}

#[tokio::test]
async fn body_over_the_limit_is_too_large() {
    let app = TestApp::on(Backend::Sqlite).await;
    let body = |length: usize| {
        let start = format!("{{\"site_key\":\"{}\",\"score\":4", app.site_key);
        format!("{start}{}}}", " ".repeat(length - start.len() - 1))
    };
    post(&app, Some("application/json"), body(BODY_MAX_BYTES)).await.expect(201);
    post(&app, Some("application/json"), body(BODY_MAX_BYTES + 1)).await.expect_problem(ProblemCode::BodyTooLarge);
    assert_eq!(app.count("responses"), 1);
}

#[tokio::test]
async fn site_key_nobody_has_is_not_found() {
    let app = TestApp::on(Backend::Sqlite).await;
    let unknown = json!({ "site_key": "site_0123456789abcdef" });
    let answer = app.respond(&sample::with(sample::response(4), unknown)).await;
    answer.expect_problem(ProblemCode::UnknownSite);
}

#[tokio::test]
async fn address_or_method_without_meaning_is_a_problem_too() {
    let app = TestApp::on(Backend::Sqlite).await;
    app.get("/nowhere").await.expect_problem(ProblemCode::NotFound);
    app.admin("/v1/admin/nowhere").await.expect_problem(ProblemCode::NotFound);
    app.get("/v1/responses").await.expect_problem(ProblemCode::MethodNotAllowed);
    let delete = app.request(Method::DELETE, "/v1/admin/responses").bearer_auth(&app.api_key);
    app.send(delete).await.expect_problem(ProblemCode::MethodNotAllowed);
}

#[tokio::test]
async fn a_problem_reveals_nothing_of_what_was_sent() {
    let app = TestApp::on(Backend::Sqlite).await;
    let members: Value = json!({ "comment": "my secret", "contact": { "email": "my secret", "consent": true } });
    let answer = app.respond(&sample::with(sample::response(4), members)).await;
    assert_eq!(pointers(&answer), ["/contact/email"]);
    assert!(!answer.text().contains("my secret"), "{}", answer.text());
    assert!(!app.log().contains("my secret"), "{}", app.log());
}
