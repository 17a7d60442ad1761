//! A database of the version that told staff in the transaction of the response, taken over.

use counterbell_shared::time::UnixMillis;
use counterbell_tests::{Backend, Setup, Smtp, TestApp, sample, wait};
use reqwest::Method;
use serde_json::{Value, json};

/// The last migration of that version is the one before.
const FIRST_NEW: &str = "0015";
const ANN: &str = "ann@shop.example";
const BOB: &str = "bob@shop.example";
const AWAY: &str = "the mail server is away";

/// A message as that version stored it, about a response of its own.
struct Old {
    response: String,
    message: String,
    state: &'static str,
    attempts: i64,
    /// When it is to be tried, in ms from now; of one that is being sent, when its lease ends.
    due_in_ms: i64,
    last_error: Option<&'static str>,
}

impl Old {
    fn new(state: &'static str, attempts: i64, due_in_ms: i64, last_error: Option<&'static str>) -> Self {
        let [response, message] = [sample::response_id(), sample::response_id()];
        Self { response, message, state, attempts, due_in_ms, last_error }
    }

    /// Told to both recipients: to Ann as this says, to Bob long ago.
    fn store(&self, app: &TestApp, backend: Backend, now: i64) {
        let response = backend.id(&self.response);
        app.execute(&format!(
            "INSERT INTO alerts (site_id, response_id, rule, fired_at) SELECT id, {response}, 'unhappy', {now} FROM sites"
        ));
        let error = self.last_error.map_or("NULL".to_owned(), |error| format!("'{error}'"));
        let finished = if self.state == "pending" { "NULL".to_owned() } else { now.to_string() };
        for (message, to, fate) in [
            (
                &self.message,
                ANN,
                format!("'{}', {}, {}, {error}, {finished}", self.state, self.attempts, now + self.due_in_ms),
            ),
            (&sample::response_id(), BOB, format!("'delivered', 1, {now}, NULL, {now}")),
        ] {
            app.execute(&format!(
                "INSERT INTO outbox (site_id, message_id, kind, recipient, response_id, rule, created_at, state, attempts, \
                 next_attempt_at, last_error, finished_at) SELECT id, {}, 'alert_mail', '{to}', {response}, 'unhappy', \
                 {now}, {fate} FROM sites",
                backend.id(message)
            ));
        }
    }
}

/// All that version knew of its messages.
fn old_rows(app: &TestApp, backend: Backend) -> Vec<String> {
    let (message, response) = (backend.hex("message_id"), backend.hex("response_id"));
    let columns = [
        &message,
        &response,
        "kind",
        "recipient",
        "rule",
        "state",
        "attempts",
        "next_attempt_at",
        "last_error",
        "created_at",
        "finished_at",
    ];
    app.texts(&columns, "outbox ORDER BY message_id")
}

fn revert(app: &TestApp) {
    // Cases that somebody works on are not given up, and that version knows of none.
    app.execute("UPDATE cases SET state = 'closed'");
    let last = || app.cli(&["migrate", "--revert-last", "--yes", "--json"]).json()["reverted"].to_string();
    while !last().contains(FIRST_NEW) {}
}

/// An app without a server, on a database of that version with these messages about responses that are not complete.
async fn old_app(backend: Backend, setup: Setup, old: &[Old]) -> TestApp {
    let mut app = setup.recipients(&[ANN, BOB]).setting("COUNTERBELL_ALERT_SILENCE_MS", "120000").await;
    for Old { response, .. } in old {
        let members = json!({ "response_id": response, "complete": false });
        app.respond(&sample::with(sample::response(1), members)).await.expect(201);
    }
    app.program().kill();
    // That version told at once, so that nothing waited.
    app.execute("DELETE FROM triage_queue");
    revert(&app);
    assert_eq!((app.count("alerts"), app.count("outbox")), (0, 0), "{backend:?}");
    let now = UnixMillis::now().0;
    old.iter().for_each(|message| message.store(&app, backend, now));
    app
}

async fn message(app: &TestApp, old: &Old) -> Value {
    app.admin(&format!("/v1/admin/outbox/{}", old.message)).await.expect(200)
}

async fn delivered(app: &TestApp, old: &Old) -> Value {
    wait::until("delivered message", async || {
        Some(message(app, old).await).filter(|message| message["state"] == "delivered")
    })
    .await
}

#[tokio::test]
async fn messages_of_the_version_before_lanes_are_taken_over_and_given_back() {
    for backend in Backend::ALL {
        let old = [
            Old::new("pending", 0, 100_000, None),
            Old::new("pending", 3, -1_000, Some(AWAY)),
            Old::new("parked", 11, 0, Some(AWAY)),
            Old::new("delivered", 2, 0, Some(AWAY)),
        ];
        let app = old_app(backend, TestApp::on(backend), &old).await;
        // Told a second time: nothing kept that version from it.
        let again = format!(
            "INSERT INTO outbox SELECT site_id, {}, kind, recipient, response_id, rule, state, attempts, next_attempt_at, \
             last_error, created_at, finished_at FROM outbox WHERE message_id = {}",
            backend.id(&sample::response_id()),
            backend.id(&old[3].message)
        );
        app.execute(&again);
        let before = old_rows(&app, backend);
        assert_eq!(before.len(), 9, "{backend:?}");

        assert!(app.cli(&["migrate"]).status.success(), "{backend:?}");
        assert_eq!(
            app.count("outbox WHERE lane = 'mail' AND subject_kind = 'response' AND NOT leased"),
            9,
            "{backend:?}"
        );
        assert_eq!(app.count("outbox WHERE dedupe_key IS NULL"), 1, "{backend:?}");
        assert_eq!((app.count("triage_queue"), app.count("attempts")), (0, 0), "{backend:?}");
        revert(&app);

        assert_eq!(old_rows(&app, backend), before, "{backend:?}");
        assert_eq!(app.count("alerts WHERE rule = 'unhappy'"), 4, "{backend:?}");
    }
}

#[tokio::test]
async fn what_was_due_before_an_upgrade_is_sent_once_and_nobody_is_told_again() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let old = [
            Old::new("pending", 0, 100_000, None),
            // Being sent when the old server was stopped.
            Old::new("pending", 1, 1_500, None),
            Old::new("pending", 3, -1_000, Some(AWAY)),
            Old::new("parked", 11, 0, Some(AWAY)),
            Old::new("delivered", 1, 0, None),
            Old::new("pending", 0, 100_000, None),
        ];
        let [waiting, leased, failed, parked, done, corrected] = &old;
        let kept = [waiting, leased, failed, parked, done];
        let mut app = old_app(backend, TestApp::on(backend).smtp(&smtp), &old).await;

        app.start_again().await;

        for (one, attempts, last_error) in [(leased, 2, Value::Null), (failed, 4, json!(AWAY)), (done, 1, Value::Null)]
        {
            let message = delivered(&app, one).await;
            assert_eq!((&message["attempts"], &message["last_error"]), (&json!(attempts), &last_error), "{backend:?}");
        }
        for (one, attempts, last_error) in [(waiting, 0, Value::Null), (parked, 11, json!(AWAY))] {
            let message = message(&app, one).await;
            assert_eq!(message["state"], one.state, "{backend:?}: {message}");
            assert_eq!((&message["attempts"], &message["last_error"]), (&json!(attempts), &last_error), "{backend:?}");
        }
        for one in &old {
            let message = message(&app, one).await;
            let told = (&message["recipient"], &message["rule"], &message["response_id"]);
            assert_eq!(told, (&json!(ANN), &json!("unhappy"), &json!(one.response)), "{backend:?}");
        }

        // Everybody was told, or will be; but for what was corrected before Ann was.
        for Old { response, .. } in kept {
            let members = json!({ "response_id": response, "revision": 1, "comment": "all of it" });
            app.respond(&sample::with(sample::response(1), members)).await.expect(200);
        }
        app.respond(&json!({ "response_id": corrected.response, "revision": 1, "score": 5 })).await.expect(200);
        app.triaged().await;
        assert_eq!((app.count("alerts"), app.count("outbox"), app.count("triage_queue")), (6, 11, 0), "{backend:?}");
        assert_eq!(
            app.count(&format!("outbox WHERE message_id = {}", backend.id(&corrected.message))),
            0,
            "{backend:?}"
        );

        let resend = app.request(Method::POST, &format!("/v1/admin/outbox/{}/resend", parked.message));
        app.send(resend.bearer_auth(&app.api_key)).await.expect(202);
        assert_eq!(delivered(&app, parked).await["attempts"], 1, "{backend:?}");
        app.execute("UPDATE outbox SET due_at = 0 WHERE state = 'pending'");
        assert_eq!(delivered(&app, waiting).await["attempts"], 1, "{backend:?}");

        app.respond(&sample::with(sample::response(1), json!({ "touchpoint": "later" }))).await.expect(201);
        let mails = smtp.wait_for(6).await;
        let mut sent: Vec<_> = mails.iter().filter(|delivery| !delivery.mail.subject().contains("later")).collect();
        sent.sort_by_key(|delivery| delivery.mail.message_id().to_owned());
        let mut due: Vec<_> = [waiting, leased, failed, parked].map(|one| one.message.clone()).into();
        due.sort();
        let ids: Vec<_> = sent.iter().map(|delivery| delivery.mail.message_id().split('@').next().unwrap()).collect();
        assert_eq!((mails.len(), ids), (6, due.iter().map(String::as_str).collect()), "{backend:?}");
        assert!(sent.iter().all(|delivery| delivery.to == [ANN]), "{backend:?}");

        // And back: attempts count from the last resend, as they did.
        wait::until_true("mails marked", async || app.count("outbox WHERE state = 'delivered'") == 13).await;
        app.program().kill();
        revert(&app);
        let of_ann = format!(
            "outbox WHERE recipient = '{ANN}' AND created_at < (SELECT max(created_at) FROM outbox) ORDER BY response_id"
        );
        let mut expected = kept.map(|one| {
            let attempts = match one.state {
                "pending" => one.attempts + 1,
                "parked" => 1,
                _ => one.attempts,
            };
            format!("{}|unhappy|delivered|{attempts}|{}", one.response.replace('-', ""), one.last_error.unwrap_or("-"))
        });
        expected.sort();
        let columns = [&backend.hex("response_id"), "rule", "state", "attempts", "last_error"];
        assert_eq!(app.texts(&columns, &of_ann), expected, "{backend:?}");
    }
}
