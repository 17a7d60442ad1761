//! Who may read what.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, TestApp, sample};
use reqwest::Method;
use serde_json::json;

const PATHS: [&str; 11] = [
    "/v1/admin/responses",
    "/v1/admin/responses/018bcfe5-6800-7fff-bfff-ffffffffffff",
    "/v1/admin/summary",
    "/v1/admin/outbox",
    "/v1/admin/surveys",
    "/v1/admin/surveys/csat",
    "/v1/admin/cases",
    "/v1/admin/cases/1",
    "/v1/admin/cases/1/timeline",
    "/v1/admin/root-causes",
    "/v1/admin/loop",
];

async fn get_as(app: &TestApp, authorization: &str, path: &str) -> Answer {
    app.send(app.request(Method::GET, path).header("authorization", authorization)).await
}

#[tokio::test]
async fn nothing_is_shown_without_a_known_key() {
    let app = TestApp::on(Backend::Sqlite).await;
    let other = if app.api_key.ends_with('x') { 'y' } else { 'x' };
    let altered = format!("Bearer {}{other}", &app.api_key[..app.api_key.len() - 1]);
    for path in PATHS {
        let anonymous = app.get(path).await;
        anonymous.expect_problem(ProblemCode::Unauthorized);
        assert!(anonymous.header("www-authenticate").unwrap().starts_with("Bearer"), "{anonymous:?}");
        for authorization in ["Bearer", "Bearer ", "Bearer x", "Basic YTpi", &app.api_key, altered.as_str()] {
            get_as(&app, authorization, path).await.expect_problem(ProblemCode::Unauthorized);
        }
    }
}

#[tokio::test]
async fn unknown_parameter_is_refused_by_every_operation() {
    let app = TestApp::on(Backend::Sqlite).await;
    let id = "018bcfe5-6800-7fff-bfff-ffffffffffff";
    let gets = PATHS.map(|path| (Method::GET, path.to_owned()));
    let theme = format!("/v1/admin/sites/{}/theme", app.site_key);
    let others = [
        (Method::POST, format!("/v1/admin/responses/{id}/release")),
        (Method::POST, format!("/v1/admin/outbox/{id}/resend")),
        (Method::POST, "/v1/admin/surveys/csat/publish".to_owned()),
        (Method::GET, format!("/v1/admin/sites/{}/staff", app.site_key)),
        (Method::DELETE, format!("/v1/admin/sites/{}/staff/1", app.site_key)),
        (Method::DELETE, format!("/v1/admin/sites/{}/teams/counter", app.site_key)),
        (Method::POST, "/v1/admin/cases/actions".to_owned()),
        (Method::POST, "/v1/admin/cases/1/actions".to_owned()),
        (Method::DELETE, "/v1/admin/root-causes/price".to_owned()),
        (Method::GET, theme.clone()),
        (Method::DELETE, theme),
    ];
    for (method, path) in gets.into_iter().chain(others) {
        let request = app.request(method, &format!("{path}?tpyo=1")).bearer_auth(&app.api_key);
        let problem = app.send(request).await.expect_problem(ProblemCode::InvalidParameter);
        assert!(problem.detail.contains("tpyo"), "{path}: {problem:?}");
    }
}

#[tokio::test]
async fn revoked_key_opens_nothing() {
    let app = TestApp::on(Backend::Sqlite).await;
    app.admin("/v1/admin/responses").await.expect(200);
    let listed = app.cli(&["key", "list", "--json"]).json();
    assert!(!listed.to_string().contains(&app.api_key), "a key is shown once: {listed}");
    let key_id = listed[0]["key_id"].as_str().unwrap();

    let revoked = app.cli(&["key", "revoke", key_id]);

    assert!(revoked.status.success(), "{revoked:?}");
    for path in PATHS {
        app.admin(path).await.expect_problem(ProblemCode::Unauthorized);
    }
}

#[tokio::test]
async fn key_of_one_site_shows_nothing_of_another() {
    let app = TestApp::on(Backend::Sqlite).await;
    let other = app.create_site("https://other.example", "staff@other.example");
    let response = sample::with(sample::response(1), json!({ "site_key": other }));
    app.respond(&response).await.expect(201);

    for path in ["/v1/admin/responses", "/v1/admin/outbox"] {
        assert_eq!(app.admin(path).await.expect(200)["items"], json!([]), "{path}");
        app.admin(&format!("{path}?site={other}")).await.expect_problem(ProblemCode::Forbidden);
    }
    assert_eq!(app.admin("/v1/admin/summary").await.expect(200)["count"], 0);
    app.admin(&format!("/v1/admin/summary?site={other}")).await.expect_problem(ProblemCode::Forbidden);
    let id = response["response_id"].as_str().unwrap();
    app.admin(&format!("/v1/admin/responses/{id}")).await.expect_problem(ProblemCode::NotFound);
}

#[tokio::test]
async fn key_to_all_sites_shows_all_or_the_one_asked_for() {
    let app = TestApp::on(Backend::Sqlite).await;
    let other = app.create_site("https://other.example", "staff@other.example");
    let key = app.cli(&["key", "create", "--all-sites", "--json"]).json();
    let bearer = format!("Bearer {}", key["api_key"].as_str().unwrap());
    app.respond(&sample::response(4)).await.expect(201);
    let elsewhere = sample::with(sample::response(5), json!({ "site_key": other }));
    app.respond(&elsewhere).await.expect(201);

    for (query, count) in [(String::new(), 2), (format!("?site={other}"), 1), (format!("?site={}", app.site_key), 1)] {
        let page = get_as(&app, &bearer, &format!("/v1/admin/responses{query}")).await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{query}");
        let summary = get_as(&app, &bearer, &format!("/v1/admin/summary{query}")).await.expect(200);
        assert_eq!(summary["count"], count, "{query}");
    }
    let id = elsewhere["response_id"].as_str().unwrap();
    let one = get_as(&app, &bearer, &format!("/v1/admin/responses/{id}")).await.expect(200);
    assert_eq!(one["site_key"], json!(other));
}

#[tokio::test]
async fn response_that_is_not_there_is_not_found() {
    let app = TestApp::on(Backend::Sqlite).await;
    app.admin(PATHS[1]).await.expect_problem(ProblemCode::NotFound);
    app.admin("/v1/admin/responses/1").await.expect_problem(ProblemCode::NotFound);
}

#[tokio::test]
async fn what_was_said_stays_out_of_caches() {
    let app = TestApp::on(Backend::Sqlite).await;
    let cache = app.admin("/v1/admin/responses").await.header("cache-control").map(str::to_owned);
    assert!(cache.as_deref().is_some_and(|cache| cache.contains("no-store")), "{cache:?}");
}
