//! `counterbell verify`.

use counterbell_tests::{Backend, CliOutput, Load, TestApp, environment, sample, wait};
use serde_json::{Value, json};

/// The checks, after a look at how the command ended.
fn checks(output: &CliOutput) -> Vec<Value> {
    let result: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let checks = result["checks"].as_array().unwrap().clone();
    let wrong = checks.iter().any(|check| check["differences"] != 0 && check["repaired"] == false);
    assert_eq!((output.status.code(), &result["ok"]), (Some(i32::from(wrong)), &json!(!wrong)), "{output:?}");
    checks
}

/// Name and number of differences of each check that found some.
fn differing(output: &CliOutput) -> Vec<(String, i64)> {
    let found = checks(output).into_iter().filter(|check| check["differences"] != 0);
    found.map(|check| (check["name"].as_str().unwrap().to_owned(), check["differences"].as_i64().unwrap())).collect()
}

async fn filled(backend: Backend) -> TestApp {
    let app = TestApp::on(backend).await;
    let map = "score=Rating,comment=Review Text,touchpoint=Department Name";
    let reviews = environment::workspace().join("server/demo/reviews.csv").display().to_string();
    assert!(app.cli(&["import", "--site", &app.site_key, "--map", map, &reviews]).status.success());
    for score in [1, 2, 5] {
        app.respond(&sample::with(sample::response(score), json!({ "comment": "quagga" }))).await.expect(201);
    }
    app.triaged().await;
    wait::until_true("index of all comments", async || app.count("search_queue") == 0).await;
    app
}

#[tokio::test]
async fn healthy_database_passes_while_responses_come_in() {
    for backend in Backend::ALL {
        let mut app = filled(backend).await;
        let load = Load::start(&app, 8, 1);
        wait::until_true("200 acknowledged responses", async || load.acknowledged() >= 200).await;
        for _ in 0..5 {
            let output = app.cli(&["verify", "--json"]);
            assert_eq!(differing(&output), [], "{backend:?}: {output:?}");
        }
        // Making the figures anew keeps nobody waiting for long and loses none.
        app.execute("UPDATE score_days SET n1 = n1 + 1");
        let repaired = app.cli(&["verify", "--repair", "--json"]);
        assert!(repaired.status.success(), "{backend:?}: {repaired:?}");
        app.program().kill();
        let outcome = load.finish().await;
        assert!(outcome.refused.is_empty(), "{:?}", outcome.refused.first());
        let output = app.cli(&["verify", "--json"]);
        assert_eq!(differing(&output), [], "{backend:?}: {output:?}");
    }
}

#[tokio::test]
async fn wrong_figures_are_found_and_made_anew() {
    for backend in Backend::ALL {
        let app = filled(backend).await;
        let right = app.admin("/v1/admin/summary").await.expect(200);
        app.execute("UPDATE score_days SET n5 = n5 + 7 WHERE touchpoint = 'Tops'");
        app.execute("DELETE FROM score_days WHERE touchpoint = 'Dresses'");
        app.execute(
            "INSERT INTO score_days SELECT site_id, metric, day, 'Nowhere', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
             FROM score_days WHERE touchpoint = 'Tops'",
        );
        assert_ne!(app.admin("/v1/admin/summary").await.expect(200), right, "{backend:?}");

        let found = app.cli(&["verify", "--json"]);
        // A wrong row is one that is missing and one that is too much.
        assert_eq!(differing(&found), [("score days".to_owned(), 4)], "{backend:?}");
        let repaired = app.cli(&["verify", "--repair", "--json"]);
        assert_eq!(differing(&repaired), [("score days".to_owned(), 4)], "{backend:?}");

        assert!(repaired.status.success(), "{backend:?}: {repaired:?}");
        assert_eq!(app.admin("/v1/admin/summary").await.expect(200), right, "{backend:?}");
        assert_eq!(differing(&app.cli(&["verify", "--json"])), [], "{backend:?}");
    }
}

#[tokio::test]
async fn figures_of_responses_deleted_for_their_age_are_no_difference() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).any_age().await;
        for created_at in ["2020-01-01", "2020-01-02"] {
            app.respond(&sample::with(sample::response(1), json!({ "created_at": created_at }))).await.expect(201);
        }
        app.triaged().await;
        app.execute("DELETE FROM responses WHERE created_at < 1577923200000");
        app.execute("DELETE FROM outbox");
        app.execute("DELETE FROM attempts");
        let deleted = app.cli(&["verify", "--json"]);
        assert_eq!(differing(&deleted), [("alerts".to_owned(), 1), ("score days".to_owned(), 1)], "{backend:?}");

        app.execute("UPDATE sites SET purged_before = 1577923200000");
        assert_eq!(differing(&app.cli(&["verify", "--json"])), [], "{backend:?}");
        let summary = app.admin("/v1/admin/summary").await.expect(200);
        assert_eq!(summary["count"], 2, "{backend:?}");
    }
}

#[tokio::test]
async fn comment_that_nobody_would_find_is_found_and_indexed() {
    for backend in Backend::ALL {
        let app = filled(backend).await;
        app.execute(
            "INSERT INTO responses (site_id, response_id, touchpoint, survey, survey_version, metric, score, comment, \
             channel, created_at, received_at) SELECT site_id, CAST('0123456789abcdef' AS BLOB), touchpoint, survey, \
             survey_version, metric, 4, 'a quokka', channel, created_at, received_at FROM responses LIMIT 1"
                .replace("AS BLOB", if backend == Backend::Sqlite { "AS BLOB" } else { "AS BYTEA" })
                .as_str(),
        );
        let found = differing(&app.cli(&["verify", "--json"]));
        assert_eq!(found, [("score days".to_owned(), 2), ("search index".to_owned(), 1)], "{backend:?}");

        let repaired = app.cli(&["verify", "--repair", "--json"]);

        assert!(repaired.status.success(), "{backend:?}: {repaired:?}");
        wait::until_true("found comment", async || {
            app.admin("/v1/admin/responses?q=quokka").await.expect(200)["items"].as_array().unwrap().len() == 1
        })
        .await;
    }
}

#[tokio::test]
async fn what_cannot_be_made_anew_is_told_and_stays() {
    for backend in Backend::ALL {
        let mut app = filled(backend).await;
        app.program().kill();
        app.execute("DELETE FROM responses WHERE score = 1 AND comment = 'quagga'");
        app.execute("UPDATE responses SET score = 9 WHERE score = 2 AND comment = 'quagga'");
        app.publish_survey(&sample::survey("fitting-room"));
        app.execute("UPDATE surveys SET document = '{}'");

        let output = app.cli(&["verify", "--repair", "--json"]);

        assert_eq!(output.status.code(), Some(1), "{backend:?}: {output:?}");
        let found: Vec<_> = differing(&output).into_iter().filter(|(name, _)| name != "score days").collect();
        let one = |name: &str| (name.to_owned(), 1);
        assert_eq!(found, [one("responses"), one("alerts"), one("outbox"), one("surveys")], "{backend:?}");
        assert!(output.stderr.lines().last().unwrap().contains("outbox"), "{output:?}");
    }
}

#[tokio::test]
async fn gaps_behind_the_commit_are_told() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.respond(&sample::response(1)).await.expect(201);
        wait::until_true("mail", async || app.count("outbox WHERE state = 'delivered'") == 1).await;
        app.program().kill();
        assert_eq!(differing(&app.cli(&["verify", "--json"])), [], "{backend:?}");
        let one = |name: &str| (name.to_owned(), 1);

        // Made, fired and delivered: an entry is missing in the middle.
        app.execute("DELETE FROM journal WHERE seq = 2");
        app.execute("DELETE FROM outbox");
        app.execute(
            "INSERT INTO triage_queue (site_id, response_id, revision, due_at, attempts) \
             SELECT site_id, message_id, 0, 0, 0 FROM attempts",
        );
        let found = differing(&app.cli(&["verify", "--json"]));
        assert_eq!(found, [one("tries"), one("triage"), one("journal")], "{backend:?}");

        // One too many instead.
        app.execute("UPDATE site_counters SET journal_oldest = journal_seq");
        let found = differing(&app.cli(&["verify", "--json"]));
        assert_eq!(
            found.last(),
            Some(&("journal".to_owned(), app.count("journal WHERE site_id <> 0") - 1)),
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn response_that_came_back_after_it_was_deleted_is_told_and_can_be_deleted_again() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let [deleted, kept] = [sample::response_id(), sample::response_id()];
        for id in [&deleted, &kept] {
            app.respond(&sample::with(sample::response(4), json!({ "response_id": id }))).await.expect(201);
        }
        let delete = || app.cli(&["response", "delete", &deleted, "--site", &app.site_key]);
        assert!(delete().status.success(), "{backend:?}");
        assert_eq!(differing(&app.cli(&["verify", "--json"])), [], "{backend:?}");

        // As rows that were put back by hand come back.
        app.execute(&format!("UPDATE responses SET response_id = {}", backend.id(&deleted)));
        let output = app.cli(&["verify", "--json"]);
        assert_eq!(differing(&output), [("erased".to_owned(), 1)], "{backend:?}");
        let found = checks(&output).into_iter().find(|check| check["name"] == "erased").unwrap();
        assert!(found["advice"].as_str().unwrap().contains("counterbell response delete"), "{found}");
        assert!(found["found"].as_str().unwrap().contains(&deleted), "{found}");

        assert!(delete().status.success(), "{backend:?}");
        assert_eq!(app.count("responses"), 0, "{backend:?}");
        assert_eq!(differing(&app.cli(&["verify", "--json"])), [], "{backend:?}");
    }
}

#[tokio::test]
async fn control_characters_in_what_staff_wrote_are_told() {
    for backend in Backend::ALL {
        let app = filled(backend).await;
        let root_cause = |name: &str, label: &str| {
            let row = format!("SELECT site_id, '{name}', {label}, 0 FROM root_causes WHERE name = 'other'");
            app.execute(&format!("INSERT INTO root_causes (site_id, name, label, created_at) {row}"));
        };
        let characters: &[u32] =
            if matches!(backend, Backend::Sqlite) { &[0, 1, 27, 127, 159] } else { &[1, 27, 127, 159] };
        for code in characters {
            let character =
                if matches!(backend, Backend::Sqlite) { format!("char({code})") } else { format!("chr({code})") };
            root_cause(&format!("bad-{code}"), &format!("'Rang' || {character} || 'twice'"));
        }
        root_cause("good", "'Rang \u{e4}\u{200b} \n\ttwice'");

        let output = app.cli(&["verify", "--json"]);

        let expected = [("staff words".to_owned(), i64::try_from(characters.len()).unwrap())];
        assert_eq!(differing(&output), expected, "{backend:?}: {output:?}");
    }
}

#[tokio::test]
async fn damaged_file_is_told() {
    let mut app = filled(Backend::Sqlite).await;
    app.program().terminate();
    assert!(app.program().wait_for_exit().await.success());
    // Damage to a page that holds nothing is none.
    app.execute("VACUUM");
    let path = app.dir().join("counterbell.db");
    let whole = std::fs::read(&path).unwrap();
    for part in 2..8 {
        let mut bytes = whole.clone();
        let start = bytes.len() * part / 9;
        bytes[start..start + 8_192].fill(0x5a);
        std::fs::write(&path, bytes).unwrap();

        let output = app.cli(&["verify", "--json"]);

        let checks = checks(&output);
        assert_eq!((checks.len(), &checks[0]["name"]), (1, &json!("integrity")), "{part}: {checks:?}");
        assert!(checks[0]["advice"].as_str().unwrap().contains("backup"), "{part}: {checks:?}");
    }
}

#[tokio::test]
async fn damaged_search_index_is_told_and_made_anew_once_deleted() {
    let mut app = filled(Backend::Sqlite).await;
    app.program().terminate();
    assert!(app.program().wait_for_exit().await.success());
    let path = app.dir().join("counterbell.db-search");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();

    let output = app.cli(&["verify", "--json"]);
    let found = checks(&output);
    let index = found.iter().find(|check| check["name"] == "search index").unwrap();
    assert_ne!(index["differences"], 0, "{found:?}");
    assert!(index["advice"].as_str().unwrap().contains("delete the file"), "{found:?}");

    std::fs::remove_file(&path).unwrap();
    app.start_again().await;
    wait::until_true("found comments", async || {
        app.admin("/v1/admin/responses?q=quagga").await.expect(200)["items"].as_array().unwrap().len() == 3
    })
    .await;
}
