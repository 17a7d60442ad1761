//! Alerts that are too many to be told one by one.

use counterbell_tests::{Backend, TestApp, sample, wait};
use serde_json::{Value, json};

const ANN: &str = "ann@shop.example";
const BOB: &str = "bob@shop.example";

fn run(app: &TestApp, args: &[&str]) {
    let output = app.cli(&[args, &["--site", &app.site_key]].concat());
    assert!(output.status.success(), "{output:?}");
}

/// An app that tells Ann and Bob of the first two of a quarter of an hour alone, and of what comes from the vault always.
async fn app_with_groups(backend: Backend) -> TestApp {
    let mut app = TestApp::on(backend).recipients(&[ANN, BOB]).setting("COUNTERBELL_ALERT_SILENCE_MS", "120000").await;
    run(&app, &["rules", "retire", "unhappy"]);
    let low = sample::rule("low", json!({ "score": { "max": 2 }, "touchpoints": ["till", "door"] }));
    app.store_rule(&sample::with(low, json!({ "soon": { "grouped": { "most": 2, "in": "15m" } } })));
    let vault = sample::rule("vault", json!({ "score": { "max": 2 }, "words": ["vault"] }));
    app.store_rule(&sample::with(vault, json!({ "urgent": true, "who": [{ "person": ANN }] })));
    app.restart().await;
    app
}

async fn send(app: &TestApp, id: &str, revision: i64, members: Value) {
    let response = json!({ "response_id": id, "revision": revision, "touchpoint": "till" });
    let answer = app.respond(&sample::with(response, members)).await;
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    app.end_silence().await;
}

async fn respond(app: &TestApp, members: Value) -> String {
    let id = sample::response_id();
    send(app, &id, 0, sample::with(json!({ "score": 1 }), members)).await;
    id
}

/// Has every window end now, and waits until all is told.
async fn end_windows(app: &TestApp) {
    app.execute("UPDATE alert_groups SET ends_at = opened_at + 1");
    app.execute("UPDATE timers SET due_at = 1 WHERE kind = 'alert_group'");
    wait::until_true("end of the windows", async || app.count("timers WHERE kind = 'alert_group'") == 0).await;
}

fn told(app: &TestApp, kind: &str, to: &str) -> i64 {
    app.count(&format!("outbox WHERE kind = '{kind}' AND destination = '{to}'"))
}

#[tokio::test]
async fn storm_is_a_few_mails_and_one_for_the_rest_and_what_is_urgent_comes_alone() {
    for backend in Backend::ALL {
        let mut app = app_with_groups(backend).await;
        for storm in 0..6 {
            let place = if storm == 5 { "door" } else { "till" };
            respond(&app, json!({ "touchpoint": place })).await;
            if storm == 3 {
                // What was told and what waits survives.
                app.program().kill();
                app.start_again().await;
            }
        }
        for _ in 0..2 {
            respond(&app, json!({ "comment": "The vault is open" })).await;
        }

        // Eight responses: two alone for each, and the two urgent ones for Ann.
        assert_eq!((told(&app, "alert_mail", ANN), told(&app, "alert_mail", BOB)), (4, 2), "{backend:?}");
        assert_eq!(app.count("alerts WHERE rule = 'low'"), 8, "{backend:?}");
        assert_eq!(app.count("outbox WHERE kind = 'group_mail'"), 0, "{backend:?}");
        let waiting = "SELECT count(*) FROM alert_group_responses r WHERE r.group_id = alert_groups.group_id";
        let groups = || {
            let columns = ["rule", "told", &format!("({waiting})"), "touchpoint"];
            app.texts(&columns, "alert_groups WHERE rule = 'low' ORDER BY person_id")
        };
        assert_eq!(groups(), ["low|2|4|-", "low|2|6|-"], "{backend:?}: told alone is not in the group");

        end_windows(&app).await;

        assert_eq!((told(&app, "group_mail", ANN), told(&app, "group_mail", BOB)), (1, 1), "{backend:?}");
        let payload = &app.texts(&["payload"], "outbox WHERE kind = 'group_mail' ORDER BY destination")[0];
        let payload: Value = serde_json::from_str(payload).unwrap();
        assert_eq!(payload["rule"], "low", "{backend:?}");
        assert_eq!(app.count("outbox WHERE kind = 'group_mail' AND subject_kind = 'group'"), 2, "{backend:?}");
        assert_eq!(app.count("alert_groups WHERE closed_at IS NULL"), 0, "{backend:?}");

        // After the window the next goes at once.
        respond(&app, json!({})).await;
        assert_eq!((told(&app, "alert_mail", ANN), told(&app, "alert_mail", BOB)), (5, 3), "{backend:?}");
        end_windows(&app).await;
        assert_eq!(app.count("outbox WHERE kind = 'group_mail'"), 2, "{backend:?}: nothing waited");
    }
}

#[tokio::test]
async fn what_waits_is_told_alone_when_it_becomes_urgent_and_to_nobody_when_it_is_taken_back() {
    for backend in Backend::ALL {
        let app = app_with_groups(backend).await;
        for _ in 0..2 {
            respond(&app, json!({})).await;
        }
        let worse = respond(&app, json!({ "complete": false })).await;
        let better = respond(&app, json!({ "complete": false })).await;
        assert_eq!(app.count("alert_group_responses"), 4, "{backend:?}");

        send(&app, &worse, 1, json!({ "score": 1, "comment": "vault!" })).await;
        send(&app, &better, 1, json!({ "score": 5 })).await;

        // Bob still waits for the one, since the urgent rule does not name him.
        assert_eq!((told(&app, "alert_mail", ANN), told(&app, "alert_mail", BOB)), (3, 2), "{backend:?}");
        assert_eq!(app.count("alert_group_responses"), 1, "{backend:?}");
        assert_eq!(app.count("journal WHERE kind = 'alert.withdrawn'"), 1, "{backend:?}");

        run(&app, &["staff", "remove", "--email", BOB]);
        end_windows(&app).await;
        // Ann was told alone of what Bob leaves behind.
        assert_eq!(app.count("outbox WHERE kind = 'group_mail'"), 0, "{backend:?}");
    }
}

#[tokio::test]
async fn what_somebody_who_left_was_to_hear_goes_to_whom_the_rule_tells_by_then() {
    for backend in Backend::ALL {
        let mut app = app_with_groups(backend).await;
        let mine = sample::rule("mine", json!({ "score": { "max": 2 }, "touchpoints": ["office"] }));
        let soon = json!({ "who": [{ "person": BOB }], "soon": { "grouped": { "most": 1, "in": "15m" } } });
        app.store_rule(&sample::with(mine, soon));
        app.restart().await;
        for _ in 0..3 {
            respond(&app, json!({ "touchpoint": "office" })).await;
        }
        assert_eq!((told(&app, "alert_mail", BOB), app.count("alert_group_responses")), (1, 2), "{backend:?}");

        run(&app, &["staff", "remove", "--email", BOB]);
        end_windows(&app).await;

        // He was the only one, so it is the team "alerts".
        assert_eq!((told(&app, "group_mail", ANN), told(&app, "group_mail", BOB)), (1, 0), "{backend:?}");
        let ann = "person_id = (SELECT person_id FROM person_addresses WHERE email = 'ann@shop.example')";
        let hers = format!("alert_group_responses WHERE group_id IN (SELECT group_id FROM alert_groups WHERE {ann})");
        assert_eq!(app.count(&hers), 2, "{backend:?}");
    }
}

#[tokio::test]
async fn deleted_response_leaves_its_group() {
    for backend in Backend::ALL {
        let app = app_with_groups(backend).await;
        for _ in 0..2 {
            respond(&app, json!({})).await;
        }
        let id = respond(&app, json!({})).await;
        assert_eq!(app.count("alert_group_responses"), 2, "{backend:?}");

        run(&app, &["response", "delete", &id]);

        assert_eq!(app.count("alert_group_responses"), 0, "{backend:?}");
        end_windows(&app).await;
        assert_eq!(app.count("outbox WHERE kind = 'group_mail'"), 0, "{backend:?}: there is nothing to tell");
    }
}

#[tokio::test]
async fn what_waits_for_the_only_one_of_a_rule_that_is_no_more_goes_to_the_team_alerts() {
    for backend in Backend::ALL {
        let mut app = app_with_groups(backend).await;
        let mine = sample::rule("mine", json!({ "score": { "max": 2 }, "touchpoints": ["office"] }));
        let soon = json!({ "who": [{ "person": BOB }], "soon": { "grouped": { "most": 1, "in": "15m" } } });
        app.store_rule(&sample::with(mine, soon));
        app.restart().await;
        for _ in 0..3 {
            respond(&app, json!({ "touchpoint": "office" })).await;
        }
        run(&app, &["rules", "retire", "mine"]);
        run(&app, &["staff", "remove", "--email", BOB]);

        end_windows(&app).await;

        assert_eq!((told(&app, "group_mail", ANN), told(&app, "group_mail", BOB)), (1, 0), "{backend:?}");
    }
}

#[tokio::test]
async fn what_waits_when_nobody_is_left_is_told_once_somebody_is_there() {
    for backend in Backend::ALL {
        let app = app_with_groups(backend).await;
        for _ in 0..3 {
            respond(&app, json!({})).await;
        }
        for email in [ANN, BOB] {
            run(&app, &["staff", "remove", "--email", email]);
        }
        app.execute("UPDATE alert_groups SET ends_at = opened_at + 1");
        let windows = "timers WHERE kind = 'alert_group'";
        app.execute("UPDATE timers SET due_at = 1 WHERE kind = 'alert_group'");
        wait::until_true("a look", async || app.count(&format!("{windows} AND due_at > 1")) == 2).await;
        assert_eq!(app.count("outbox WHERE kind = 'group_mail'"), 0, "{backend:?}");

        let added = app.cli(&["site", "set", &app.site_key, "--add-recipient", "cleo@shop.example"]);
        assert!(added.status.success(), "{added:?}");
        end_windows(&app).await;

        // One mail, though two were to hear of it.
        assert_eq!(told(&app, "group_mail", "cleo@shop.example"), 1, "{backend:?}");
        assert_eq!(app.count("outbox WHERE kind = 'group_mail'"), 1, "{backend:?}");
    }
}
