//! Responses and sites that are deleted, and what is left of them.

use std::path::{Path, PathBuf};

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, Refuse, Smtp, SmtpOptions, TestApp, sample, wait};
use reqwest::Method;
use serde_json::{Value, json};

/// In no other text, in a form that folding changes.
const WORD: &str = "Zw\u{f6}lfkampf";
/// The same as it is indexed.
const FOLDED: &str = "zwolfkampf";

/// An unhappy response with that word wherever a customer can write; its id.
async fn respond_with_words(app: &TestApp) -> String {
    let id = sample::response_id();
    let members = json!({
        "response_id": id, "comment": format!("The {WORD} was late"), "touchpoint": "till",
        "answers": { "reasons": { "choices": ["late"], "other": WORD } },
    });
    let response = sample::with(sample::response(1), members);
    app.respond(&response).await.expect(201);
    let addition = json!({ "revision": 1, "comment": format!("{WORD} again") });
    app.respond(&sample::with(response, addition)).await.expect(200);
    wait::until_true("mail", async || !app.mail_files().is_empty()).await;
    wait::until_true("delivered", async || app.admin_items("/v1/admin/outbox?state=delivered").await.len() == 1).await;
    wait::until_true("found by its word", async || found(app).await == 1).await;
    id
}

async fn found(app: &TestApp) -> usize {
    app.admin_items(&format!("/v1/admin/responses?q={FOLDED}")).await.len()
}

/// Files of the test that hold the word in one of its forms.
fn files_with_the_word(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with_the_word(&path));
        } else if std::fs::read(&path).is_ok_and(|bytes| {
            [WORD, FOLDED].iter().any(|word| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
        }) {
            found.push(path);
        }
    }
    found
}

async fn expect_nothing_left(app: &TestApp, backend: Backend) {
    let tables = [
        "responses",
        "response_additions",
        "triage_queue",
        "alerts",
        "outbox",
        "attempts",
        "search_queue",
        "score_days",
    ];
    for table in tables {
        assert_eq!(app.count(table), 0, "{backend:?}: {table}");
    }
    assert_eq!(app.admin("/v1/admin/summary").await.expect(200)["count"], 0, "{backend:?}");
    assert_eq!(found(app).await, 0, "{backend:?}");
    assert!(app.mail_files().is_empty(), "{backend:?}");
    if backend == Backend::Postgres {
        assert_eq!(app.count("comment_words"), 0);
    }
    wait::until_true("no file with the word", async || files_with_the_word(app.dir()).is_empty()).await;
    assert!(app.cli(&["verify", "--json"]).status.success(), "{backend:?}");
}

#[tokio::test]
async fn deleted_response_leaves_no_word_behind() {
    for backend in Backend::ALL {
        for by_command in [false, true] {
            let app = TestApp::on(backend).await;
            let id = respond_with_words(&app).await;
            assert!(backend == Backend::Postgres || !files_with_the_word(app.dir()).is_empty(), "the test sees words");

            let path = format!("/v1/admin/responses/{id}");
            let delete = || app.request(Method::DELETE, &path).bearer_auth(&app.api_key);
            if by_command {
                let mail = app.dir().join("mail").display().to_string();
                let args = ["response", "delete", &id, "--site", &app.site_key, "--mail-dir", &mail, "--json"];
                assert_eq!(app.cli(&args).json()["messages"], 1, "{backend:?}");
                let again = app.cli(&args);
                assert!(!again.status.success() && again.stderr.lines().count() == 1, "{again:?}");
            } else {
                assert_eq!(app.send(delete()).await.status, 204, "{backend:?}");
            }

            app.send(delete()).await.expect_problem(ProblemCode::NotFound);
            app.admin(&path).await.expect_problem(ProblemCode::NotFound);
            expect_nothing_left(&app, backend).await;
        }
    }
}

#[tokio::test]
async fn commands_find_mails_where_the_config_file_says() {
    for whole_site in [false, true] {
        let app = TestApp::on(Backend::Sqlite).await;
        let id = respond_with_words(&app).await;
        let config = app.dir().join("counterbell.toml");
        std::fs::write(&config, format!("[mail]\nmail_dir = {:?}\n", app.dir().join("mail"))).unwrap();

        let mut delete = app.command();
        if whole_site {
            delete.args(["site", "delete", &app.site_key, "--yes"]);
        } else {
            delete.args(["response", "delete", &id, "--site", &app.site_key]);
        }
        let deleted = delete.arg("--config").arg(&config).env_remove("COUNTERBELL_MAIL_DIR").status().unwrap();

        assert!(deleted.success());
        assert!(app.mail_files().is_empty(), "the whole site: {whole_site}");
    }
}

#[tokio::test]
async fn words_that_retention_deletes_leave_the_files() {
    let app = TestApp::on(Backend::Sqlite).await;
    respond_with_words(&app).await;
    app.execute("UPDATE responses SET created_at = created_at - 40 * 86400000");
    app.execute("UPDATE outbox SET created_at = created_at - 40 * 86400000");
    app.execute("UPDATE score_days SET day = day - 40");
    app.cli(&["site", "set", &app.site_key, "--retention-days", "30", "--yes", "--json"]).json();

    wait::until_true("deleted response", async || app.count("responses") == 0).await;
    let erased = "cases WHERE state = 'closed' AND nothing_to_do = 'erased'";
    assert_eq!((app.count(erased), app.count("timers WHERE kind LIKE 'case%'")), (1, 0));
    // The words' dates are in the index, and are those of the response as it came.
    app.cli(&["verify", "--json"]);
    wait::until_true("no mail", async || app.mail_files().is_empty()).await;
    let left = || files_with_the_word(app.dir()).into_iter().filter(|path| !path.to_string_lossy().contains("-search"));
    wait::until_true("no file with the word", async || left().count() == 0).await;
}

#[tokio::test]
async fn only_what_belongs_to_the_response_goes() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let [one, other] = [sample::response_id(), sample::response_id()];
        for id in [&one, &other] {
            app.respond(&sample::with(sample::response(1), json!({ "response_id": id, "comment": "late" })))
                .await
                .expect(201);
        }
        wait::until_true("mails", async || app.mail_files().len() == 2).await;
        let other_key = app.create_site("https://other.example", "o@other.example");
        let foreign: Value = json!({ "site_key": other_key, "score": 1 });
        let foreign = app.respond(&foreign).await.expect(201)["response_id"].as_str().unwrap().to_owned();

        app.triaged().await;

        // Of a site that the key does not cover.
        let delete =
            |id: &str| app.request(Method::DELETE, &format!("/v1/admin/responses/{id}")).bearer_auth(&app.api_key);
        app.send(delete(&foreign)).await.expect_problem(ProblemCode::NotFound);
        assert_eq!(app.send(delete(&one)).await.status, 204, "{backend:?}");

        assert_eq!((app.count("responses"), app.count("alerts"), app.count("outbox")), (2, 2, 2), "{backend:?}");
        assert_eq!(app.admin("/v1/admin/summary").await.expect(200)["count"], 1, "{backend:?}");
        wait::until_true("found", async || app.admin_items("/v1/admin/responses?q=late").await.len() == 1).await;
        app.admin(&format!("/v1/admin/responses/{other}")).await.expect(200);
    }
}

#[tokio::test]
async fn deleted_response_does_not_come_back() {
    // As a page makes it that was offline for a while, and one that was made just now.
    let ids = ["018bcfe5-6800-7abc-8102-030405060708", &sample::response_id()];
    for (backend, id) in Backend::ALL.into_iter().flat_map(|backend| ids.map(|id| (backend, id))) {
        let app = TestApp::on(backend).await;
        let kept = |revision: i64| {
            let members = json!({ "response_id": id, "revision": revision, "comment": "late", "complete": false });
            sample::with(sample::response(1), members)
        };
        app.respond(&kept(0)).await.expect(201);
        let path = format!("/v1/admin/responses/{id}");
        let deleted = app.send(app.request(Method::DELETE, &path).bearer_auth(&app.api_key)).await;
        assert_eq!(deleted.status, 204, "{backend:?}");

        let other = app.create_site("https://other.example", "o@other.example");
        for revision in [0, 1] {
            let again = app.respond(&kept(revision)).await.expect(200);
            assert_eq!(again["outcome"], "duplicate", "{backend:?}");
        }
        app.respond(&sample::with(kept(0), json!({ "site_key": other }))).await.expect(201);

        app.admin(&path).await.expect_problem(ProblemCode::NotFound);
        app.end_silence().await;
        assert_eq!((app.count("responses"), app.count("outbox")), (1, 1), "{backend:?}: of the other site");
        assert!(app.cli(&["verify", "--json"]).status.success(), "{backend:?}");
    }
}

#[tokio::test]
async fn deleted_site_is_gone_with_all_of_it() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        respond_with_words(&app).await;
        app.publish_survey(&sample::survey("fitting-room"));
        let other = app.create_site("https://other.example", "o@other.example");
        app.respond(&json!({ "site_key": other, "score": 4 })).await.expect(201);

        let refused = app.cli(&["site", "delete", &app.site_key]);
        assert!(!refused.status.success() && refused.stderr.contains("1 response,"), "{refused:?}");
        assert_eq!(app.count("responses"), 2, "{backend:?}: nothing was deleted");
        let mail = app.dir().join("mail").display().to_string();
        let deleted = app.cli(&["site", "delete", &app.site_key, "--yes", "--mail-dir", &mail, "--json"]).json();
        assert_eq!((&deleted["deleted"]["responses"], &deleted["deleted"]["api_keys"]), (&json!(1), &json!(1)));

        app.respond(&sample::response(4)).await.expect_problem(ProblemCode::UnknownSite);
        app.admin("/v1/admin/responses").await.expect_problem(ProblemCode::Unauthorized);
        for (table, left) in [
            ("sites", 1),
            ("site_origins", 1),
            ("people", 1),
            ("person_addresses", 1),
            ("members", 1),
            ("teams", 1),
            ("team_members", 1),
            ("alert_rules", 2),
            ("surveys", 0),
            ("api_keys", 0),
            ("responses", 1),
            ("response_additions", 0),
            ("erased_responses", 0),
            ("triage_queue", 0),
            ("alerts", 0),
            ("outbox", 0),
            ("attempts", 0),
            ("search_queue", 0),
            ("score_days", 1),
        ] {
            assert_eq!(app.count(table), left, "{backend:?}: {table}");
        }
        assert!(app.mail_files().is_empty(), "{backend:?}");
        wait::until_true("no file with the word", async || files_with_the_word(app.dir()).is_empty()).await;
        assert!(app.cli(&["verify", "--json"]).status.success(), "{backend:?}");
        // The other one goes on.
        app.respond(&json!({ "site_key": other, "score": 4 })).await.expect(201);
    }
}

#[tokio::test]
async fn deletion_of_a_site_that_was_stopped_goes_on() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.respond(&sample::response(1)).await.expect(201);
        // As after `site delete` was killed: closed, and half of it gone.
        app.execute("UPDATE sites SET daily_cap = 0");
        app.execute("DELETE FROM team_members");
        wait::until_true("closed site", async || {
            app.respond(&sample::response(4)).await.status == ProblemCode::DailyCapReached.status()
        })
        .await;

        app.cli(&["site", "delete", &app.site_key, "--yes", "--json"]).json();

        assert_eq!((app.count("sites"), app.count("responses")), (0, 0), "{backend:?}");
    }
}

#[tokio::test]
async fn response_that_is_deleted_while_its_mail_is_being_sent_is_no_fault_in_the_log() {
    for backend in Backend::ALL {
        for refused in [false, true] {
            // A mail server that takes the mail, or will have none of it, once the response is deleted.
            let refuse = refused.then_some(Refuse { verb: "DATA", times: 1, code: 550 });
            let smtp = Smtp::with(SmtpOptions { refuse, hold: true, ..SmtpOptions::default() }).await;
            let app = TestApp::on(backend).smtp(&smtp).await;
            let id = sample::response_id();
            app.respond(&sample::with(sample::response(1), json!({ "response_id": id }))).await.expect(201);
            wait::until_true("mail that is being sent", async || smtp.holds()).await;
            let delete = app.request(Method::DELETE, &format!("/v1/admin/responses/{id}")).bearer_auth(&app.api_key);
            assert_eq!(app.send(delete).await.status, 204, "{backend:?}");

            smtp.release();

            wait::until_true("word of it", async || app.log().contains("its response was deleted")).await;
            let log = app.log();
            for fault in ["ERROR", "is parked", "The lease"] {
                assert!(!log.contains(fault), "{backend:?}, refused {refused}: {fault} in {log}");
            }
            let metrics = app.get("/metrics").await;
            assert!(metrics.text().contains("mail_attempts_total{result=\"parked\"} 0"), "{}", metrics.text());
            assert_eq!((app.count("outbox"), app.count("attempts")), (0, 0), "{backend:?}");
        }
    }
}
