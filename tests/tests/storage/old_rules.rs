//! Alert rules of the version that knew bands alone, taken over and given back.

use counterbell_tests::{Backend, TestApp, sample, wait};
use serde_json::{Value, json};

#[tokio::test]
async fn rules_of_the_version_with_bands_are_taken_over_and_given_back() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.program().kill();
        let last = || app.cli(&["migrate", "--revert-last", "--yes", "--json"]).json()["reverted"].to_string();
        while !last().contains("0025") {}
        let bands = || app.texts(&["name", "bands"], "alert_rules ORDER BY name");
        assert_eq!(bands(), ["unhappy|dissatisfied,detractor"], "{backend:?}");
        for (name, bands) in [("lukewarm", "neutral,passive"), ("odd", "bogus")] {
            app.execute(&format!("INSERT INTO alert_rules SELECT id, '{name}', '{bands}' FROM sites"));
        }
        let before = bands();

        assert!(app.cli(&["migrate"]).status.success(), "{backend:?}");

        let rules =
            app.texts(&["name", "document"], "alert_rules WHERE version = 1 AND retired_at IS NULL ORDER BY name");
        let document = |place: usize| serde_json::from_str::<Value>(rules[place].split_once('|').unwrap().1).unwrap();
        assert_eq!(document(0), sample::rule("lukewarm", json!({ "bands": ["neutral", "passive"] })), "{backend:?}");
        let unhappy = document(3);
        assert_eq!(
            (&unhappy["name"], &unhappy["when"]),
            (&json!("unhappy"), &json!({ "unhappy": true })),
            "{backend:?}"
        );
        // What nobody could read is still told by the doctor, and mended by whoever stores it again.
        assert!(app.cli(&["doctor", "--json"]).stdout.contains("\\\"odd\\\""), "{backend:?}");
        while !last().contains("0025") {}
        assert_eq!(bands(), before, "{backend:?}");

        app.execute("DELETE FROM alert_rules WHERE name = 'odd'");
        app.start_again().await;
        for score in [1, 3, 4] {
            app.respond(&sample::response(score)).await.expect(201);
        }
        wait::until_true("two mails", async || app.mail_files().len() == 2).await;
        assert_eq!(app.texts(&["rule"], "alerts ORDER BY rule"), ["lukewarm", "unhappy"], "{backend:?}");
    }
}
