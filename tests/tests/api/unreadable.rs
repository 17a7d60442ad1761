//! Rows of a site that cannot be read: somebody wrote them past the program. A customer's answer is never lost over one.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, TestApp, sample, wait};
use serde_json::{Value, json};

/// The check of this name, after a look whether the command fails as the check does.
fn doctor(app: &TestApp, name: &str) -> Value {
    let output = app.cli(&["doctor", "--json"]);
    let result: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let checks = result["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name}: {output:?}"));
    assert_eq!(output.status.success(), check["verdict"] != "failed", "{output:?}");
    check.clone()
}

async fn expect_that_it_is_asked(app: &TestApp) {
    for path in [format!("/v1/widget/{}", app.site_key), format!("/f/{}/checkout", app.site_key)] {
        let answer = app.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn rule_that_cannot_be_read_costs_no_answer_and_is_gone_by_once_it_can() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        assert_eq!(doctor(&app, "alert rules")["verdict"], "ok", "{backend:?}");
        // With what could be told of without it.
        app.execute("UPDATE alert_rules SET document = 'bogus' WHERE name = 'unhappy'");
        app.store_rule(&sample::rule("lukewarm", json!({ "bands": ["neutral"] })));

        for score in [1, 3, 5] {
            app.respond(&sample::response(score)).await.expect(201);
        }

        expect_that_it_is_asked(&app).await;
        let failed = "triage_queue WHERE attempts > 0 AND last_error LIKE '%unhappy%'";
        wait::until_true("word of the failure", async || app.count(failed) == 3).await;
        assert_eq!((app.count("alerts"), app.count("outbox")), (0, 0), "{backend:?}");
        let said = format!("Alert rules of site {} cannot be read: \"unhappy\"", app.site_key);
        let log = app.log();
        let lines: Vec<_> = log.lines().filter(|line| line.contains(&said)).collect();
        assert!(!lines.is_empty() && lines.len() < 4 && lines[0].contains("ERROR"), "{backend:?}: {log}");
        let check = doctor(&app, "alert rules");
        assert_eq!(check["verdict"], "failed", "{backend:?}: {check}");
        for (told, word) in [("found", "\"unhappy\""), ("found", &app.site_key), ("advice", "rules put")] {
            assert!(check[told].as_str().unwrap().contains(word), "{backend:?}: {check}");
        }

        // Ten minutes later.
        wait::until_true("parked responses", async || {
            app.execute("UPDATE triage_queue SET attempts = 9, due_at = 0 WHERE parked_at IS NULL AND attempts < 9");
            app.count("triage_queue WHERE parked_at IS NOT NULL AND attempts = 10") == 3
        })
        .await;
        // Also by a server that did not see them parked.
        app.restart().await;
        wait::until_true("another try", async || app.count("triage_queue WHERE attempts = 1") == 3).await;
        app.execute("UPDATE triage_queue SET attempts = 10, parked_at = due_at");

        app.store_rule(&sample::rule("unhappy", json!({ "unhappy": true })));

        wait::until_true("two mails", async || app.mail_files().len() == 2).await;
        assert_eq!((app.count("triage_queue"), app.count("alerts"), app.count("outbox")), (0, 2, 2), "{backend:?}");
        assert_eq!(doctor(&app, "alert rules")["verdict"], "ok", "{backend:?}");
    }
}

#[tokio::test]
async fn site_with_documents_that_cannot_be_read_is_asked_with_others_in_their_place() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).recipients(&[sample::RECIPIENT, "old@shop.example"]).await;
        for name in ["csat", "fitting-room", "fitting-room", "kiosk"] {
            let text = json!({ "en": format!("Version {}", app.count("surveys")) });
            app.publish_survey(&sample::with(sample::survey(name), json!({ "question": text })));
        }
        assert_eq!(doctor(&app, "documents")["verdict"], "ok", "{backend:?}");
        // Of the fitting room the version before can be read, for CSAT there is a template, for the kiosk nothing.
        app.execute("UPDATE surveys SET document = 'bogus' WHERE name <> 'fitting-room' OR version = 2");
        app.execute("UPDATE sites SET theme = 'bogus', words = 'bogus'");
        app.execute("UPDATE person_addresses SET email = 'bogus' WHERE email = 'old@shop.example'");
        app.execute("INSERT INTO site_origins (site_id, origin) SELECT id, 'bogus' FROM sites");

        expect_that_it_is_asked(&app).await;
        let asked = app.get(&format!("/v1/widget/{}?survey=fitting-room", app.site_key)).await.expect(200);
        assert!(asked.to_string().contains("Version 1"), "{backend:?}: {asked}");
        for survey in ["csat", "fitting-room"] {
            let response = sample::with(sample::response(1), json!({ "survey": survey }));
            app.respond(&response).await.expect(201);
        }
        wait::until_true("mails", async || app.mail_files().len() == 2).await;
        // Its answers are kept by whoever sends them: not refused for good.
        let lost = sample::with(sample::response(1), json!({ "survey": "kiosk" }));
        app.respond(&lost).await.expect_problem(ProblemCode::Internal);
        for path in [format!("/v1/widget/{}", app.site_key), format!("/f/{}/checkout", app.site_key)] {
            assert_eq!(app.get(&format!("{path}?survey=kiosk")).await.status, 500, "{backend:?}: {path}");
        }
        let check = doctor(&app, "documents");
        assert_eq!(check["verdict"], "failed", "{backend:?}: {check}");
        let found = check["found"].as_str().unwrap();
        for named in ["survey \"csat\"", "survey \"fitting-room\"", "survey \"kiosk\"", "theme", "words"] {
            assert!(found.contains(named), "{backend:?}: no {named} in {found}");
        }
        assert!(app.log().contains("cannot be read: \"csat\", \"fitting-room\", \"kiosk\""), "{}", app.log());

        app.publish_survey(&sample::survey("kiosk"));
        wait::until_true("answer that is taken", async || app.respond(&lost).await.status == 201).await;
        let output = app.cli(&["doctor", "--json"]);
        assert!(output.status.success(), "what has something in its place is a warning: {output:?}");
    }
}
