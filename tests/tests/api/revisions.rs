//! One response, sent again with more in it.

use std::time::Duration;

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, TestApp, sample, wait};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// An app on each database, and on PostgreSQL one that writes table by table.
pub async fn apps() -> Vec<(String, TestApp)> {
    let mut apps = Vec::new();
    for backend in Backend::ALL {
        apps.push((format!("{backend:?}"), TestApp::on(backend).any_age().await));
    }
    let mut steps = TestApp::on(Backend::Postgres).any_age().await;
    steps.pretend_to_be_spread().await;
    apps.push(("Postgres, table by table".to_owned(), steps));
    apps
}

/// A revision of one response.
pub fn revision(id: &str, revision: i64, score: i64, members: Value) -> Value {
    sample::with(json!({ "response_id": id, "revision": revision, "score": score }), members)
}

/// Status and outcome.
fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["outcome"].as_str().unwrap_or_default().to_owned())
}

pub async fn send(app: &TestApp, response: Value) -> (u16, String) {
    outcome(&app.respond(&response).await)
}

pub async fn stored(app: &TestApp, id: &str) -> Value {
    app.admin(&format!("/v1/admin/responses/{id}")).await.expect(200)
}

/// How often each score was given, lowest first.
pub async fn scores(app: &TestApp, survey: &str) -> Vec<i64> {
    let summary = app.admin(&format!("/v1/admin/summary?metric={survey}")).await.expect(200);
    summary["distribution"].as_array().unwrap().iter().map(|share| share["count"].as_i64().unwrap()).collect()
}

pub fn expect_well(app: &TestApp, place: &str) {
    let verified = app.cli(&["verify", "--json"]);
    assert!(verified.status.success(), "{place}: {verified:?}");
}

pub fn said(status: u16, outcome: &str) -> (u16, String) {
    (status, outcome.to_owned())
}

#[tokio::test]
async fn higher_revision_replaces_what_the_customer_says_and_nothing_else() {
    for (place, app) in apps().await {
        let id = sample::response_id();
        let first = json!({
            "survey_version": 1, "answers": { "reason": { "choices": ["late"] } },
            "complete": false, "touchpoint": "checkout", "order_ref": "A-1", "customer_ref": "C-1",
            "comment": "slow", "locale": "en", "page_url": "https://shop.example/a", "channel": "web",
            "contact": { "email": "ann@mail.example", "consent": true }, "created_at": "2026-01-02T03:04:05Z",
        });
        assert_eq!(send(&app, revision(&id, 0, 3, first)).await, said(201, "accepted"), "{place}");
        assert_eq!(stored(&app, &id).await["complete"], false, "{place}");

        let second = json!({
            "survey_version": 2, "answers": { "reason": { "choices": ["rude"] } },
            "touchpoint": "elsewhere", "comment": "slow, and rude", "channel": "kiosk", "locale": "de",
            "created_at": "2026-02-02T03:04:05Z",
        });
        assert_eq!(send(&app, revision(&id, 1, 4, second)).await, said(200, "updated"), "{place}");

        let row = stored(&app, &id).await;
        for (member, value) in [
            ("score", json!(4)),
            ("comment", json!("slow, and rude")),
            ("locale", json!("de")),
            ("complete", json!(true)),
            ("survey_version", json!(2)),
            ("answers", json!({ "reason": { "choices": ["rude"] } })),
            // Left out, so taken back.
            ("order_ref", Value::Null),
            ("customer_ref", Value::Null),
            ("page_url", Value::Null),
            ("contact", Value::Null),
            // Where and when it was asked.
            ("touchpoint", json!("checkout")),
            ("channel", json!("web")),
            ("created_at", json!("2026-01-02T03:04:05.000Z")),
        ] {
            assert_eq!(row[member], value, "{place}: {member} of {row}");
        }
        assert_eq!(app.count("responses"), 1, "{place}");
        assert_eq!(scores(&app, "csat").await, [0, 0, 0, 1, 0], "{place}");
        expect_well(&app, &place);
    }
}

#[tokio::test]
async fn same_or_lower_revision_changes_nothing() {
    for (place, app) in apps().await {
        let id = sample::response_id();
        // The last one overtook the others.
        let last = json!({ "comment": "last" });
        assert_eq!(send(&app, revision(&id, 2, 5, last.clone())).await, said(201, "accepted"), "{place}");
        for (number, score, members) in [
            (0, 1, json!({ "complete": false, "comment": "first" })),
            (1, 1, json!({ "complete": false })),
            (2, 5, last),
            (2, 1, json!({ "comment": "other words" })),
        ] {
            let answer = send(&app, revision(&id, number, score, members)).await;
            assert_eq!(answer, said(200, "duplicate"), "{place}, revision {number}");
        }

        let row = stored(&app, &id).await;
        assert_eq!((&row["score"], &row["comment"]), (&json!(5), &json!("last")), "{place}");
        assert_eq!(scores(&app, "csat").await, [0, 0, 0, 0, 1], "{place}");
        app.triaged().await;
        assert_eq!((app.count("triage_queue"), app.count("outbox")), (0, 0), "{place}");
    }
}

#[tokio::test]
async fn complete_response_is_added_to_and_stays_as_it_is() {
    for (place, app) in apps().await {
        let id = sample::response_id();
        let first = json!({ "comment": "late", "contact": { "email": "ann@mail.example", "consent": true } });
        assert_eq!(send(&app, revision(&id, 1, 1, first)).await, said(201, "accepted"), "{place}");
        app.triaged().await;
        let before = stored(&app, &id).await;

        let stranger = json!({ "comment": "all is well", "contact": { "email": "eve@mail.example", "consent": true } });
        let answers = json!({ "complete": false, "answers": { "reasons": { "choices": ["price"] } } });
        for (number, score, members, answer) in [
            (2, 5, stranger.clone(), "updated"),
            (2, 5, stranger.clone(), "duplicate"),
            (2, 4, json!({ "comment": "other words" }), "duplicate"),
            (3, 5, stranger, "duplicate"),
            (4, 1, json!({ "comment": "late" }), "duplicate"),
            (0, 3, json!({ "comment": "earlier" }), "duplicate"),
            (9, 2, answers, "updated"),
        ] {
            let sent = send(&app, revision(&id, number, score, members)).await;
            assert_eq!(sent, said(200, answer), "{place}: revision {number}");
        }

        let mut row = stored(&app, &id).await;
        let additions = row.as_object_mut().unwrap().remove("additions").unwrap();
        assert_eq!(row, before, "{place}");
        let told_of: Vec<_> =
            additions.as_array().unwrap().iter().map(|one| (&one["score"], &one["comment"])).collect();
        assert_eq!(told_of, [(&json!(5), &json!("all is well")), (&json!(2), &Value::Null)], "{place}");
        assert_eq!(additions[1]["answers"]["reasons"]["choices"], json!(["price"]), "{place}");
        assert!(!additions.to_string().contains("eve@"), "{place}: {additions}");
        let listed = app.admin_items("/v1/admin/responses").await;
        assert_eq!(listed[0]["additions"], additions, "{place}");
        assert_eq!(scores(&app, "csat").await, [1, 0, 0, 0, 0], "{place}");
        app.triaged().await;
        assert_eq!((app.count("outbox"), app.count("alerts")), (1, 1), "{place}");
        expect_well(&app, &place);
    }
}

#[tokio::test]
async fn response_that_is_not_complete_may_be_replaced_for_a_day() {
    for (hours, setting) in [(24, None), (2, Some("2"))] {
        for backend in Backend::ALL {
            let mut setup = TestApp::on(backend);
            if let Some(setting) = setting {
                setup = setup.setting("COUNTERBELL_REVISABLE_HOURS", setting);
            }
            let app = setup.await;
            let [young, old] = [sample::response_id(), sample::response_id()];
            for (id, age_ms) in [(&young, hours * 3_600_000 - 60_000), (&old, hours * 3_600_000 + 1)] {
                send(&app, revision(id, 0, 2, json!({ "complete": false }))).await;
                // As if it had come so long ago.
                app.execute(&format!(
                    "UPDATE responses SET received_at = received_at - {age_ms} WHERE received_at = (SELECT max(received_at) \
                     FROM responses) AND comment IS NULL"
                ));
                let later = send(&app, revision(id, 1, 4, json!({ "comment": "later" }))).await;
                assert_eq!(later, said(200, "updated"), "{backend:?}");
            }

            let young = stored(&app, &young).await;
            assert_eq!((&young["score"], &young["comment"]), (&json!(4), &json!("later")), "{backend:?}");
            let old = stored(&app, &old).await;
            assert_eq!((&old["score"], &old["comment"]), (&json!(2), &Value::Null), "{backend:?}");
            assert_eq!(old["additions"][0]["comment"], "later", "{backend:?}");
            assert_eq!(scores(&app, "csat").await, [0, 1, 0, 1, 0], "{backend:?}");
        }
    }
}

#[tokio::test]
async fn response_takes_twenty_additions_and_an_imported_one_none() {
    for (place, app) in apps().await {
        let id = sample::response_id();
        send(&app, revision(&id, 0, 4, json!({}))).await;
        for number in 1..=20 {
            let addition = revision(&id, number, 4, json!({ "comment": format!("addition {number}") }));
            assert_eq!(send(&app, addition).await, said(200, "updated"), "{place}");
        }
        let imported = sample::response_id();
        send(&app, revision(&imported, 0, 4, json!({ "channel": "import", "complete": false }))).await;

        for (id, number) in [(&id, 21), (&imported, 1)] {
            let refused = app.respond(&revision(id, number, 4, json!({ "comment": "one more" }))).await;
            refused.expect_problem(ProblemCode::ResponseClosed);
        }

        // What was stored is repeated as ever.
        let again = revision(&id, 20, 4, json!({ "comment": "addition 20" }));
        assert_eq!(send(&app, again).await, said(200, "duplicate"), "{place}");
        assert_eq!(app.count("response_additions"), 20, "{place}");
        let metrics = app.get("/metrics").await;
        assert!(metrics.text().contains("ingest_requests_total{outcome=\"closed\"} 2"), "{}", metrics.text());
    }
}

#[tokio::test]
async fn revision_of_another_survey_changes_nothing() {
    for (place, app) in apps().await {
        let id = sample::response_id();
        send(&app, revision(&id, 0, 4, json!({ "complete": false }))).await;

        let other = revision(&id, 1, 10, json!({ "survey": "nps" }));
        assert_eq!(send(&app, other).await, said(200, "duplicate"), "{place}");

        assert_eq!(stored(&app, &id).await["score"], 4, "{place}");
        assert_eq!(scores(&app, "nps").await.iter().sum::<i64>(), 0, "{place}");
    }
}

#[tokio::test]
async fn response_that_is_not_complete_is_in_the_figures() {
    for (place, app) in apps().await {
        send(&app, revision(&sample::response_id(), 0, 2, json!({ "complete": false }))).await;

        assert_eq!(scores(&app, "csat").await, [0, 1, 0, 0, 0], "{place}");
        expect_well(&app, &place);
    }
}

#[tokio::test]
async fn later_judgement_of_spam_replaces_the_former() {
    for (place, mut app) in apps().await {
        let set = app.cli(&["site", "set", &app.site_key, "--min-answer-ms", "500", "--json"]);
        assert!(set.status.success(), "{set:?}");
        app.restart().await;
        let id = sample::response_id();
        let held = async |app: &TestApp| stored(app, &id).await["held"].clone();

        // Two quick taps are suspicious, what follows is not.
        send(&app, revision(&id, 0, 1, json!({ "complete": false, "elapsed_ms": 100 }))).await;
        assert_eq!(held(&app).await, "too_fast", "{place}");
        app.end_silence().await;
        assert_eq!((scores(&app, "csat").await, app.count("alerts")), (vec![0; 5], 0), "{place}");

        let slower = revision(&id, 1, 2, json!({ "complete": false, "elapsed_ms": 900 }));
        assert_eq!(send(&app, slower).await, said(200, "updated"), "{place}");
        assert_eq!(held(&app).await, Value::Null, "{place}");
        assert_eq!((scores(&app, "csat").await, app.count("triage_queue")), (vec![0, 1, 0, 0, 0], 1), "{place}");
        expect_well(&app, &place);

        send(&app, revision(&id, 2, 1, json!({ "elapsed_ms": 9_000, "website": "https://spam.example" }))).await;
        assert_eq!(held(&app).await, "honeypot", "{place}");
        app.triaged().await;
        assert_eq!((scores(&app, "csat").await, app.count("alerts")), (vec![0; 5], 0), "{place}");
        assert_eq!((app.count("triage_queue"), app.count("outbox")), (0, 0), "{place}");
        expect_well(&app, &place);

        let release = format!("/v1/admin/responses/{id}/release");
        app.send(app.request(Method::POST, &release).bearer_auth(&app.api_key)).await.expect(200);
        app.triaged().await;
        assert_eq!((scores(&app, "csat").await, app.count("alerts")), (vec![1, 0, 0, 0, 0], 1), "{place}");
        expect_well(&app, &place);
    }
}

#[tokio::test]
async fn hundred_parallel_revisions_end_in_the_last() {
    for (place, app) in apps().await {
        let id = sample::response_id();
        let sends = (0..100).map(|number| {
            let members = json!({ "complete": number == 99, "comment": format!("revision {number}") });
            let response = revision(&id, number, 1 + number % 5, members);
            send(&app, response)
        });
        let outcomes = join_all(sends).await;

        let accepted = outcomes.iter().filter(|answer| **answer == said(201, "accepted")).count();
        let others = [said(200, "updated"), said(200, "duplicate")];
        assert_eq!(accepted, 1, "{place}: {outcomes:?}");
        assert_eq!(outcomes.iter().filter(|answer| others.contains(answer)).count(), 99, "{place}: {outcomes:?}");
        let row = stored(&app, &id).await;
        assert_eq!((&row["comment"], &row["complete"]), (&json!("revision 99"), &json!(true)), "{place}");
        assert_eq!(scores(&app, "csat").await, [0, 0, 0, 0, 1], "{place}");
        assert_eq!(app.count("responses"), 1, "{place}");
        // The last one is satisfied, and came before the silence of any other was over.
        app.triaged().await;
        assert_eq!((app.count("alerts"), app.count("outbox")), (0, 0), "{place}");
        expect_well(&app, &place);
    }
}

#[tokio::test]
async fn later_revision_is_counted_apart_and_takes_nothing_of_a_full_day() {
    for (place, mut app) in apps().await {
        let set = app.cli(&["site", "set", &app.site_key, "--daily-cap", "2", "--json"]);
        assert!(set.status.success(), "{set:?}");
        app.restart().await;
        let (one, two) = (sample::response_id(), sample::response_id());
        for id in [&one, &two] {
            assert_eq!(send(&app, revision(id, 0, 4, json!({ "complete": false }))).await.0, 201, "{place}");
            let update = revision(id, 1, 4, json!({ "complete": false, "comment": "a" }));
            assert_eq!(send(&app, update).await, said(200, "updated"), "{place}");
        }
        app.respond(&revision(&sample::response_id(), 1, 4, json!({})))
            .await
            .expect_problem(ProblemCode::DailyCapReached);

        // Whoever was let in may finish.
        assert_eq!(send(&app, revision(&one, 2, 5, json!({}))).await, said(200, "updated"), "{place}");

        let metrics = app.get("/metrics").await;
        assert!(metrics.text().contains("ingest_requests_total{outcome=\"updated\"} 3"), "{}", metrics.text());
        assert_eq!(scores(&app, "csat").await, [0, 0, 0, 1, 1], "{place}");
    }
}

#[tokio::test]
async fn search_goes_by_the_comment_as_it_is_and_finds_a_response_once() {
    for (place, app) in apps().await {
        let id = sample::response_id();
        let found = async |app: &TestApp, query: &str| {
            let items = app.admin_items(&format!("/v1/admin/responses?q={query}")).await;
            items.iter().map(|item| item["comment"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let indexed = async |app: &TestApp| wait::until_true("index", async || app.count("search_queue") == 0).await;
        for number in 0..3 {
            let other = json!({ "comment": format!("parcel number {number}") });
            app.respond(&sample::with(sample::response(4), other)).await.expect(201);
        }
        for (number, comment) in ["parcel late", "parcel late and wet", "parcel lost"].iter().enumerate() {
            let number = i64::try_from(number).unwrap();
            send(&app, revision(&id, number, 4, json!({ "complete": false, "comment": comment }))).await;
            indexed(&app).await;
        }

        assert!(found(&app, "late").await.is_empty(), "{place}");
        assert!(found(&app, "wet").await.is_empty(), "{place}");
        assert_eq!(found(&app, "lost").await, ["parcel lost"], "{place}");
        let parcels = ["parcel lost", "parcel number 2", "parcel number 1", "parcel number 0"];
        assert_eq!(found(&app, "parcel").await, parcels, "{place}");
        let page = app.admin("/v1/admin/responses?q=parcel&limit=1").await.expect(200);
        let next = format!("parcel&limit=3&cursor={}", page["next_cursor"].as_str().unwrap());
        let rest = app.admin(&format!("/v1/admin/responses?q={next}")).await.expect(200);
        assert!(rest["items"].to_string().contains("number 2"), "no response is skipped: {place}: {rest}");

        send(&app, revision(&id, 3, 4, json!({}))).await;
        assert_eq!(found(&app, "parcel").await, parcels[1..], "taken back: {place}");
        expect_well(&app, &place);
    }
}

/// Keeps the server from storing anything until told to go on.
fn hold_storage(app: &TestApp, backend: Backend) -> oneshot::Sender<()> {
    let (go_on, told) = oneshot::channel();
    let url = app.database_url().to_owned();
    let (held, is_held) = std::sync::mpsc::channel();
    std::thread::spawn(move || match backend {
        Backend::Sqlite => {
            let mut conn = SqliteConnection::establish(url.trim_start_matches("sqlite://")).unwrap();
            conn.batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").unwrap();
            held.send(()).unwrap();
            told.blocking_recv().unwrap();
            conn.batch_execute("COMMIT").unwrap();
        }
        Backend::Postgres => {
            let mut conn = PgConnection::establish(&url).unwrap();
            conn.batch_execute("BEGIN; LOCK TABLE responses IN SHARE ROW EXCLUSIVE MODE").unwrap();
            held.send(()).unwrap();
            told.blocking_recv().unwrap();
            conn.batch_execute("COMMIT").unwrap();
        }
    });
    is_held.recv().unwrap();
    go_on
}

async fn queued(app: &TestApp) -> usize {
    let metrics = app.get("/metrics").await;
    let line =
        metrics.text().lines().find(|line| line.starts_with("counterbell_ingest_queue_depth ")).unwrap().to_owned();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// A response whose sender keeps the connection open, and does nothing else.
async fn send_and_wait_for_nothing(app: &TestApp) -> TcpStream {
    let body = json!({ "site_key": app.site_key, "score": 3 }).to_string();
    let head = "POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length:";
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn revisions_of_one_batch_are_stored_in_the_order_they_came() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        // The site is known from here on.
        app.respond(&sample::response(3)).await.expect(201);
        let go_on = hold_storage(&app, backend);
        let id = sample::response_id();
        let partial = revision(&id, 0, 1, json!({ "complete": false }));
        let whole = revision(&id, 1, 4, json!({ "comment": "all of it" }));
        // Others, until the writer has what keeps it waiting: what comes now is its next batch.
        let mut others = Vec::new();
        while queued(&app).await < 2 {
            others.push(send_and_wait_for_nothing(&app).await);
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let sends = [partial.clone(), whole.clone(), whole, partial];
        let answers = join_all(sends.iter().enumerate().map(async |(place, response)| {
            wait::until_true("turn", async || queued(&app).await == 2 + place).await;
            outcome(&app.respond(response).await)
        }));
        let release = async {
            wait::until_true("four more in the queue", async || queued(&app).await == 6).await;
            go_on.send(()).unwrap();
        };
        let (answers, ()) = tokio::join!(answers, release);

        let expected = [(201, "accepted"), (200, "updated"), (200, "duplicate"), (200, "duplicate")];
        assert_eq!(answers, expected.map(|(status, outcome)| said(status, outcome)), "{backend:?}");
        assert_eq!(stored(&app, &id).await["comment"], "all of it", "{backend:?}");
        let count = 1 + i64::try_from(others.len()).unwrap();
        wait::until_true("others", async || app.count("responses") == 1 + count).await;
        assert_eq!(scores(&app, "csat").await, [0, 0, count, 1, 0], "{backend:?}");
        app.triaged().await;
        assert_eq!((app.count("alerts"), app.count("outbox")), (0, 0), "{backend:?}");
        expect_well(&app, &format!("{backend:?}"));
    }
}
