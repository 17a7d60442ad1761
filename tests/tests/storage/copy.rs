//! `counterbell copy`: from one database to another.

use counterbell_tests::{Backend, CliOutput, Database, Place, Program, TestApp, command, environment, sample, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

fn copy(app: &TestApp, from: &str, to: &str, more: &[&str]) -> CliOutput {
    let mut args = vec!["copy", "--from", from, "--to", to, "--json"];
    args.extend(more);
    app.cli(&args)
}

/// What became of one table.
fn table<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["tables"].as_array().unwrap().iter().find(|table| table["table"] == name).unwrap()
}

fn figures(report: &Value, name: &str) -> [i64; 4] {
    ["equal", "inserted", "updated", "deleted"].map(|figure| table(report, name)[figure].as_i64().unwrap())
}

fn other(backend: Backend) -> Backend {
    if backend == Backend::Sqlite { Backend::Postgres } else { Backend::Sqlite }
}

/// An app with the real reviews, some responses that told somebody, and a second site.
async fn filled(backend: Backend) -> TestApp {
    let app = TestApp::on(backend).await;
    let map = "score=Rating,comment=Review Text,touchpoint=Department Name";
    let reviews = environment::workspace().join("server/demo/reviews.csv").display().to_string();
    assert!(app.cli(&["import", "--site", &app.site_key, "--map", map, &reviews]).status.success());
    for score in [1, 2, 5] {
        let members = json!({ "comment": "K\u{e4}se \u{1f9c0} 'quoted' \\ back", "touchpoint": "L\u{fc}beck" });
        app.respond(&sample::with(sample::response(score), members)).await.expect(201);
    }
    let answers = json!({ "answers": { "reasons": { "choices": ["late"], "other": "K\u{e4}se" } } });
    app.respond(&sample::with(sample::response(3), answers)).await.expect(201);
    app.publish_survey(&sample::survey("fitting-room"));
    app.store_theme(&json!({ "accent": "#2f4a3c" }));
    let words = app.dir().join("words.json");
    std::fs::write(&words, r#"{"send": {"de": "K\u00e4se"}}"#).unwrap();
    assert!(app.cli(&["site", "words", &app.site_key, &words.display().to_string()]).status.success());
    let changed = sample::response(2);
    for (revision, complete) in [(3, false), (7, true), (9, true)] {
        let members = json!({ "revision": revision, "complete": complete, "comment": format!("step {revision}") });
        app.respond(&sample::with(changed.clone(), members)).await;
    }
    app.respond(&sample::with(sample::response(1), json!({ "revision": 4, "complete": false }))).await.expect(201);
    app.create_site("https://other.example", "other@shop.example");
    app.triaged().await;
    app
}

#[tokio::test]
async fn copy_there_and_back_is_equal_and_works() {
    for backend in Backend::ALL {
        let mut app = filled(backend).await;
        app.program().kill();
        let (dir, back_dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let there = Database::create(Place::Backend(other(backend)), dir.path());
        let back = Database::create(Place::Backend(backend), back_dir.path());

        let report = copy(&app, app.database_url(), there.url(), &[]).json();
        let responses = app.count("responses");
        assert_eq!(figures(&report, "responses"), [0, responses, 0, 0], "{backend:?}");
        for revision in ["revision = 7 AND complete", "revision = 4 AND NOT complete"] {
            assert_eq!(there.count(&format!("responses WHERE {revision}")), 1, "{backend:?}: {revision}");
        }
        let drawn_and_worded = "sites WHERE theme LIKE '{\"accent\"%' AND words LIKE '%se\"}}'";
        assert_eq!(there.count(drawn_and_worded), 1, "{backend:?}");
        let report_back = copy(&app, there.url(), back.url(), &[]).json();
        assert_eq!(back.count("response_additions WHERE revision = 9 AND comment = 'step 9'"), 1, "{backend:?}");
        for name in
            ["sites", "surveys", "responses", "response_additions", "alerts", "outbox", "score_days", "api_keys"]
        {
            assert_eq!(table(&report, name)["sha256"], table(&report_back, name)["sha256"], "{backend:?} {name}");
        }
        let verified = copy(&app, app.database_url(), back.url(), &["--dry-run"]);
        assert!(verified.status.success(), "{verified:?}");
        assert_eq!(figures(&verified.json(), "surveys"), [1, 0, 0, 0], "{backend:?}");
        assert_eq!(back.count("responses WHERE answers LIKE '{\"reasons\"%'"), 1, "{backend:?}");
        assert_eq!(figures(&verified.json(), "responses"), [responses, 0, 0, 0], "{backend:?}");

        let summary = "/v1/admin/summary";
        app.start_again().await;
        let original = app.admin(summary).await.expect(200);
        app.program().kill();
        app.set("COUNTERBELL_DATABASE_URL", there.url());
        app.start_again().await;
        assert_eq!(app.admin(summary).await.expect(200), original, "{backend:?}");
        // Sites' numbers go on behind those that were copied.
        app.create_site("https://third.example", "third@shop.example");
        app.respond(&sample::with(sample::response(5), json!({ "survey": "fitting-room" }))).await.expect(201);
        app.respond(&sample::response(5)).await.expect(201);
        wait::until_true("found comments", async || {
            let found = app.admin("/v1/admin/responses?q=Käse").await.expect(200);
            found["items"].as_array().unwrap().len() == 3
        })
        .await;
    }
}

#[tokio::test]
async fn second_run_copies_only_what_differs() {
    for backend in Backend::ALL {
        let mut app = filled(backend).await;
        app.program().kill();
        let dir = TempDir::new().unwrap();
        let target = Database::create(Place::Backend(other(backend)), dir.path());
        copy(&app, app.database_url(), target.url(), &[]).json();
        let responses = app.count("responses");
        let alerts = app.count("alerts");

        target.execute("DELETE FROM responses WHERE score = 1");
        let missing = responses - target.count("responses");
        target.execute("UPDATE responses SET comment = 'other words', held = 'spam' WHERE score = 2");
        target.execute("UPDATE sites SET name = 'Other', daily_cap = 1");
        let changed = target.count("responses WHERE score = 2");
        let differ = copy(&app, app.database_url(), target.url(), &["--dry-run"]);
        assert_eq!(differ.status.code(), Some(1), "{differ:?}");
        assert_eq!(target.count("responses"), responses - missing, "a dry run writes nothing");

        let report = copy(&app, app.database_url(), target.url(), &[]).json();

        assert_eq!(figures(&report, "responses"), [responses - missing - changed, missing, changed, 0], "{backend:?}");
        assert_eq!(figures(&report, "sites"), [0, 0, 2, 0], "{backend:?}");
        assert_eq!(figures(&report, "alerts"), [alerts, 0, 0, 0], "{backend:?}");
        assert!(copy(&app, app.database_url(), target.url(), &["--dry-run"]).status.success(), "{backend:?}");
    }
}

#[tokio::test]
async fn copy_that_was_killed_goes_on_where_it_was() {
    let mut app = TestApp::on(Backend::Sqlite).await;
    app.respond(&sample::response(4)).await.expect(201);
    app.program().kill();
    app.execute(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 40000) \
         INSERT INTO responses (site_id, response_id, touchpoint, survey, survey_version, metric, score, channel, \
         created_at, received_at) SELECT site_id, randomblob(16), touchpoint, survey, survey_version, metric, score, \
         channel, created_at, received_at FROM responses, numbers",
    );
    let dir = TempDir::new().unwrap();
    let target = Database::create(Place::Backend(Backend::Postgres), dir.path());
    assert!(app.cli(&["migrate", "--database-url", target.url()]).status.success());

    let mut first =
        Program::start(command(app.dir()).args(["copy", "--from", app.database_url(), "--to", target.url()]));
    wait::until_true("first rows", async || target.count("responses") > 0).await;
    first.kill();
    // The database may still be busy with what it was told last.
    wait::until_true("an end", async || {
        target.count("pg_stat_activity WHERE datname = current_database() AND application_name = 'counterbell'") == 0
    })
    .await;
    let copied = target.count("responses");
    assert!(copied < 40_001, "it was not stopped halfway");

    let report = copy(&app, app.database_url(), target.url(), &[]).json();

    assert_eq!(figures(&report, "responses"), [copied, 40_001 - copied, 0, 0]);
}

#[tokio::test]
async fn what_would_destroy_something_is_refused() {
    for backend in Backend::ALL {
        let mut app = filled(backend).await;
        app.program().kill();
        let (dir, empty_dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let target = Database::create(Place::Backend(other(backend)), dir.path());
        let empty = Database::create(Place::Backend(other(backend)), empty_dir.path());
        let refused = |output: CliOutput, because: &str| {
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            assert!(output.stderr.lines().count() == 1 && output.stderr.contains(because), "{because}: {output:?}");
        };
        let responses = app.count("responses");

        refused(copy(&app, app.database_url(), app.database_url(), &[]), "same database");
        // Swapped: an empty database over a full one, and an older copy over the newer original.
        assert!(app.cli(&["migrate", "--database-url", empty.url()]).status.success());
        refused(copy(&app, empty.url(), app.database_url(), &["--delete-extra"]), "--from");
        copy(&app, app.database_url(), target.url(), &[]).json();
        target.execute("DELETE FROM responses WHERE score = 1");
        refused(copy(&app, target.url(), app.database_url(), &[]), "swapped");
        assert_eq!(app.count("responses"), responses, "{backend:?}");

        // Deleted in the source since a server ran on the target.
        if backend == Backend::Sqlite {
            target.execute(
                "INSERT INTO comment_words (site_id, seq, response_id, created_at, words) \
                 SELECT site_id, row_number() OVER (), response_id, created_at, '' FROM responses",
            );
        }
        app.execute("DELETE FROM responses WHERE score = 2");
        let report = copy(&app, app.database_url(), target.url(), &["--delete-extra"]).json();
        assert_eq!(figures(&report, "responses")[3], responses - app.count("responses"), "{backend:?}");
        assert_eq!(target.count("responses"), app.count("responses"), "{backend:?}");
        if backend == Backend::Sqlite {
            let without_response = "comment_words WHERE NOT EXISTS (SELECT FROM responses \
                                    WHERE responses.response_id = comment_words.response_id)";
            assert_eq!(target.count(without_response), 0);
        }

        app.execute("CREATE TABLE diary (words TEXT)");
        refused(copy(&app, app.database_url(), target.url(), &[]), "diary");
    }
}
