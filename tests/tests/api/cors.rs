//! Who may send from a web page.

use counterbell_shared::limits::BODY_MAX_BYTES;
use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, TestApp, sample};
use reqwest::Method;
use serde_json::{Value, json};

const FOREIGN: &str = "https://evil.example";

async fn preflight(app: &TestApp, origin: &str) -> Answer {
    let request = app.request(Method::OPTIONS, "/v1/responses").header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    app.send(request.header("access-control-request-headers", "content-type")).await
}

async fn respond_from(app: &TestApp, origin: &str, members: Value) -> Answer {
    let body = sample::with(sample::response(4), json!({ "site_key": app.site_key }));
    let request = app.request(Method::POST, "/v1/responses").header("origin", origin);
    app.send(request.json(&sample::with(body, members))).await
}

/// A header's comma-separated values in lower case.
fn list(answer: &Answer, name: &str) -> Vec<String> {
    let values = answer.headers.get_all(name).iter().flat_map(|value| value.to_str().unwrap_or_default().split(','));
    values.map(|value| value.trim().to_ascii_lowercase()).collect()
}

fn allowed_origin(answer: &Answer) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn preflight_of_an_allowed_origin_is_answered_and_cached() {
    let app = TestApp::on(Backend::Sqlite).origins(&[sample::ORIGIN, "http://localhost:3000"]).await;
    for origin in [sample::ORIGIN, "http://localhost:3000"] {
        let answer = preflight(&app, origin).await;
        assert!([200, 204].contains(&answer.status), "{answer:?}");
        assert_eq!(allowed_origin(&answer), Some(origin));
        assert!(list(&answer, "access-control-allow-methods").contains(&"post".to_owned()), "{answer:?}");
        assert!(list(&answer, "access-control-allow-headers").contains(&"content-type".to_owned()), "{answer:?}");
        assert!(list(&answer, "vary").contains(&"origin".to_owned()), "{answer:?}");
        let max_age: u32 = answer.header("access-control-max-age").unwrap().parse().unwrap();
        assert!(max_age >= 600, "{max_age}");
    }
}

#[tokio::test]
async fn preflight_of_a_foreign_origin_allows_nothing() {
    let app = TestApp::on(Backend::Sqlite).await;
    for origin in
        [FOREIGN, "https://shop.example:8443", "http://shop.example", "https://shop.example.evil.example", "null"]
    {
        assert_eq!(allowed_origin(&preflight(&app, origin).await), None, "{origin}");
    }
}

#[tokio::test]
async fn response_is_taken_from_an_allowed_origin_or_from_none() {
    let app = TestApp::on(Backend::Sqlite).await;

    let from_page = respond_from(&app, sample::ORIGIN, json!({})).await;
    from_page.expect(201);
    assert_eq!(allowed_origin(&from_page), Some(sample::ORIGIN));
    assert!(list(&from_page, "vary").contains(&"origin".to_owned()), "{from_page:?}");

    let from_till = app.respond(&sample::response(4)).await;
    from_till.expect(201);
    assert_eq!(allowed_origin(&from_till), None);
    assert_eq!(app.count("responses"), 2);
}

#[tokio::test]
async fn response_from_a_foreign_origin_is_refused() {
    let app = TestApp::on(Backend::Sqlite).await;
    let other = app.create_site(FOREIGN, "staff@evil.example");
    for (origin, site_key) in [
        // Allowed at some site, but not at this one.
        (FOREIGN, app.site_key.as_str()),
        (sample::ORIGIN, other.as_str()),
        ("https://nobody.example", app.site_key.as_str()),
        ("null", app.site_key.as_str()),
    ] {
        let answer = respond_from(&app, origin, json!({ "site_key": site_key })).await;
        answer.expect_problem(ProblemCode::OriginNotAllowed);
    }
    assert_eq!(app.count("responses"), 0);
}

#[tokio::test]
async fn page_can_read_why_it_was_refused() {
    let app = TestApp::on(Backend::Sqlite).await;

    let invalid = respond_from(&app, sample::ORIGIN, json!({ "score": 99 })).await;
    invalid.expect_problem(ProblemCode::InvalidResponse);
    let duplicate = {
        let same = json!({ "response_id": sample::response_id() });
        respond_from(&app, sample::ORIGIN, same.clone()).await.expect(201);
        respond_from(&app, sample::ORIGIN, same).await
    };
    duplicate.expect(200);
    let raw = |body: String, content_type: &'static str| {
        let request = app.request(Method::POST, "/v1/responses").header("origin", sample::ORIGIN);
        app.send(request.header("content-type", content_type).body(body))
    };
    let malformed = raw("{".to_owned(), "application/json").await;
    malformed.expect_problem(ProblemCode::MalformedJson);
    let large = raw(" ".repeat(BODY_MAX_BYTES + 1), "application/json").await;
    large.expect_problem(ProblemCode::BodyTooLarge);

    for answer in [invalid, duplicate, malformed, large] {
        assert_eq!(allowed_origin(&answer), Some(sample::ORIGIN), "{answer:?}");
        assert!(list(&answer, "vary").contains(&"origin".to_owned()), "{answer:?}");
    }
}
