//! When staff are told of a customer who has not finished.

use std::time::{Duration, Instant};

use counterbell_tests::{Backend, Refuse, Setup, Smtp, SmtpOptions, TestApp, sample, wait};
use serde_json::{Value, json};

/// Longer than a test waits for anything.
const LONG_MS: &str = "120000";
const NOT_FINISHED: &str = "had not finished";

fn patient(backend: Backend, smtp: &Smtp, silence_ms: &str) -> Setup {
    TestApp::on(backend).smtp(smtp).setting("COUNTERBELL_ALERT_SILENCE_MS", silence_ms)
}

async fn send(app: &TestApp, id: &str, revision: i64, score: i64, members: Value) {
    let response = json!({ "response_id": id, "revision": revision, "score": score, "touchpoint": "till" });
    let answer = app.respond(&sample::with(response, members)).await;
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
}

/// The only response waits for the customer to go on, and nothing is to be told of it yet.
fn expect_to_wait(app: &TestApp, backend: Backend) {
    assert_eq!(app.count("triage_queue, responses WHERE due_at > received_at + 100000"), 1, "{backend:?}");
    assert_eq!((app.count("alerts"), app.count("outbox")), (0, 0), "{backend:?}");
}

/// The touchpoints of all mails, once a later response was told of, whose mail comes after every other that is due.
async fn told(app: &TestApp, smtp: &Smtp, before: usize) -> Vec<String> {
    app.respond(&sample::with(sample::response(1), json!({ "touchpoint": "later" }))).await.expect(201);
    let deliveries = smtp.wait_for(before + 1).await;
    let touchpoint =
        |subject: &str| ["till", "later"].into_iter().find(|name| subject.contains(name)).unwrap().to_owned();
    deliveries.iter().map(|delivery| touchpoint(delivery.mail.subject())).collect()
}

/// Who is told, and by which rule.
fn told_by(app: &TestApp) -> Vec<(String, String)> {
    let lines = app.texts(&["destination", "payload"], "outbox ORDER BY destination");
    let told = |line: &String| {
        let (to, payload) = line.split_once('|').unwrap();
        let payload: Value = serde_json::from_str(payload).unwrap();
        (to.to_owned(), payload["rule"].as_str().unwrap().to_owned())
    };
    lines.iter().map(told).collect()
}

#[tokio::test]
async fn completed_response_is_told_at_once_with_all_that_was_said() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let recipients = ["ann@shop.example", "bob@shop.example"];
        let app = patient(backend, &smtp, LONG_MS).recipients(&recipients).await;
        let id = sample::response_id();
        send(&app, &id, 0, 1, json!({ "complete": false })).await;
        send(&app, &id, 1, 1, json!({ "complete": false, "comment": "The parcel" })).await;
        expect_to_wait(&app, backend);

        let contact = json!({ "email": "ann@mail.example", "consent": true });
        send(&app, &id, 2, 2, json!({ "comment": "The parcel was wet", "contact": contact })).await;

        let deliveries = smtp.wait_for(2).await;
        let mut to: Vec<_> = deliveries.iter().flat_map(|delivery| delivery.to.clone()).collect();
        to.sort();
        assert_eq!(to, recipients, "{backend:?}");
        for delivery in &deliveries {
            for part in [delivery.mail.text(), delivery.mail.html_words()] {
                assert!(part.contains("The parcel was wet") && !part.contains(NOT_FINISHED), "{backend:?}: {part}");
            }
            assert!(delivery.mail.subject().contains("2 out of 5"), "{backend:?}: {}", delivery.mail.subject());
            assert_eq!(delivery.mail.header("Reply-To"), Some("ann@mail.example"), "{backend:?}");
        }
        app.triaged().await;
        assert_eq!((app.count("alerts"), app.count("outbox")), (1, 2), "{backend:?}");
    }
}

#[tokio::test]
async fn silent_customer_is_told_of_once_and_the_mail_says_so() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = patient(backend, &smtp, "1500").await;
        let id = sample::response_id();
        let started = Instant::now();
        send(&app, &id, 0, 1, json!({ "complete": false })).await;

        let deliveries = smtp.wait_for(1).await;
        assert!(started.elapsed() >= Duration::from_millis(1_500), "{backend:?}: {:?}", started.elapsed());
        for part in [deliveries[0].mail.text(), deliveries[0].mail.html_words()] {
            assert!(part.contains(NOT_FINISHED), "{backend:?}: {part}");
        }

        // Told is told, whatever the customer makes of it.
        for (revision, score, complete) in [(1, 5, false), (2, 1, false), (3, 1, true), (4, 5, true), (5, 1, true)] {
            let members = json!({ "comment": format!("words {revision}"), "complete": complete });
            send(&app, &id, revision, score, members).await;
            app.end_silence().await;
        }
        assert_eq!((app.count("alerts"), app.count("outbox")), (1, 1), "{backend:?}");
        assert_eq!(told(&app, &smtp, 1).await, ["till", "later"], "{backend:?}");
    }
}

#[tokio::test]
async fn every_revision_begins_the_silence_anew() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = patient(backend, &smtp, LONG_MS).await;
        let id = sample::response_id();
        send(&app, &id, 1, 1, json!({ "complete": false })).await;
        // As if that was a while ago.
        app.execute("UPDATE triage_queue SET due_at = due_at - 60000");
        let due = |than: &str| format!("triage_queue, responses WHERE due_at {than} received_at + 120000");
        assert_eq!(app.count(&due("<")), 1, "{backend:?}");

        // Nothing new.
        send(&app, &id, 0, 1, json!({ "complete": false })).await;
        assert_eq!(app.count(&due("<")), 1, "{backend:?}");

        send(&app, &id, 2, 2, json!({ "complete": false })).await;
        assert_eq!(app.count(&due(">=")), 1, "{backend:?}");
        expect_to_wait(&app, backend);
        assert!(smtp.deliveries().is_empty(), "{backend:?}");
    }
}

#[tokio::test]
async fn corrected_score_is_told_to_nobody() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = patient(backend, &smtp, LONG_MS).await;
        let id = sample::response_id();
        send(&app, &id, 0, 1, json!({ "complete": false })).await;
        expect_to_wait(&app, backend);

        send(&app, &id, 1, 5, json!({ "comment": "Slipped" })).await;

        app.triaged().await;
        assert_eq!(app.count("triage_queue"), 0, "{backend:?}: decided, before the silence was over");
        assert_eq!((app.count("alerts"), app.count("outbox")), (0, 0), "{backend:?}");
        assert_eq!(told(&app, &smtp, 0).await, ["later"], "{backend:?}");
    }
}

#[tokio::test]
async fn score_that_turns_bad_is_told_when_the_response_is_complete() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = patient(backend, &smtp, LONG_MS).await;
        let id = sample::response_id();
        // Unhappy, happy again, and unhappy after all.
        for (revision, score) in [(0, 1), (1, 4), (2, 2)] {
            send(&app, &id, revision, score, json!({ "complete": false })).await;
        }
        expect_to_wait(&app, backend);
        assert!(smtp.deliveries().is_empty(), "{backend:?}");

        send(&app, &id, 3, 1, json!({})).await;

        assert_eq!(smtp.wait_for(1).await.len(), 1, "{backend:?}");
        assert_eq!(told(&app, &smtp, 1).await, ["till", "later"], "{backend:?}");
    }
}

#[tokio::test]
async fn rules_that_fire_at_different_revisions_are_both_recorded_and_everybody_is_told_once() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let recipients = ["ann@shop.example", "bob@shop.example"];
        let mut app = patient(backend, &smtp, LONG_MS).recipients(&recipients).await;
        app.store_rule(&sample::rule("lukewarm", json!({ "bands": ["neutral"] })));
        app.restart().await;
        let fired = |app: &TestApp| app.texts(&["rule"], "alerts ORDER BY rule");
        let id = sample::response_id();
        send(&app, &id, 0, 3, json!({ "complete": false })).await;
        expect_to_wait(&app, backend);
        app.end_silence().await;
        assert_eq!(fired(&app), ["lukewarm"], "{backend:?}");
        smtp.wait_for(2).await;

        send(&app, &id, 1, 1, json!({ "complete": false })).await;
        app.end_silence().await;

        assert_eq!(fired(&app), ["lukewarm", "unhappy"], "{backend:?}");
        assert_eq!(told_by(&app), recipients.map(|to| (to.to_owned(), "lukewarm".to_owned())), "{backend:?}");
        app.respond(&sample::with(sample::response(1), json!({ "touchpoint": "later" }))).await.expect(201);
        let mails = smtp.wait_for(4).await;
        let later = mails.iter().filter(|delivery| delivery.mail.subject().contains("later")).count();
        assert_eq!((mails.len(), later), (4, 2), "{backend:?}");
    }
}

#[tokio::test]
async fn whoever_joins_later_is_told_when_another_rule_fires() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let mut app = patient(backend, &smtp, LONG_MS).recipients(&["ann@shop.example"]).await;
        app.store_rule(&sample::rule("lukewarm", json!({ "bands": ["neutral"] })));
        app.restart().await;
        let id = sample::response_id();
        send(&app, &id, 0, 1, json!({ "complete": false })).await;
        app.end_silence().await;
        let join = |address| {
            let added = app.cli(&["site", "set", &app.site_key, "--add-recipient", address]);
            assert!(added.status.success(), "{added:?}");
        };
        join("bob@shop.example");

        send(&app, &id, 1, 2, json!({ "complete": false })).await;
        app.end_silence().await;
        assert_eq!(told_by(&app), [("ann@shop.example".to_owned(), "unhappy".to_owned())], "{backend:?}: nothing new");

        send(&app, &id, 2, 3, json!({ "complete": false })).await;
        app.end_silence().await;
        join("cleo@shop.example");
        send(&app, &id, 3, 3, json!({ "comment": "all of it" })).await;
        app.triaged().await;

        let expected = [("ann@shop.example", "unhappy"), ("bob@shop.example", "lukewarm")];
        assert_eq!(told_by(&app), expected.map(|(to, rule)| (to.to_owned(), rule.to_owned())), "{backend:?}");
        assert_eq!(app.texts(&["rule"], "alerts ORDER BY fired_at"), ["unhappy", "lukewarm"], "{backend:?}");
    }
}

#[tokio::test]
async fn mail_that_was_tried_stays_and_is_sent_once() {
    for backend in Backend::ALL {
        let smtp = Smtp::with(SmtpOptions {
            refuse: Some(Refuse { verb: "RCPT", times: 1, code: 451 }),
            ..Default::default()
        })
        .await;
        let app = patient(backend, &smtp, "0").await;
        let id = sample::response_id();
        send(&app, &id, 0, 1, json!({ "complete": false })).await;
        wait::until_true("first attempt", async || app.count("outbox WHERE attempts > 0") == 1).await;

        for (revision, score) in [(1, 5), (2, 1)] {
            send(&app, &id, revision, score, json!({ "comment": "as it is now" })).await;
        }

        app.triaged().await;
        assert_eq!((app.count("alerts"), app.count("outbox")), (1, 1), "{backend:?}");
        let deliveries = smtp.wait_for(1).await;
        assert!(smtp.refusals() <= 1 && deliveries.len() == 1, "{backend:?}");
        assert_eq!(told(&app, &smtp, 1).await, ["till", "later"], "{backend:?}");
    }
}
