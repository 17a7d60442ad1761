//! What somebody who leaves a site leaves behind.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, Smtp, TestApp, sample, wait};
use reqwest::Method;
use serde_json::{Value, json};

const ANN: &str = "ann@shop.example";
const BEN: &str = "ben@shop.example";
const CLEO: &str = "cleo@shop.example";
/// Nothing listens there.
const GONE: &str = "smtp://127.0.0.1:1";

fn run(app: &TestApp, args: &[&str]) {
    let output = app.cli(&[args, &["--site", &app.site_key]].concat());
    assert!(output.status.success(), "{output:?}");
}

async fn unhappy(app: &TestApp, count: usize) {
    for _ in 0..count {
        app.respond(&sample::response(1)).await.expect(201);
    }
    app.triaged().await;
}

/// Ben says "I have this" of these cases.
fn take(app: &TestApp, numbers: std::ops::RangeInclusive<usize>) {
    let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
    let numbers: Vec<_> = numbers.iter().map(String::as_str).collect();
    run(app, &[&["case", "acknowledge", "--as", BEN], &numbers[..]].concat());
}

async fn all_is_handed_on(app: &TestApp) {
    wait::until_true("what is handed on", async || app.count("timers WHERE kind = 'staff_left'") == 0).await;
}

async fn acknowledge(app: &TestApp, number: i64, email: &str) -> counterbell_tests::Answer {
    let request = app.request(Method::POST, &format!("/v1/admin/cases/{number}/actions")).bearer_auth(&app.api_key);
    app.send(request.json(&json!({ "action": "acknowledge", "person": email }))).await
}

/// To whom messages of this kind go, and what their payloads hold.
fn messages(app: &TestApp, kind: &str) -> Vec<(String, Value)> {
    let rows = format!("outbox WHERE kind = '{kind}' ORDER BY created_at, destination");
    let message = |line: String| {
        let (to, payload) = line.split_once('|').unwrap();
        (to.to_owned(), serde_json::from_str(payload).unwrap())
    };
    app.texts(&["destination", "payload"], &rows).into_iter().map(message).collect()
}

#[tokio::test]
async fn open_cases_of_who_leaves_go_back_and_others_are_told_in_one_mail_also_when_killed() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let mut app = TestApp::on(backend).smtp(&smtp).recipients(&[ANN]).await;
        run(&app, &["staff", "add", "--email", BEN]);
        unhappy(&app, 41).await;
        take(&app, 1..=40);
        run(&app, &["case", "wait", "2", "--as", BEN]);
        let resolve = ["case", "resolve", "1", "--root-cause", "delivery", "--action-taken", "Sent again", "--as", BEN];
        run(&app, &resolve);
        app.program().kill();

        run(&app, &["staff", "remove", "--email", BEN]);
        for _ in 0..4 {
            app.start_again().await;
            wait::until_true("a turn", async || app.count("journal WHERE kind = 'case.owner_left'") > 0).await;
            app.program().kill();
        }
        app.start_again().await;
        all_is_handed_on(&app).await;

        assert_eq!(app.count("journal WHERE kind = 'case.owner_left'"), 39, "{backend:?}");
        assert_eq!(app.count("cases WHERE owner_id = 2"), 1, "{backend:?}: what he resolved stays his");
        assert_eq!(app.count("cases WHERE state = 'open' AND owner_id IS NULL"), 40, "{backend:?}");
        assert_eq!(app.count("timers WHERE kind = 'case_step'"), 40, "{backend:?}: steps are possible again");
        let told = messages(&app, "group_mail");
        let payload = json!({ "person": 1, "rule": "unhappy", "why": { "team": "alerts" } });
        assert_eq!(told, [(ANN.to_owned(), payload)], "{backend:?}");
        let subject = "Cases that nobody has now: 39 [Shop]";
        let mails = || smtp.deliveries().into_iter().filter(|delivery| delivery.mail.subject() == subject);
        wait::until_true("the mail", async || mails().count() > 0).await;
        assert_eq!(app.count("alert_groups WHERE closed_at IS NULL"), 0, "{backend:?}");

        let timeline = app.admin("/v1/admin/cases/3/timeline").await.expect(200);
        let last = timeline["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["kind"], &last["data"]["person"]), (&json!("case.owner_left"), &json!(2)), "{last}");
        let taken = acknowledge(&app, 3, ANN).await.expect(200);
        assert_eq!(taken["case"]["state"], "in_progress", "{backend:?}");
        // Whoever takes it waits for the customer, as it was left.
        let waits = acknowledge(&app, 2, ANN).await.expect(200)["case"].clone();
        assert_eq!((&waits["state"], &waits["owner"]["person_id"]), (&json!("waiting"), &json!(1)), "{waits}");
        let verified = app.cli(&["verify", "--json"]);
        assert!(verified.status.success(), "{backend:?}: {verified:?}");
    }
}

#[tokio::test]
async fn single_case_is_told_alone_and_who_comes_back_keeps_theirs() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).recipients(&[ANN]).await;
        run(&app, &["staff", "add", "--email", BEN]);
        unhappy(&app, 1).await;
        take(&app, 1..=1);
        app.program().kill();
        run(&app, &["staff", "remove", "--email", BEN]);
        run(&app, &["staff", "add", "--email", BEN]);

        app.start_again().await;
        all_is_handed_on(&app).await;

        assert_eq!(app.count("cases WHERE owner_id = 2"), 1, "{backend:?}");
        acknowledge(&app, 1, ANN).await.expect_problem(ProblemCode::CaseTaken);
        assert_eq!(messages(&app, "case_mail"), [], "{backend:?}");

        run(&app, &["staff", "remove", "--email", BEN]);
        all_is_handed_on(&app).await;
        let told = messages(&app, "case_mail");
        let payload = json!({ "message": "owner_left", "person": 1, "why": { "team": "alerts" } });
        assert_eq!(told, [(ANN.to_owned(), payload)], "{backend:?}");
        assert_eq!((app.count("alert_groups"), app.count("alert_group_responses")), (0, 0), "{backend:?}");
    }
}

#[tokio::test]
async fn what_waits_for_who_leaves_is_told_to_whom_the_rule_names_then_and_never_to_them() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let mut app = TestApp::on(backend).recipients(&[ANN]).setting("COUNTERBELL_SMTP_URL", GONE).await;
        for email in [BEN, CLEO] {
            run(&app, &["staff", "add", "--email", email]);
        }
        run(&app, &["rules", "retire", "unhappy"]);
        let rule = sample::rule("low", json!({ "score": { "max": 2 } }));
        let who = json!({ "who": [{ "person": BEN }], "fallback": [{ "person": CLEO }] });
        app.store_rule(&sample::with(rule, who));
        app.restart().await;
        unhappy(&app, 3).await;
        // Nothing is taken back while people act.
        app.program().kill();
        // What was for him alone, and what somebody has to hear.
        let resolve = |number, email| {
            let with = ["--root-cause", "delivery", "--action-taken", "Sent again"];
            run(&app, &[&["case", "resolve", number, "--as", email], &with[..]].concat());
        };
        run(&app, &["case", "assign", "1", "--to", BEN, "--as", ANN]);
        resolve("1", ANN);
        resolve("2", BEN);
        run(&app, &["case", "customer-answered", "2", "--as", ANN]);
        assert_eq!(app.count(&format!("outbox WHERE destination = '{BEN}' AND state = 'pending'")), 6, "{backend:?}");
        // As if the leases of the dead server had ended, and all were due: the mails must not be sent before they are handed on.
        app.execute("UPDATE outbox SET leased = FALSE, due_at = 1");

        run(&app, &["staff", "remove", "--email", BEN]);
        app.set("COUNTERBELL_SMTP_URL", &smtp.url());
        app.start_again().await;
        all_is_handed_on(&app).await;

        let alerts = messages(&app, "alert_mail");
        assert!(alerts.iter().all(|(to, told)| to == CLEO && told["why"] == "fallback"), "{backend:?}: {alerts:?}");
        assert_eq!(alerts.len(), 3, "{backend:?}");
        let told: Vec<_> =
            messages(&app, "case_mail").into_iter().map(|(to, told)| (to, told["message"].clone())).collect();
        assert_eq!(told, [(CLEO.to_owned(), json!("customer_answered"))], "{backend:?}");
        assert_eq!(app.count("journal WHERE kind = 'message.withdrawn'"), 6, "{backend:?}");
        wait::until_true("the mails", async || app.count("outbox WHERE state <> 'delivered'") == 0).await;
        assert!(smtp.deliveries().iter().all(|delivery| delivery.to == [CLEO]), "{backend:?}");
    }
}

#[tokio::test]
async fn message_for_which_nobody_is_left_is_parked_and_sent_when_they_are_back() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let mut app = TestApp::on(backend).recipients(&[ANN]).setting("COUNTERBELL_SMTP_URL", GONE).await;
        unhappy(&app, 1).await;

        run(&app, &["staff", "remove", "--email", ANN]);
        wait::until_true("the end of it", async || {
            app.execute("UPDATE timers SET due_at = 1 WHERE kind = 'staff_left'");
            app.count("timers WHERE kind = 'staff_left'") == 0
        })
        .await;

        let parked = app.admin_items("/v1/admin/outbox?state=parked").await;
        assert_eq!(parked.len(), 1, "{backend:?}: {parked:?}");
        let error = parked[0]["last_error"].as_str().unwrap();
        assert!(error.contains("has left, and nobody is there"), "{error}");

        run(&app, &["staff", "add", "--email", ANN]);
        app.set("COUNTERBELL_SMTP_URL", &smtp.url());
        app.restart().await;
        let path = format!("/v1/admin/outbox/{}/resend", parked[0]["message_id"].as_str().unwrap());
        app.send(app.request(Method::POST, &path).bearer_auth(&app.api_key)).await.expect(202);
        assert_eq!(smtp.wait_for(1).await[0].to, [ANN], "{backend:?}");
    }
}

#[tokio::test]
async fn leaving_says_what_it_touches_and_doctor_names_what_still_names_them() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).recipients(&[ANN]).await;
        run(&app, &["staff", "add", "--email", BEN]);
        run(&app, &["staff", "add", "--email", CLEO, "--manager", BEN]);
        run(&app, &["touchpoint", "set", "till", "--owner", BEN]);
        run(&app, &["team", "set", "counter", "--member", BEN]);
        app.store_rule(&sample::with(
            sample::rule("low", json!({ "score": { "max": 1 } })),
            json!({ "who": [{ "person": BEN }] }),
        ));
        unhappy(&app, 2).await;
        take(&app, 1..=2);
        let ben = ["--site", &app.site_key, "--email", BEN];
        let touched = json!({ "open_cases": 2, "rules": ["low"], "touchpoints": ["till"], "manager_of": [3], "teams": ["counter"] });

        let tried = app.cli(&[&["staff", "remove", "--dry-run"], &ben[..]].concat());
        for told in
            ["Nothing was changed", "2 open cases go back", "any more: low", "by that: till", CLEO, "leave: counter"]
        {
            assert!(tried.stdout.contains(told), "{backend:?}: no {told} in {}", tried.stdout);
        }
        assert_eq!(app.count("members WHERE left_at IS NOT NULL"), 0, "{backend:?}");
        let path = format!("/v1/admin/sites/{}/staff/2", app.site_key);
        let removed = app.send(app.request(Method::DELETE, &path).bearer_auth(&app.api_key)).await.expect(200);
        assert_eq!(removed, touched, "{backend:?}");

        all_is_handed_on(&app).await;
        let again = app.cli(&[&["staff", "remove", "--json"], &ben[..]].concat());
        let rest = json!({ "open_cases": 0, "rules": ["low"], "touchpoints": [], "manager_of": [], "teams": [] });
        assert_eq!(again.json()["leaving"], rest, "{backend:?}");
        assert!(again.stderr.contains("none of those whom the rule \"low\" names is left"), "{}", again.stderr);
        // As an earlier version left them.
        app.execute("UPDATE cases SET owner_id = 2, state = 'in_progress'");
        app.execute("UPDATE members SET manager_id = 2 WHERE person_id = 3");
        let checks = super::doctor::checks(&app.cli(&["doctor", "--json"]));
        let check = super::doctor::check(&checks, "who left");
        assert_eq!(check["verdict"], "warning", "{check}");
        for told in ["named by the rule \"low\"", "the manager of person 3", "the owner of 2 open cases"] {
            assert!(check["found"].as_str().unwrap().contains(told), "{backend:?}: no {told} in {check}");
        }
    }
}

#[tokio::test]
async fn site_that_nobody_is_left_to_be_told_of_is_named() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).recipients(&[ANN]).await;
        let cli = |args: &[&str]| app.cli(&[args, &["--site", &app.site_key]].concat());
        let found = || {
            let checks = super::doctor::checks(&app.cli(&["doctor", "--json"]));
            let check = super::doctor::check(&checks, "who is told").clone();
            (check["verdict"].as_str().unwrap().to_owned(), check["found"].as_str().unwrap().to_owned())
        };
        assert_eq!(found().0, "ok", "{backend:?}");
        assert_eq!(cli(&["alert", "test"]).stderr, "", "{backend:?}");
        let nobody = "the rule \"unhappy\" tells nobody";
        let says = |output: counterbell_tests::CliOutput, told: &str| {
            assert!(output.status.success() && output.stderr.contains(told), "{backend:?}: {output:?}");
        };

        says(app.cli(&["site", "set", &app.site_key, "--remove-recipient", ANN]), nobody);
        let (verdict, told) = found();
        assert!(verdict == "warning" && told.contains(&app.site_key) && told.contains(nobody), "{backend:?}: {told}");
        says(cli(&["alert", "test"]), nobody);
        says(cli(&["rules", "test"]), nobody);
        says(cli(&["team", "set", "counter", "--label", "Counter"]), nobody);
        let rule = sample::with(
            sample::rule("low", json!({ "score": { "max": 1 } })),
            json!({ "who": [{ "team": "counter" }] }),
        );
        let file = app.dir().join("low.json");
        std::fs::write(&file, rule.to_string()).unwrap();
        says(cli(&["rules", "put", &file.display().to_string()]), "the rule \"low\" tells nobody");

        run(&app, &["team", "set", "alerts", "--member", ANN]);
        says(cli(&["rules", "put", &file.display().to_string()]), "the team \"alerts\" is told instead");
        run(&app, &["staff", "set", "--email", ANN, "--absent-from", "2020-01-01"]);
        assert!(found().1.contains("everybody whom the rule \"unhappy\" tells is away"), "{backend:?}: {}", found().1);
        says(cli(&["staff", "remove", "--email", ANN]), nobody);
        run(&app, &["rules", "retire", "low"]);
        says(cli(&["rules", "retire", "unhappy"]), "no alert rule about responses is in force");
        assert!(found().1.contains("no alert rule about responses is in force"), "{backend:?}");
    }
}

#[tokio::test]
async fn customer_for_whom_nobody_was_there_is_told_to_whoever_comes() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).recipients(&[ANN]).await;
        run(&app, &["staff", "remove", "--email", ANN]);
        unhappy(&app, 1).await;
        assert_eq!((app.count("outbox"), app.count("alerts"), app.count("cases")), (0, 0, 1), "{backend:?}");
        app.end_silence().await;
        assert_eq!((app.count("outbox"), app.count("cases")), (0, 1), "{backend:?}: nobody is there yet");

        let added = app.cli(&["site", "set", &app.site_key, "--add-recipient", BEN]);
        assert!(added.status.success(), "{added:?}");
        app.end_silence().await;

        let told = messages(&app, "alert_mail");
        assert!(
            matches!(told.as_slice(), [(to, payload)] if to == BEN && payload["case"] == 1),
            "{backend:?}: {told:?}"
        );
        assert_eq!((app.count("triage_queue"), app.count("cases")), (0, 1), "{backend:?}");
    }
}

#[tokio::test]
async fn customer_whom_somebody_saw_to_before_anybody_was_told_is_told_to_nobody() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).recipients(&[ANN]).await;
        run(&app, &["staff", "remove", "--email", ANN]);
        unhappy(&app, 1).await;
        run(&app, &["staff", "add", "--email", BEN]);
        acknowledge(&app, 1, BEN).await.expect(200);
        assert!(app.cli(&["site", "set", &app.site_key, "--add-recipient", BEN]).status.success(), "{backend:?}");

        app.end_silence().await;

        assert_eq!((app.count("outbox"), app.count("alerts")), (0, 1), "{backend:?}");
        assert_eq!(app.count("triage_queue"), 0, "{backend:?}: and it is not looked at again");
    }
}
