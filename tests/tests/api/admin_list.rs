//! Lists of the admin API: filters, order and pages.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, TestApp, sample};
use reqwest::Method;
use serde_json::{Value, json};

/// Seven responses, named by their order reference, from oldest to newest.
async fn store_seven(app: &TestApp) {
    for (name, touchpoint, survey, score, comment, day) in [
        ("a", "checkout", "csat", 1, Some("late"), "2026-03-01"),
        ("b", "checkout", "csat", 3, None, "2026-03-02"),
        ("c", "delivery", "csat", 5, Some("thanks"), "2026-03-03"),
        ("d", "delivery", "nps", 0, Some("never again"), "2026-03-04"),
        ("e", "store 12", "nps", 8, None, "2026-03-05"),
        ("f", "store 12", "nps", 10, None, "2026-03-06"),
        ("g", "checkout", "ces", 7, Some("easy"), "2026-03-07"),
    ] {
        let members = json!({ "order_ref": name, "touchpoint": touchpoint, "survey": survey, "comment": comment });
        let time = json!({ "created_at": format!("{day}T12:00:00Z") });
        let response = sample::with(sample::with(sample::response(score), members), time);
        app.respond(&response).await.expect(201);
    }
}

fn names(items: &[Value]) -> String {
    items.iter().map(|item| item["order_ref"].as_str().unwrap_or("?")).collect()
}

#[tokio::test]
async fn filters_narrow_the_list_and_newest_come_first() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).any_age().await;
        store_seven(&app).await;
        for (query, expected) in [
            ("", "gfedcba"),
            ("?touchpoint=checkout", "gba"),
            ("?touchpoint=store%2012", "fe"),
            ("?touchpoint=nowhere", ""),
            ("?order_ref=d", "d"),
            ("?order_ref=%20d&metric=nps", "d"),
            ("?order_ref=d&metric=csat", ""),
            ("?order_ref=D", ""),
            ("?metric=nps", "fed"),
            ("?metric=expectation", ""),
            ("?band=dissatisfied", "a"),
            ("?band=neutral", "b"),
            ("?band=satisfied", "c"),
            ("?band=detractor", "d"),
            ("?band=passive", "e"),
            ("?band=promoter", "f"),
            ("?has_comment=true", "gdca"),
            ("?has_comment=false", "feb"),
            // From is included, to is not.
            ("?from=2026-03-04T12:00:00Z", "gfed"),
            ("?to=2026-03-04T12:00:00Z", "cba"),
            ("?from=2026-03-02&to=2026-03-04", "cb"),
            ("?from=2026-03-04T13:00:00%2B01:00&to=2026-03-05", "d"),
            ("?touchpoint=delivery&metric=csat&band=satisfied&has_comment=true&from=2026-03-03", "c"),
            ("?metric=csat&band=promoter", ""),
        ] {
            let page = app.admin(&format!("/v1/admin/responses{query}")).await.expect(200);
            assert_eq!(names(page["items"].as_array().unwrap()), expected, "{query} on {backend:?}");
            assert_eq!(page["next_cursor"], Value::Null, "{query} on {backend:?}");
        }
        let site = format!("/v1/admin/responses?site={}&touchpoint=delivery", app.site_key);
        assert_eq!(names(&app.admin_items(&site).await), "dc", "{backend:?}");
    }
}

#[tokio::test]
async fn cursor_walks_every_item_once() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).any_age().await;
        let mut sent = Vec::new();
        for number in 0..60 {
            // Five share each moment: only the id tells them apart. One in three is of a quieter touchpoint.
            let touchpoint = if number % 3 == 0 { "kiosk" } else { "checkout" };
            let time = format!("2026-03-01T12:00:{:02}Z", number / 5);
            let members = json!({ "created_at": time, "order_ref": "x", "touchpoint": touchpoint });
            let response = sample::with(sample::response(1 + number % 5), members);
            app.respond(&response).await.expect(201);
            sent.push(response["response_id"].as_str().unwrap().to_owned());
        }
        sent.sort_unstable();
        // From now on they say which case they belong to.
        app.triaged().await;
        let whole = app.admin_items("/v1/admin/responses").await;
        let kiosk: Vec<_> = whole.iter().filter(|item| item["touchpoint"] == "kiosk").cloned().collect();
        assert_eq!(kiosk.len(), 20, "{backend:?}");
        for (filter, expected) in [("", &whole), ("&touchpoint=kiosk", &kiosk)] {
            for limit in [1, 4, 7, 19, 20, 59, 60, 61, 200] {
                let (mut walked, mut cursor) = (Vec::new(), String::new());
                loop {
                    let page =
                        app.admin(&format!("/v1/admin/responses?limit={limit}{filter}{cursor}")).await.expect(200);
                    let items = page["items"].as_array().unwrap();
                    walked.extend(items.iter().cloned());
                    let Some(next) = page["next_cursor"].as_str() else { break };
                    assert_eq!(items.len(), limit, "a page is full while there is a next one");
                    cursor = format!("&cursor={next}");
                }
                assert_eq!(&walked, expected, "limit {limit}{filter} on {backend:?}");
            }
        }
        let mut walked: Vec<_> = whole.iter().map(|item| item["response_id"].as_str().unwrap().to_owned()).collect();
        let times: Vec<_> = whole.iter().map(|item| item["created_at"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
        walked.sort_unstable();
        assert_eq!(walked, sent, "{backend:?}");
    }
}

#[tokio::test]
async fn new_responses_do_not_shift_a_walk() {
    let app = TestApp::on(Backend::Sqlite).any_age().await;
    store_seven(&app).await;
    let first = app.admin("/v1/admin/responses?limit=3").await.expect(200);
    app.respond(&sample::response(5)).await.expect(201);

    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.admin(&format!("/v1/admin/responses?limit=3&cursor={cursor}")).await.expect(200);

    assert_eq!(names(second["items"].as_array().unwrap()), "dcb");
}

#[tokio::test]
async fn fifty_items_make_a_page_unless_asked() {
    let app = TestApp::on(Backend::Sqlite).await;
    for _ in 0..51 {
        app.respond(&sample::response(4)).await.expect(201);
    }
    let page = app.admin("/v1/admin/responses").await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 50);
    assert!(page["next_cursor"].is_string());
}

#[tokio::test]
async fn parameter_that_makes_no_sense_is_named() {
    let app = TestApp::on(Backend::Sqlite).await;
    for (parameter, value) in [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "many"),
        ("cursor", "x"),
        ("cursor", "AAAA"),
        ("band", "angry"),
        ("metric", "mood"),
        ("from", "yesterday"),
        ("to", "2026-13-01"),
        ("has_comment", "maybe"),
        ("site", "shop"),
        ("touchpont", "checkout"),
    ] {
        let answer = app.admin(&format!("/v1/admin/responses?{parameter}={value}")).await;
        let problem = answer.expect_problem(ProblemCode::InvalidParameter);
        assert!(answer.text().contains(parameter), "{parameter}={value}: {problem:?}");
    }
    app.admin("/v1/admin/summary?metric=mood").await.expect_problem(ProblemCode::InvalidParameter);
    app.admin("/v1/admin/outbox?limit=0").await.expect_problem(ProblemCode::InvalidParameter);
}

#[tokio::test]
async fn value_that_no_row_can_hold_is_refused_alike_on_both_databases() {
    // NUL, a byte that is no UTF-8, a lone surrogate, and too much.
    let hostile = ["%00", "a%00b", "%ff", "%ed%a0%80", &"x".repeat(300)];
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.respond(&sample::response(4)).await.expect(201);
        for value in hostile {
            for (path, parameter) in [
                ("/v1/admin/responses?touchpoint=", "touchpoint"),
                ("/v1/admin/responses?q=rain&touchpoint=", "touchpoint"),
                ("/v1/admin/responses?site=", "site"),
                ("/v1/admin/responses?metric=", "metric"),
                ("/v1/admin/responses?from=", "from"),
                ("/v1/admin/responses?cursor=", "cursor"),
                ("/v1/admin/responses?q=rain&cursor=", "cursor"),
                ("/v1/admin/summary?touchpoint=", "touchpoint"),
                ("/v1/admin/outbox?state=", "state"),
                ("/v1/admin/outbox?cursor=", "cursor"),
                ("/v1/admin/surveys?site=", "site"),
                ("/v1/admin/surveys/csat?version=", "version"),
                ("/v1/admin/surveys/", "name"),
                ("/v1/widget/SITE?survey=", "survey"),
            ] {
                let path = path.replace("SITE", &app.site_key);
                let answer = app.admin(&format!("{path}{value}")).await;
                let problem = answer.expect_problem(ProblemCode::InvalidParameter);
                assert!(problem.detail.contains(&format!("\"{parameter}\"")), "{backend:?} {path}{value}: {problem:?}");
            }
            for path in ["/v1/admin/responses/", "/v1/widget/", "/v1/admin/sites/", "/assets/"] {
                let status = app.admin(&format!("{path}{value}")).await.status;
                assert_eq!(status, 404, "{backend:?} {path}{value}");
            }
            for path in ["surveys/VALUE/publish", "responses/VALUE/release", "outbox/VALUE/resend"] {
                let path = format!("/v1/admin/{}", path.replace("VALUE", value));
                let answer = app.send(app.request(Method::POST, &path).bearer_auth(&app.api_key)).await;
                assert!([400, 404].contains(&answer.status), "{backend:?} {path}: {answer:?}");
            }
        }
        // A word may be of any length, and what is no word only stands between words.
        for words in ["%00", "a%00b", "%ff", "%ed%a0%80"] {
            let answer = app.admin(&format!("/v1/admin/responses?q={words}")).await;
            assert!(
                answer.expect_problem(ProblemCode::InvalidParameter).detail.contains("\"q\""),
                "{words}: {answer:?}"
            );
        }
        app.admin(&format!("/v1/admin/responses?q={}", "x".repeat(300))).await.expect(200);
        for name in ["%00", "%ff"] {
            app.admin(&format!("/v1/admin/responses?{name}=1")).await.expect_problem(ProblemCode::InvalidParameter);
        }
        // The furthest places there are.
        for far in ["7fffffffffffffff", "8000000000000000"] {
            for cursor in [format!("cursor={far}{far}{}", "f".repeat(32)), format!("q=rain&cursor={far}")] {
                app.admin(&format!("/v1/admin/responses?{cursor}")).await.expect(200);
            }
            app.admin(&format!("/v1/admin/outbox?cursor={far}{}", "f".repeat(32))).await.expect(200);
        }
        assert!(!app.log().contains("ERROR"), "{}", app.log());
    }
}

#[tokio::test]
async fn plus_that_stands_for_a_space_is_named() {
    let app = TestApp::on(Backend::Sqlite).await;
    for path in ["responses?from=", "responses?to=", "summary?from=", "summary?to="] {
        let answer = app.admin(&format!("/v1/admin/{path}2026-11-25T10:00:00+03:00")).await;
        let problem = answer.expect_problem(ProblemCode::InvalidParameter);
        assert!(problem.detail.contains("%2B"), "{path}: {problem:?}");
        app.admin(&format!("/v1/admin/{path}2026-11-25T10:00:00%2B03:00")).await.expect(200);
        let other = app.admin(&format!("/v1/admin/{path}10+o'clock")).await;
        assert!(!other.expect_problem(ProblemCode::InvalidParameter).detail.contains("%2B"), "{path}");
    }
}

#[tokio::test]
async fn outbox_shows_each_message_and_what_became_of_it() {
    let app = TestApp::on(Backend::Sqlite).recipients(&["ann@shop.example", "bob@shop.example"]).await;
    let response = sample::response(2);
    app.respond(&response).await.expect(201);
    app.respond(&sample::response(5)).await.expect(201);

    let delivered = counterbell_tests::wait::until("two delivered messages", async || {
        let items = app.admin_items("/v1/admin/outbox").await;
        (items.len() == 2 && items.iter().all(|item| item["state"] == "delivered")).then_some(items)
    })
    .await;

    let mut recipients: Vec<_> = delivered.iter().map(|item| item["recipient"].as_str().unwrap()).collect();
    recipients.sort_unstable();
    assert_eq!(recipients, ["ann@shop.example", "bob@shop.example"]);
    for item in &delivered {
        assert_eq!(item["response_id"], response["response_id"]);
        assert_eq!(item["kind"], "alert_mail");
        assert_eq!(item["attempts"], 1);
    }
    let id = delivered[0]["message_id"].as_str().unwrap();
    let resend = app.request(Method::POST, &format!("/v1/admin/outbox/{id}/resend")).bearer_auth(&app.api_key);
    app.send(resend).await.expect_problem(ProblemCode::NotFound);
    for (state, count) in [("delivered", 2), ("pending", 0), ("parked", 0)] {
        let items = app.admin_items(&format!("/v1/admin/outbox?state={state}")).await;
        assert_eq!(items.len(), count, "{state}");
    }
    let first = app.admin("/v1/admin/outbox?limit=1").await.expect(200);
    assert_eq!(first["items"].as_array().unwrap().len(), 1);
    assert!(first["next_cursor"].is_string());
}
