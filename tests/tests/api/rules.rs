//! Which rules fire for a response, who is told, and when.

use counterbell_shared::time::UnixMillis;
use counterbell_tests::{Backend, Smtp, TestApp, sample};
use serde_json::{Value, json};

const ANN: &str = "ann@shop.example";
const BOB: &str = "bob@shop.example";
const CLEO: &str = "cleo@shop.example";
const HOUR_MS: i64 = 3_600_000;

fn run(app: &TestApp, args: &[&str]) {
    let output = app.cli(&[args, &["--site", &app.site_key]].concat());
    assert!(output.status.success(), "{output:?}");
}

/// An app whose team "alerts" is Ann, and which has no rule.
async fn app_without_rules(backend: Backend) -> TestApp {
    let app = TestApp::on(backend).recipients(&[ANN]).await;
    for email in [BOB, CLEO] {
        run(&app, &["staff", "add", "--email", email]);
    }
    run(&app, &["rules", "retire", "unhappy"]);
    app
}

/// Puts rules in force at once.
async fn store(app: &mut TestApp, rules: &[Value]) {
    rules.iter().for_each(|rule| app.store_rule(rule));
    // A running server reads them every few seconds.
    app.restart().await;
}

async fn respond(app: &TestApp, score: i64, members: Value) {
    app.respond(&sample::with(sample::response(score), members)).await.expect(201);
    app.triaged().await;
}

/// Who is told, by which rule and why, in the order in which the messages were made.
fn told(app: &TestApp) -> Vec<String> {
    let lines = app.texts(&["destination", "payload"], "outbox ORDER BY created_at, message_id");
    let told = |line: String| {
        let (to, payload) = line.split_once('|').unwrap();
        let payload: Value = serde_json::from_str(payload).unwrap();
        format!("{to} {} {}", payload["rule"].as_str().unwrap(), payload["why"])
    };
    lines.into_iter().map(told).collect()
}

fn why(person: &str, rule: &str, why: Value) -> String {
    format!("{person} {rule} {why}")
}

#[tokio::test]
async fn one_response_is_one_alert_and_one_mail_however_often_it_is_sent() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let mut app = TestApp::on(backend).smtp(&smtp).setting("COUNTERBELL_ALERT_SILENCE_MS", "0").await;
        let refund = sample::rule("refund", json!({ "words": ["money back"] }));
        let refund = sample::with(refund, json!({ "who": [{ "person": sample::RECIPIENT }] }));
        run(&app, &["rules", "retire", "unhappy"]);
        store(&mut app, &[sample::rule("angry", json!({ "score": { "max": 2 } })), refund]).await;
        let id = sample::response_id();
        let send = async |revision: i64, members: Value, status: u16| {
            let response = json!({ "response_id": id, "revision": revision, "score": 1 });
            app.respond(&sample::with(response, members)).await.expect(status);
            app.triaged().await;
        };

        send(1, json!({ "complete": false }), 201).await;
        send(2, json!({ "complete": false, "comment": "Late" }), 200).await;
        send(3, json!({ "comment": "Late. I want my MONEY, back!" }), 200).await;
        send(3, json!({ "comment": "Late. I want my MONEY, back!" }), 200).await;
        send(2, json!({ "complete": false, "comment": "Late" }), 200).await;

        assert_eq!(app.texts(&["rule"], "alerts ORDER BY fired_at"), ["angry", "refund"], "{backend:?}");
        assert_eq!(app.count("journal WHERE kind = 'alert.fired'"), 2, "{backend:?}");
        assert_eq!(told(&app), [why(sample::RECIPIENT, "angry", json!({ "team": "alerts" }))], "{backend:?}");
        assert_eq!(smtp.wait_for(1).await.len(), 1, "{backend:?}");
        // Nobody is told of what does not fire.
        respond(&app, 3, json!({ "comment": "back to my money" })).await;
        assert_eq!((app.count("alerts"), app.count("outbox")), (2, 1), "{backend:?}");
    }
}

#[tokio::test]
async fn rule_fires_for_what_a_happy_customer_wrote_or_chose_where_and_how() {
    for backend in Backend::ALL {
        let when = json!({ "score": { "min": 4 }, "words": ["lawyer*"], "touchpoints": ["store-12"], "channels": ["kiosk"],
            "languages": ["de"] });
        let mut app = app_without_rules(backend).await;
        store(&mut app, &[sample::rule("threat", when)]).await;
        let all = json!({ "comment": "Meine LAWYERS melden sich", "touchpoint": "store-12", "channel": "kiosk",
            "locale": "de-AT" });

        for other in [
            json!({ "comment": "Danke" }),
            json!({ "comment": null }),
            json!({ "touchpoint": "store-1" }),
            json!({ "channel": "web" }),
            json!({ "locale": "en" }),
        ] {
            respond(&app, 5, sample::with(all.clone(), other)).await;
        }
        respond(&app, 3, all.clone()).await;
        assert_eq!((app.count("alerts"), app.count("outbox")), (0, 0), "{backend:?}");

        respond(&app, 5, all).await;
        assert_eq!(told(&app), [why(ANN, "threat", json!({ "team": "alerts" }))], "{backend:?}");
    }
}

#[tokio::test]
async fn turns_go_round_the_team_and_pass_over_who_is_absent() {
    for backend in Backend::ALL {
        let rule = sample::with(
            sample::rule("calls", json!({ "touchpoints": ["calls"] })),
            json!({
                "who": [{ "round_robin": "counter" }]
            }),
        );
        let mut app = app_without_rules(backend).await;
        run(&app, &["team", "set", "counter", "--member", CLEO, "--member", ANN, "--member", BOB]);
        store(&mut app, &[rule]).await;
        run(&app, &["staff", "set", "--email", ANN, "--absent-from", "2020-01-01"]);

        for turn in 0..4 {
            respond(&app, 5, json!({ "touchpoint": "calls" })).await;
            if turn == 1 {
                // Whose turn it is survives.
                app.restart().await;
            }
        }

        let turns = [CLEO, BOB, CLEO, BOB].map(|person| why(person, "calls", json!({ "turn": "counter" })));
        assert_eq!(told(&app), turns, "{backend:?}");
    }
}

#[tokio::test]
async fn touchpoint_is_its_owners_and_whoever_is_absent_has_a_manager() {
    for backend in Backend::ALL {
        let members = json!({ "who": [{ "owner": true }], "fallback": [{ "person": "b.other@shop.example" }] });
        let rule = sample::with(sample::rule("shop", json!({ "score": { "max": 3 }, "metrics": ["csat"] })), members);
        let mut app = app_without_rules(backend).await;
        run(&app, &["staff", "set", "--email", BOB, "--alias", "b.other@shop.example"]);
        store(&mut app, &[rule]).await;
        run(&app, &["touchpoint", "set", "store-12", "--owner", CLEO]);

        respond(&app, 1, json!({ "touchpoint": "store-12" })).await;
        respond(&app, 1, json!({ "touchpoint": "elsewhere" })).await;
        run(&app, &["staff", "set", "--email", CLEO, "--absent-from", "2020-01-01", "--manager", ANN]);
        respond(&app, 1, json!({ "touchpoint": "store-12" })).await;

        let cleo: i64 = app.texts(&["person_id"], "person_addresses WHERE email LIKE 'cleo%'")[0].parse().unwrap();
        let expected = [
            why(CLEO, "shop", json!("owner")),
            why(BOB, "shop", json!("fallback")),
            why(ANN, "shop", json!({ "in_place_of": cleo })),
        ];
        assert_eq!(told(&app), expected, "{backend:?}");
    }
}

#[tokio::test]
async fn customer_who_is_unhappy_again_is_known_by_address_or_reference() {
    for backend in Backend::ALL {
        let mut app = app_without_rules(backend).await;
        store(&mut app, &[sample::rule("third", json!({ "unhappy_again": { "times": 3, "days": 30 } }))]).await;
        let contact = json!({ "contact": { "email": "Guest@mail.example", "consent": true }, "customer_ref": "C-7" });
        let by_reference = json!({ "customer_ref": "C-7" });

        respond(&app, 1, contact.clone()).await;
        respond(&app, 1, json!({ "customer_ref": "C-8" })).await;
        respond(&app, 1, json!({})).await;
        respond(&app, 5, by_reference.clone()).await;
        respond(&app, 1, by_reference).await;
        assert_eq!(app.count("alerts"), 0, "{backend:?}: the second time");
        respond(&app, 2, json!({ "contact": { "email": "guest@MAIL.example", "consent": true } })).await;
        assert_eq!(app.count("alerts"), 0, "{backend:?}: by the address alone it is the second time");

        respond(&app, 2, contact).await;
        assert_eq!(app.count("alerts"), 1, "{backend:?}");
    }
}

/// The time of day at this moment (Unix ms), in UTC.
fn time_of_day(at: i64) -> String {
    let minutes = at / 60_000 % (24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[tokio::test]
async fn quiet_hours_are_those_of_whoever_is_told_and_end_when_it_is_urgent() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let mut app = TestApp::on(backend).smtp(&smtp).recipients(&[ANN, BOB]).await;
        let end = (UnixMillis::now().0 + 2 * HOUR_MS) / 60_000 * 60_000;
        let quiet = json!({ "quiet_hours": { "from": time_of_day(end - 3 * HOUR_MS), "to": time_of_day(end) } });
        let low = sample::with(sample::rule("low", json!({ "score": { "max": 3 } })), quiet);
        let urgent = sample::with(sample::rule("worst", json!({ "score": { "max": 1 } })), json!({ "urgent": true }));
        run(&app, &["rules", "retire", "unhappy"]);
        store(&mut app, &[low, urgent]).await;
        run(&app, &["staff", "set", "--email", BOB, "--zone", "Asia/Tokyo"]);
        let ids = [sample::response_id(), sample::response_id()];
        let send = async |id: &str, revision: i64, score: i64, complete: bool| {
            let response = json!({ "response_id": id, "revision": revision, "score": score, "complete": complete });
            app.respond(&response).await;
            app.end_silence().await;
        };

        for id in &ids {
            send(id, 0, 2, false).await;
        }
        let mails = smtp.wait_for(2).await;
        assert!(mails.iter().all(|mail| mail.to == [BOB]), "{backend:?}");
        let waiting = app.texts(&["due_at"], "outbox WHERE attempts = 0");
        assert_eq!(waiting, [end.to_string(), end.to_string()], "{backend:?}");
        // The doctor finds nothing that is late.
        app.execute("UPDATE outbox SET created_at = created_at - 3600000");
        let doctor: Value = serde_json::from_str(&app.cli(&["doctor", "--json"]).stdout).unwrap();
        let checks = doctor["checks"].as_array().unwrap();
        assert_eq!(checks.iter().find(|check| check["name"] == "outbox").unwrap()["verdict"], "ok", "{doctor}");

        send(&ids[0], 1, 1, true).await;

        let mails = smtp.wait_for(3).await;
        assert_eq!((mails.len(), &mails[2].to[..]), (3, &[ANN.to_owned()][..]), "{backend:?}");
        assert_eq!(app.count("outbox"), 4, "{backend:?}: nobody is told twice");
        assert_eq!(app.count("outbox WHERE attempts = 0"), 1, "{backend:?}: the other waits");
    }
}
