//! An id that the answer and the log share.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, TestApp, sample, wait};
use reqwest::Method;
use serde_json::{Value, json};

const GIVEN: &str = "edge-7f3a.42";

fn id(answer: &Answer) -> &str {
    answer.header("x-request-id").unwrap_or_else(|| panic!("no X-Request-Id: {answer:?}"))
}

#[tokio::test]
async fn every_answer_has_an_id() {
    let app = TestApp::on(Backend::Sqlite).await;
    let created = app.respond(&sample::response(4)).await;
    let mut ids = vec![id(&created).to_owned()];
    for path in ["/healthz", "/widget.js", "/metrics", "/v1/admin/responses", "/no/such/page", "/v1/responses"] {
        ids.push(id(&app.get(path).await).to_owned());
    }
    for own in &ids {
        assert!(own.len() == 16 && own.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{own}");
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "ids differ");

    for (given, taken_over) in [(GIVEN, true), ("ann@shop.example", false), ("two words", false)] {
        let answer = app.send(app.request(Method::GET, "/healthz").header("X-Request-Id", given)).await;
        assert_eq!(id(&answer) == given, taken_over, "{given}");
    }
}

/// The server's own fault: a table it needs is gone.
async fn faulty_app(log_format: &str) -> TestApp {
    let app = TestApp::on(Backend::Sqlite)
        .setting("COUNTERBELL_LOG_FORMAT", log_format)
        .setting("COUNTERBELL_LOG", "debug,actix_server=warn,actix_http=warn,mio=warn")
        .await;
    app.execute("ALTER TABLE score_days RENAME TO gone");
    app
}

async fn fail(app: &TestApp) -> Answer {
    let path = "/v1/admin/summary?touchpoint=a-name-typed-by-somebody";
    app.send(app.request(Method::GET, path).bearer_auth(&app.api_key).header("X-Request-Id", GIVEN)).await
}

#[tokio::test]
async fn failing_request_is_found_in_the_text_log_by_its_id() {
    let app = faulty_app("text").await;

    let answer = fail(&app).await;

    let problem = answer.expect_problem(ProblemCode::Internal);
    assert_eq!(id(&answer), GIVEN);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "headers of inner layers stay");
    assert_eq!(problem.instance.as_deref(), Some("urn:counterbell:request:edge-7f3a.42"));
    assert!(problem.detail.contains(GIVEN), "{problem:?}");
    assert!(!problem.detail.contains("score_days"), "tells nothing of the inside: {problem:?}");
    let line = wait::until("line of the request", async || {
        app.log().lines().find(|line| line.contains("ERROR") && line.contains(GIVEN)).map(str::to_owned)
    })
    .await;
    assert!(line.contains("score_days") && line.contains(&format!("request.id=\"{GIVEN}\"")), "{line}");
    let errors = app.log().lines().filter(|line| line.contains("ERROR")).count();
    assert_eq!(errors, 1, "logged once: {}", app.log());
}

#[tokio::test]
async fn failing_request_is_found_in_the_json_log_by_its_id() {
    let app = faulty_app("json").await;

    fail(&app).await.expect_problem(ProblemCode::Internal);

    let lines = wait::until("lines of the request", async || {
        let lines: Vec<Value> = app.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of_request: Vec<_> = lines.into_iter().filter(|line| line["request.id"] == GIVEN).collect();
        Some(of_request).filter(|lines| lines.len() == 2)
    })
    .await;
    assert_eq!((&lines[0]["level"], &lines[0]["http.status"]), (&json!("ERROR"), &json!(500)));
    assert!(lines[0]["message"].as_str().unwrap().contains("score_days"), "{}", lines[0]);
    let access = &lines[1];
    assert_eq!((&access["level"], &access["http.route"]), (&json!("DEBUG"), &json!("/v1/admin/summary")));
    assert!(access["duration_us"].is_u64(), "{access}");
}

#[tokio::test]
async fn log_knows_no_customer_even_when_it_says_everything() {
    let app = faulty_app("text").await;
    let members = json!({
        "comment": "words of a customer", "contact": { "email": "ann@example.org", "consent": true },
        "customer_ref": "C-4711",
    });
    app.respond(&sample::with(sample::response(1), members)).await.expect_problem(ProblemCode::StorageUnavailable);
    fail(&app).await;
    app.get("/ann@example.org?comment=words").await;

    wait::until_true("access lines", async || app.log().contains("(none) 404")).await;
    for hidden in ["words", "ann@example.org", "C-4711", "typed-by-somebody", sample::RECIPIENT, &app.api_key] {
        assert!(!app.log().contains(hidden), "{hidden} is in {}", app.log());
    }
}
