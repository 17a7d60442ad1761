//! A site's wording for the widget's own words.

use counterbell_tests::{Backend, CliOutput, TestApp, sample, wait};
use serde_json::{Value, json};

fn store(app: &TestApp, document: &Value) -> CliOutput {
    let file = app.dir().join("words.json");
    std::fs::write(&file, document.to_string()).unwrap();
    app.cli(&["site", "words", &app.site_key, &file.display().to_string(), "--json"])
}

async fn config(app: &TestApp, query: &str) -> Value {
    app.get(&format!("/v1/widget/{}?{query}", app.site_key)).await.expect(200)
}

#[tokio::test]
async fn sites_words_are_shown_in_every_survey_unless_it_has_its_own() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let own = config(&app, "").await;
        let mut survey = sample::survey("fitting-room");
        survey["texts"] = json!({ "close": { "en": "Leave" } });
        app.publish_survey(&survey);
        let document = json!({
            "send": { "en": "Submit", "de": "Absenden" }, "close": { "en": "Shut" }, "consent": { "en": "You may." },
        });
        assert_eq!(store(&app, &document).json()["words"], document, "{backend:?}");
        wait::until_true("words in force", async || config(&app, "").await["texts"]["send"] == "Submit").await;

        let shown = config(&app, "locale=en-GB").await;
        assert_eq!((&shown["texts"]["close"], &shown["texts"]["skip"]), (&json!("Shut"), &own["texts"]["skip"]));
        assert!(shown["survey"].to_string().contains("You may."), "{backend:?}: {shown}");
        let german = config(&app, "locale=de").await;
        assert_eq!(
            (&german["texts"]["send"], &german["texts"]["close"]),
            (&json!("Absenden"), &json!("Schlie\u{df}en"))
        );
        let of_survey = config(&app, "survey=fitting-room").await;
        assert_eq!((&of_survey["texts"]["send"], &of_survey["texts"]["close"]), (&json!("Submit"), &json!("Leave")));

        assert!(app.cli(&["site", "words", &app.site_key, "--clear"]).status.success());
        wait::until_true("the widget's words", async || config(&app, "").await == own).await;
    }
}

#[tokio::test]
async fn words_with_a_fault_are_refused_and_shown_ones_can_be_stored() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let refused =
            store(&app, &json!({ "sent": { "en": "x" }, "greeting": { "en": "Hi" }, "step": { "en": "{n}" } }));
        assert_eq!((refused.status.code(), refused.stderr.lines().count()), (Some(1), 1), "{refused:?}");
        for told in ["/sent", "/greeting/en", "{name}", "/step/en", "{count}"] {
            assert!(refused.stderr.contains(told), "{told}: {refused:?}");
        }
        assert_eq!(app.count("sites WHERE words IS NOT NULL"), 0, "{backend:?}");

        let shown = app.cli(&["site", "words", &app.site_key]);
        let document: Value = serde_json::from_str(&shown.stdout).unwrap();
        assert_eq!(document["send"], json!({ "en": "Send" }), "{shown:?}");
        assert_eq!(store(&app, &document).json()["words"], document, "{backend:?}");
        assert_eq!(app.count("sites WHERE words IS NOT NULL"), 1, "{backend:?}");
    }
}
