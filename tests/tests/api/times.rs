//! Times no calendar shows, in what is asked, sent, imported and stored.

use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_tests::{Backend, TestApp, sample, wait};
use reqwest::Method;
use serde_json::{Value, json};

/// The first and the last time there is in answers.
const FIRST: &str = "0000-01-01T00:00:00.000Z";
const LAST: &str = "9999-12-30T22:00:00.000Z";

/// Valid by RFC 3339, and later than any calendar of ours goes.
const FAR_FUTURE: [&str; 4] =
    ["9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999Z", "9999-12-30T23:59:59-23:59"];
/// No times by RFC 3339.
const NO_TIMES: [&str; 8] = [
    "10000-01-01",
    "10000-01-01T00:00:00Z",
    "+010000-01-01T00:00:00Z",
    "-000001-12-31T23:59:59Z",
    "-009999-01-02T01:59:59Z",
    "9999-12-32",
    "9223372036854775807",
    "-9223372036854775808",
];

#[tokio::test]
async fn far_times_of_a_query_are_answered_and_no_times_refused() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.respond(&sample::with(sample::response(4), json!({ "comment": "soup" }))).await.expect(201);
        for list in ["responses?", "responses?metric=csat&", "responses?q=soup&", "summary?"] {
            for name in ["from", "to"] {
                for time in NO_TIMES.map(|time| time.replace('+', "%2B")) {
                    let answer = app.admin(&format!("/v1/admin/{list}{name}={time}")).await;
                    let problem = answer.expect_problem(ProblemCode::InvalidParameter);
                    assert!(problem.detail.contains(name) && problem.detail.contains("RFC 3339"), "{problem:?}");
                }
            }
            for time in FAR_FUTURE {
                let all = app.admin(&format!("/v1/admin/{list}to={time}&from=0000-01-01")).await.expect(200);
                let none = app.admin(&format!("/v1/admin/{list}from={time}&to=0000-01-01")).await.expect(200);
                let count =
                    |answer: &Value| answer["count"].as_u64().or(answer["items"].as_array().map(|a| a.len() as u64));
                if list != "responses?q=soup&" {
                    assert_eq!(count(&all), Some(1), "{backend:?} {list}{time}: {all}");
                }
                assert_eq!(count(&none), Some(0), "{backend:?} {list}{time}: {none}");
            }
        }
        let summary = app.admin("/v1/admin/summary?from=0000-01-01&to=9999-12-31").await.expect(200);
        assert_eq!((&summary["from"], &summary["to"]), (&json!(FIRST), &json!(LAST)), "{backend:?}");
    }
}

#[tokio::test]
async fn far_times_of_a_response_become_now_and_no_times_are_refused() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        for time in NO_TIMES {
            let answer = app.respond(&sample::with(sample::response(4), json!({ "created_at": time }))).await;
            let problem = answer.expect_problem(ProblemCode::InvalidResponse);
            assert_eq!(problem.errors[0].pointer, "/created_at", "{time}");
        }
        for time in FAR_FUTURE {
            app.respond(&sample::with(sample::response(4), json!({ "created_at": time }))).await.expect(201);
        }
        for item in app.admin_items("/v1/admin/responses").await {
            assert_eq!(item["created_at"], item["received_at"], "{backend:?}");
        }

        let file = app.dir().join("history.csv");
        let rows: Vec<_> = FAR_FUTURE.iter().chain(&NO_TIMES).map(|time| format!("5,{time}\n")).collect();
        std::fs::write(&file, format!("score,when\n{}", rows.concat())).unwrap();
        let args = ["import", "--json", "--site", &app.site_key, "--map", "score=score,created_at=when"];
        let report = app.cli(&[&args[..], &[&file.display().to_string()]].concat()).json();
        assert_eq!((&report["accepted"], &report["rejected"]), (&json!(4), &json!(8)), "{backend:?}: {report}");
        assert!(report["first_rejects"][0][1].as_str().unwrap().contains("RFC 3339"), "{report}");
    }
}

#[tokio::test]
async fn cursor_of_any_number_is_answered() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.respond(&sample::response(1)).await.expect(201);
        for number in ["8000000000000000", "7fffffffffffffff", "0000000000000000"] {
            for (list, numbers) in [("responses?", 4), ("outbox?", 3), ("responses?q=soup&", 1)] {
                let cursor = number.repeat(numbers);
                app.admin(&format!("/v1/admin/{list}cursor={cursor}")).await.expect(200);
            }
        }
    }
}

/// Every time there is in the database becomes this: as after another program wrote to it.
fn set_times(app: &TestApp, unix_ms: i64) {
    let day = (unix_ms / DAY_MS).clamp(i32::MIN.into(), i32::MAX.into());
    app.execute(&format!(
        "UPDATE responses SET created_at = {unix_ms}, received_at = {unix_ms}; UPDATE score_days SET day = {day}; \
         UPDATE outbox SET state = 'parked', created_at = {unix_ms}, finished_at = {unix_ms}; \
         UPDATE surveys SET created_at = {unix_ms}, published_at = {unix_ms}; \
         UPDATE api_keys SET created_at = {unix_ms}; UPDATE sites SET created_at = {unix_ms}"
    ));
}

#[tokio::test]
async fn stored_times_that_no_calendar_shows_harm_nothing() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.publish_survey(&sample::survey("fitting-room"));
        let responses = [sample::response(1), sample::response(1), sample::response(1)];
        for response in &responses {
            app.respond(response).await.expect(201);
        }
        wait_for_delivered(&app, 3).await;
        for (stored, shown) in [
            (i64::MIN, FIRST),
            (UnixMillis::FIRST.0 - 1, FIRST),
            (-1, "1969-12-31T23:59:59.999Z"),
            (UnixMillis::LAST.0 + 1, LAST),
            (i64::MAX, LAST),
        ] {
            let what = format!("{backend:?}, {stored}");
            set_times(&app, stored);

            let listed = walk(&app, "/v1/admin/responses").await;
            assert_eq!(listed.len(), 3, "{what}");
            assert_eq!((&listed[0]["created_at"], &listed[0]["received_at"]), (&json!(shown), &json!(shown)), "{what}");
            let id = responses[0]["response_id"].as_str().unwrap();
            app.admin(&format!("/v1/admin/responses/{id}")).await.expect(200);
            let messages = walk(&app, "/v1/admin/outbox").await;
            assert_eq!((messages.len(), &messages[0]["finished_at"]), (3, &json!(shown)), "{what}");
            let surveys = app.admin("/v1/admin/surveys").await.expect(200);
            assert!(surveys.to_string().contains(shown), "{what}: {surveys}");
            for from in ["", "?from=0000-01-01"] {
                app.admin(&format!("/v1/admin/summary{from}")).await.expect(200);
            }
            check_commands(&app, &what);

            let mail = mail_sent_again(&app, messages[0]["message_id"].as_str().unwrap()).await;
            let minute = format!("{} {} UTC", &shown[..10], &shown[11..16]);
            assert!(mail.contains(&minute), "{what}: no {minute:?} in {mail}");
            assert!(!app.log().contains("panicked"), "{what}: {}", app.log());
        }
    }
}

/// Commands that show or compare times.
fn check_commands(app: &TestApp, what: &str) {
    let on_site = |args: &[&'static str]| app.cli(&[args, &["--site", &app.site_key]].concat());
    for output in [app.cli(&["key", "list"]), app.cli(&["site", "list"]), on_site(&["survey", "list"])] {
        assert!(output.status.success(), "{what}: {output:?}");
    }
    on_site(&["survey", "publish", "fitting-room", "--json"]).json();
    let verified = app.cli(&["verify", "--repair"]);
    assert!(verified.status.code() == Some(1) && verified.stdout.contains("a time"), "{what}: {verified:?}");
    // The clock may seem to be wrong.
    let doctor = app.cli(&["doctor"]);
    assert!(doctor.status.code().is_some_and(|code| code <= 1), "{what}: {doctor:?}");
}

async fn wait_for_delivered(app: &TestApp, messages: i64) {
    wait::until_true("mails", async || app.count("outbox WHERE state = 'delivered'") == messages).await;
}

/// The text of the only mail that is sent for a parked message.
async fn mail_sent_again(app: &TestApp, message_id: &str) -> String {
    for mail in std::fs::read_dir(app.dir().join("mail")).unwrap() {
        std::fs::remove_file(mail.unwrap().path()).unwrap();
    }
    let resend = app.request(Method::POST, &format!("/v1/admin/outbox/{message_id}/resend"));
    app.send(resend.bearer_auth(&app.api_key)).await.expect(202);
    wait_for_delivered(app, 1).await;
    app.mail_files()[0].text().to_owned()
}

/// Every item, one to a page.
async fn walk(app: &TestApp, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.admin(&format!("{path}?limit=1{cursor}")).await.expect(200);
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}
