//! The schema, forth and back.

use counterbell_tests::{Backend, TestApp, sample, wait};
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
async fn command_says_what_it_did_to_the_schema() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.program().kill();
        let list = |app: &TestApp| app.cli(&["site", "list", "--json"]);
        assert_eq!(list(&app).stderr, "", "{backend:?}: nothing had to be done");
        let revert = |app: &TestApp| app.cli(&["migrate", "--revert-last", "--yes"]).status.success();

        assert!(revert(&app), "{backend:?}");
        assert_eq!(list(&app).stderr, "Brought the database up to date: 1 migration\n", "{backend:?}");
        assert!(revert(&app) && revert(&app), "{backend:?}");
        let output = list(&app);
        assert_eq!(output.stderr, "Brought the database up to date: 2 migrations\n", "{backend:?}");
        assert_eq!(output.json()[0]["name"], "Shop", "{backend:?}: the result stands alone");

        while revert(&app) {}
        let told = list(&app).stderr;
        let database = app.database_url().split(['@', ':']).next_back().unwrap().to_owned();
        assert!(
            told.starts_with("Made a new database: ") && told.trim_end().ends_with(&database),
            "{backend:?}: {told}"
        );
        assert!(!told.contains('@'), "{backend:?}: no user and no password: {told}");
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
async fn whoever_was_told_becomes_staff_and_the_team_that_is_told() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).recipients(&["ann@shop.example", "bob@shop.example"]).await;
        let other = app.create_site("https://other.example", "ann@shop.example");
        app.program().kill();
        let reverted = || app.cli(&["migrate", "--revert-last", "--yes", "--json"]).json()["reverted"].to_string();
        while !reverted().contains("0023") {}
        assert_eq!(app.count("site_recipients"), 3, "{backend:?}: taken back");
        app.execute("INSERT INTO site_recipients (site_id, email) SELECT id, 'Ann@Shop.Example' FROM sites");

        app.cli(&["migrate"]);

        // One address is one person, however it is written.
        for (table, rows) in [("people", 2), ("person_addresses", 2), ("members", 3), ("teams", 2), ("team_members", 3)]
        {
            assert_eq!(app.count(table), rows, "{backend:?}: {table}");
        }
        let sites = app.cli(&["site", "list", "--json"]).json();
        assert_eq!(sites[0]["recipients"].as_array().unwrap().len(), 2, "{backend:?}: {sites}");
        assert_eq!(sites[1]["site_key"], json!(other));
        assert_eq!(sites[1]["recipients"].as_array().unwrap().len(), 1, "{backend:?}: {sites}");
        app.start_again().await;
        app.respond(&sample::response(1)).await.expect(201);
        wait::until_true("both are told", async || app.mail_files().len() == 2).await;
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

#[tokio::test]
async fn migration_is_taken_back_only_while_no_server_runs() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;

        let output = app.cli(&["migrate", "--revert-last", "--yes"]);

        assert_eq!(output.status.code(), Some(1), "{backend:?}: {output:?}");
        assert!(output.stderr.contains("stop every server"), "{backend:?}: {output:?}");
        app.respond(&sample::response(4)).await.expect(201);
        assert_eq!(app.cli(&["migrate", "--json"]).json(), json!({ "applied": [] }), "{backend:?}");
        app.program().kill();
        assert!(app.cli(&["migrate", "--revert-last", "--yes"]).status.success(), "{backend:?}");
    }
}

#[tokio::test]
async fn several_at_once_take_back_the_one_migration_they_were_shown() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.program().kill();
        let before = app.count("__diesel_schema_migrations");
        let asked = app.cli(&["migrate", "--revert-last"]).stderr;
        let confirm = asked.split_whitespace().find(|word| word.starts_with("--yes=")).unwrap();
        let revert = || app.cli(&["migrate", "--revert-last", confirm]);

        let at_once: Vec<_> = std::thread::scope(|threads| {
            let all: Vec<_> = (0..4).map(|_| threads.spawn(revert)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });

        // On SQLite each may find another in its way.
        let done = at_once.iter().filter(|output| output.status.success()).count();
        assert!(done == 1 || (done == 0 && revert().status.success()), "{backend:?}: {at_once:?}");
        let late = revert();
        assert!(late.stderr.contains("is not the newest"), "{backend:?}: {late:?}");
        assert_eq!(app.count("__diesel_schema_migrations"), before - 1, "{backend:?}: {at_once:?}");
    }
}

#[tokio::test]
async fn migration_that_would_drop_waiting_work_is_not_taken_back() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        for _ in 0..3 {
            app.respond(&sample::with(sample::response(1), json!({ "complete": false }))).await.expect(201);
        }
        app.program().kill();
        let refused = |app: &TestApp, named: &str, advice: &str| {
            let output = loop {
                let output = app.cli(&["migrate", "--revert-last", "--yes"]);
                if !output.status.success() {
                    break output;
                }
            };
            assert_eq!(output.status.code(), Some(1), "{backend:?}: {output:?}");
            assert_eq!(output.stderr.lines().count(), 1, "{backend:?}: {output:?}");
            for word in [named, advice] {
                assert!(output.stderr.contains(word), "{backend:?}: no {word}: {output:?}");
            }
        };

        refused(&app, "0017 is not taken back: it would drop 3 responses", "counterbell serve");
        assert_eq!(app.count("triage_queue"), 3, "{backend:?}");
        // One that was given up is told of later, too.
        app.execute("UPDATE triage_queue SET attempts = 10, parked_at = due_at");
        refused(&app, "0017 is not taken back: it would drop 3 responses", "counterbell serve");

        // What the line says to do.
        app.start_again().await;
        app.end_silence().await;
        wait::until_true("three mails", async || app.count("outbox WHERE state = 'delivered'") == 3).await;
        app.program().kill();
        app.execute("UPDATE outbox SET state = 'pending' WHERE message_id IN (SELECT message_id FROM outbox LIMIT 1)");
        refused(&app, "0026 is not taken back: it would drop 3 cases", "counterbell case list");
        app.execute("UPDATE cases SET state = 'closed', closed_at = opened_at");
        refused(&app, "0001 is not taken back: it would drop 1 message that is", "counterbell serve");
        app.execute("UPDATE outbox SET state = 'parked'");
        assert!(app.cli(&["migrate", "--revert-last", "--yes"]).status.success(), "{backend:?}");
    }
}
