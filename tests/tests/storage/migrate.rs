//! The schema, forth and back.

use counterbell_tests::{Backend, TestApp, sample};
use serde_json::json;

#[tokio::test]
async fn migrating_again_changes_nothing() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.respond(&sample::response(4)).await.expect(201);

        let migrated = app.cli(&["migrate", "--json"]).json();

        assert_eq!(migrated, json!({ "applied": [] }), "{backend:?}");
        assert_eq!(app.count("responses"), 1, "{backend:?}");
    }
}

#[tokio::test]
async fn response_of_before_there_were_revisions_is_complete() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        let response = sample::with(sample::response(4), json!({ "complete": false, "revision": 5 }));
        app.respond(&response).await.expect(201);
        app.program().kill();

        let reverted = || app.cli(&["migrate", "--revert-last", "--yes", "--json"]).json()["reverted"].to_string();
        while !reverted().contains("0004") {}
        app.cli(&["migrate"]);

        assert_eq!(app.count("responses WHERE complete AND revision = 0"), 1, "{backend:?}");
    }
}

#[tokio::test]
async fn site_of_before_there_were_zones_is_in_utc() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.cli(&["site", "set", &app.site_key, "--zone", "Europe/Berlin", "--json"]).json();
        app.program().kill();

        let reverted = || app.cli(&["migrate", "--revert-last", "--yes", "--json"]).json()["reverted"].to_string();
        while !reverted().contains("0021") {}
        app.cli(&["migrate"]);

        let sites = app.cli(&["site", "list", "--json"]).json();
        assert_eq!((&sites[0]["zone"], &sites[0]["name"]), (&json!("UTC"), &json!("Shop")), "{backend:?}");
    }
}

#[tokio::test]
async fn every_migration_can_be_taken_back_and_made_again() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.program().kill();

        let mut reverted = Vec::new();
        loop {
            let output = app.cli(&["migrate", "--revert-last", "--yes", "--json"]);
            if !output.status.success() {
                break;
            }
            reverted.push(output.json()["reverted"].as_str().unwrap().to_owned());
        }
        let applied = app.cli(&["migrate", "--json"]).json();

        reverted.reverse();
        assert!(!reverted.is_empty());
        assert_eq!(applied, json!({ "applied": reverted }), "{backend:?}");
        assert_eq!(app.count("responses"), 0, "{backend:?}");
    }
}

#[tokio::test]
async fn migration_is_taken_back_only_when_that_is_confirmed() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.program().kill();

        let output = app.cli(&["migrate", "--revert-last"]);

        assert_eq!(output.status.code(), Some(1), "{backend:?}: {output:?}");
        assert_eq!(output.stderr.lines().count(), 1, "{backend:?}: {output:?}");
        assert!(output.stderr.contains("--yes"), "{backend:?}: {output:?}");
        assert_eq!(app.cli(&["migrate", "--json"]).json(), json!({ "applied": [] }), "{backend:?}");
    }
}
