//! What customers are asked: documents, versions, languages and answers.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, CliOutput, Smtp, TestApp, run_command, sample, wait};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

fn document(name: &str) -> Value {
    json!({
        "name": name, "metric": "csat", "display": "faces",
        "question": { "en": "How was the fitting room, {name}?", "de": "Wie war die Umkleide?" },
        "low_label": { "en": "Bad", "de": "Schlecht" },
        "high_label": { "en": "Good", "de": "Gut" },
        "steps": [{ "scores": { "min": 1, "max": 2 }, "ask": [
            { "kind": "many", "id": "reasons", "question": { "en": "What was wrong?", "de": "Was war falsch?" },
              "choices": [{ "id": "light", "label": { "en": "Too dark", "de": "Zu dunkel" } }], "other": true },
            { "kind": "comment", "question": { "en": "Tell us more" } },
        ] }],
        "texts": { "send": { "en": "Submit" } },
    })
}

/// Stores a document with the command line.
fn put(app: &TestApp, document: &Value) -> CliOutput {
    let file = app.dir().join("survey.json");
    std::fs::write(&file, document.to_string()).unwrap();
    app.cli(&["survey", "put", &file.display().to_string(), "--site", &app.site_key, "--json"])
}

fn publish(app: &TestApp, name: &str, more: &[&str]) -> CliOutput {
    app.cli(&[&["survey", "publish", name, "--site", &app.site_key, "--json"], more].concat())
}

async fn config(app: &TestApp, query: &str) -> Answer {
    app.get(&format!("/v1/widget/{}?{query}", app.site_key)).await
}

async fn wait_for_version(app: &TestApp, name: &str, version: i64) {
    wait::until_true("version in force", async || {
        let answer = config(app, &format!("survey={name}")).await;
        answer.status == 200 && answer.json()["survey"]["version"] == version
    })
    .await;
}

fn refused(output: &CliOutput, because: &[&str]) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
    assert!(because.iter().all(|word| output.stderr.contains(word)), "{because:?}: {output:?}");
}

#[tokio::test]
async fn published_version_is_asked_and_answered() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let to_it = json!({ "survey": "fitting-room" });
        let answer = app.respond(&sample::with(sample::response(2), to_it.clone())).await;
        assert_eq!(answer.expect_problem(ProblemCode::InvalidResponse).errors[0].pointer, "/survey", "{backend:?}");

        assert_eq!(put(&app, &document("fitting-room")).json()["version"], 1);
        config(&app, "survey=fitting-room").await.expect_problem(ProblemCode::InvalidParameter);
        assert_eq!(publish(&app, "fitting-room", &[]).json()["version"], 1);
        wait_for_version(&app, "fitting-room", 1).await;

        let answers = json!({ "reasons": { "choices": ["light"], "other": "no hook" } });
        let response = sample::with(sample::response(2), sample::with(to_it.clone(), json!({ "answers": answers })));
        app.respond(&response).await.expect(201);
        let id = response["response_id"].as_str().unwrap();
        let stored = app.admin(&format!("/v1/admin/responses/{id}")).await.expect(200);
        assert_eq!((&stored["survey"], &stored["survey_version"]), (&json!("fitting-room"), &json!(1)), "{backend:?}");
        assert_eq!(stored["answers"], answers, "{backend:?}");
        assert_eq!(app.admin("/v1/admin/responses").await.expect(200)["items"][0]["answers"], answers, "{backend:?}");

        // A phone was offline while the survey went on: its answers are taken, whatever they name.
        let old = json!({ "survey_version": 7, "answers": { "gone": { "choices": ["x"] } } });
        let response = sample::with(sample::response(4), sample::with(to_it, old));
        app.respond(&response).await.expect(201);
        let id = response["response_id"].as_str().unwrap();
        let stored = app.admin(&format!("/v1/admin/responses/{id}")).await.expect(200);
        assert_eq!((&stored["survey_version"], &stored["answers"]["gone"]["choices"]), (&json!(7), &json!(["x"])));
    }
}

#[tokio::test]
async fn draft_changes_nothing_and_an_older_version_comes_back() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        assert_eq!(config(&app, "survey=checkout").await.expect(200)["survey"]["version"], 1);
        // Versions count on from the template's.
        assert_eq!(
            put(&app, &document("checkout")).json(),
            json!({ "name": "checkout", "version": 2, "is_new": true })
        );
        assert_eq!(put(&app, &document("checkout")).json()["is_new"], false, "{backend:?}");
        publish(&app, "checkout", &[]).json();
        wait_for_version(&app, "checkout", 2).await;

        let mut next = document("checkout");
        next["question"]["en"] = json!("How was it?");
        assert_eq!(put(&app, &next).json()["version"], 3);
        let before = config(&app, "survey=checkout").await.expect(200);
        assert_eq!(before["survey"]["question"], "How was the fitting room?", "{backend:?}");
        publish(&app, "checkout", &[]).json();
        wait_for_version(&app, "checkout", 3).await;
        publish(&app, "checkout", &["--version", "2"]).json();
        wait_for_version(&app, "checkout", 2).await;

        let listed = app.cli(&["survey", "list", "--site", &app.site_key, "--json"]).json();
        let entry = listed.as_array().unwrap().iter().find(|entry| entry["name"] == "checkout").unwrap();
        assert_eq!((&entry["in_force"], &entry["template"]), (&json!(2), &json!(false)), "{entry}");
        assert_eq!(entry["versions"].as_array().unwrap().len(), 2);
        assert_eq!(listed.as_array().unwrap().iter().filter(|entry| entry["template"] == true).count(), 9, "{listed}");
    }
}

#[tokio::test]
async fn fault_of_a_document_is_told_in_one_line() {
    let app = TestApp::on(Backend::Sqlite).await;
    let mut wrong = document("fitting-room");
    wrong["steps"][0]["scores"]["max"] = json!(9);
    wrong["colour"] = json!("red");
    refused(&put(&app, &wrong), &["/steps/0/scores/max", "from 1 to 5", "/colour"]);
    refused(&app.cli(&["survey", "put", "nowhere.json", "--site", &app.site_key]), &["nowhere.json"]);
    refused(&publish(&app, "fitting-room", &[]), &["fitting-room", "survey list"]);
    refused(&app.cli(&["survey", "show", "mood"]), &["mood", "checkout"]);
    assert_eq!(app.count("surveys"), 0);

    put(&app, &document("fitting-room")).json();
    let mut other = document("fitting-room");
    other["metric"] = json!("expectation");
    other["steps"] = json!([]);
    refused(&put(&app, &other), &["/metric", "csat"]);
    let mut template = document("nps");
    template["steps"] = json!([]);
    refused(&put(&app, &template), &["/metric", "nps"]);
    refused(&publish(&app, "fitting-room", &["--version", "5"]), &["version 5"]);
}

#[tokio::test]
async fn every_template_can_be_shown_changed_and_stored() {
    let app = TestApp::on(Backend::Sqlite).await;
    let listed = app.cli(&["survey", "list", "--site", &app.site_key, "--json"]).json();
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    let expected =
        ["after-use", "ces", "checkout", "csat", "delivery", "expectation", "nps", "staff", "store", "support"];
    assert_eq!(names, expected);
    for name in names {
        let shown = app.cli(&["survey", "show", name]);
        let mut document: Value = serde_json::from_str(&shown.stdout).unwrap();
        document["question"]["en"] = json!("Another question?");
        assert_eq!(put(&app, &document).json()["version"], 2, "{name}");
        let mine = app.cli(&["survey", "show", name, "--site", &app.site_key, "--version", "2", "--json"]).json();
        assert_eq!(mine["document"]["question"]["en"], "Another question?", "{name}");
        let asked = config(&app, &format!("survey={name}&locale=ja-JP")).await.expect(200);
        assert_eq!((&asked["locale"], &asked["survey"]["version"]), (&json!("ja"), &json!(1)), "{name}");
    }
}

#[tokio::test]
async fn one_language_is_served_and_no_other() {
    let app = TestApp::on(Backend::Sqlite).await;
    for (wanted, locale, dir, send) in [
        ("en-GB", "en", "ltr", "Send"),
        ("de", "de", "ltr", "Senden"),
        ("pt-BR", "pt", "ltr", "Enviar"),
        ("ar-EG", "ar", "rtl", "\u{625}\u{631}\u{633}\u{627}\u{644}"),
        ("tlh", "en", "ltr", "Send"),
        ("!", "en", "ltr", "Send"),
    ] {
        let answer = config(&app, &format!("locale={wanted}")).await;
        let config = answer.expect(200);
        assert_eq!((&config["locale"], &config["dir"]), (&json!(locale), &json!(dir)), "{wanted}");
        assert_eq!(config["texts"]["send"], send, "{wanted}");
        assert!(
            config["survey"]["question"].is_string() && config["survey"]["steps"][0]["ask"][0]["question"].is_string()
        );
        assert!(answer.body.len() < 6_000, "{wanted}: {} bytes", answer.body.len());
    }

    put(&app, &document("fitting-room")).json();
    publish(&app, "fitting-room", &[]).json();
    wait_for_version(&app, "fitting-room", 1).await;
    let german = config(&app, "survey=fitting-room&locale=de-CH").await.expect(200);
    assert_eq!(german["survey"]["question"], "Wie war die Umkleide?");
    assert_eq!(german["survey"].get("question_named"), None);
    // What was not translated comes in the default language.
    assert_eq!(german["texts"]["send"], "Submit");
    assert_eq!(german["texts"]["close"], "Schlie\u{df}en");
    let english = config(&app, "survey=fitting-room").await.expect(200);
    assert_eq!(english["survey"]["question"], "How was the fitting room?");
    assert_eq!(english["survey"]["question_named"], "How was the fitting room, {name}?");
    assert_eq!(english["survey"]["display"], "faces");
    // French has words of the widget's own, but no question.
    let french = config(&app, "survey=fitting-room&locale=fr").await.expect(200);
    assert_eq!((&french["locale"], &french["texts"]["close"]), (&json!("en"), &json!("Close")));
}

#[tokio::test]
async fn surveys_are_kept_through_the_admin_api() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let send = async |method: Method, path: &str, body: Option<&Value>| {
            let request = app.request(method, path).bearer_auth(&app.api_key);
            app.send(if let Some(body) = body { request.json(body) } else { request }).await
        };
        let path = "/v1/admin/surveys/fitting-room";
        app.admin(path).await.expect_problem(ProblemCode::NotFound);
        let mut wrong = document("fitting-room");
        wrong["steps"][0]["ask"][0]["kind"] = json!("slider");
        let problem = send(Method::PUT, path, Some(&wrong)).await.expect_problem(ProblemCode::InvalidSurvey);
        assert_eq!(problem.errors[0].pointer, "/steps/0/ask/0/kind");
        let other_name = send(Method::PUT, path, Some(&document("other"))).await;
        assert_eq!(other_name.expect_problem(ProblemCode::InvalidSurvey).errors[0].pointer, "/name");

        let put = send(Method::PUT, path, Some(&document("fitting-room"))).await.expect(201);
        assert_eq!(put, json!({ "name": "fitting-room", "version": 1, "is_new": true }));
        send(Method::PUT, path, Some(&document("fitting-room"))).await.expect(200);
        send(Method::POST, &format!("{path}/publish?version=2"), None).await.expect_problem(ProblemCode::NotFound);
        let published = send(Method::POST, &format!("{path}/publish"), None).await.expect(200);
        assert_eq!(published["version"], 1, "{backend:?}");
        let shown = app.admin(path).await.expect(200);
        assert_eq!((&shown["document"], &shown["template"]), (&document("fitting-room"), &json!(false)));
        let listed = app.admin("/v1/admin/surveys").await.expect(200);
        let entry = listed["items"].as_array().unwrap().iter().find(|entry| entry["name"] == "fitting-room").unwrap();
        assert_eq!((&entry["in_force"], &entry["site_key"]), (&json!(1), &json!(app.site_key)), "{entry}");

        let other = app.create_site("https://other.example", "staff@other.example");
        let foreign = format!("{path}?site={other}");
        send(Method::PUT, &foreign, Some(&document("fitting-room"))).await.expect_problem(ProblemCode::Forbidden);
        app.get(path).await.expect_problem(ProblemCode::Unauthorized);
        let all = app.cli(&["key", "create", "--all-sites", "--json"]).json();
        let all = all["api_key"].as_str().unwrap();
        let ask = async |path: &str| app.send(app.request(Method::GET, path).bearer_auth(all)).await;
        ask(path).await.expect_problem(ProblemCode::InvalidParameter);
        ask(&foreign).await.expect_problem(ProblemCode::NotFound);
        assert_eq!(ask("/v1/admin/surveys").await.expect(200)["items"].as_array().unwrap().len(), 21);
    }
}

#[tokio::test]
async fn versions_stored_at_the_same_time_are_numbered_one_after_the_other() {
    const EACH: usize = 6;
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let name = "fitting-room";
        let worded = |words: String| {
            let mut document = document(name);
            document["question"]["en"] = json!(words);
            document
        };
        // The way from the newest version to the next one is as long as this lasts.
        let held = HeldInserts::hold(&app, backend);
        let api = (0..EACH).map(async |at| {
            let request = app.request(Method::PUT, &format!("/v1/admin/surveys/{name}")).bearer_auth(&app.api_key);
            app.send(request.json(&worded(format!("API {at}")))).await.expect(201)
        });
        let command_line = (0..EACH).map(|at| {
            let file = app.dir().join(format!("survey-{at}.json"));
            std::fs::write(&file, worded(format!("Command line {at}")).to_string()).unwrap();
            let file = file.display().to_string();
            let mut put = app.command();
            put.args(["survey", "put", &file, "--site", &app.site_key, "--json"]);
            tokio::task::spawn_blocking(move || run_command(&mut put).json())
        });
        let release = async { held.release_when_waited_for(&app, EACH + 1).await };

        let (mut stored, more, ()) = tokio::join!(join_all(api), join_all(command_line), release);

        stored.extend(more.into_iter().map(Result::unwrap));
        let mut versions: Vec<_> = stored.iter().map(|stored| stored["version"].as_u64().unwrap()).collect();
        versions.sort_unstable();
        assert_eq!(versions, Vec::from_iter(1..=2 * EACH as u64), "{backend:?}: {stored:?}");
        assert_eq!(app.count("surveys"), 2 * EACH as i64, "{backend:?}");
    }
}

/// Keeps everybody from inserting a version on PostgreSQL, but not from reading which is the newest.
struct HeldInserts(Option<PgConnection>);

impl HeldInserts {
    fn hold(app: &TestApp, backend: Backend) -> Self {
        // SQLite has one writer at a time, and nobody reads in between.
        Self((backend == Backend::Postgres).then(|| {
            let mut conn = PgConnection::establish(app.database_url()).unwrap();
            conn.batch_execute("BEGIN; LOCK TABLE surveys IN SHARE MODE").unwrap();
            conn
        }))
    }

    async fn release_when_waited_for(self, app: &TestApp, waiting: usize) {
        let Some(mut conn) = self.0 else { return };
        let waits = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        wait::until_true("waiting for a lock", async || app.count(waits) == waiting as i64).await;
        conn.batch_execute("COMMIT").unwrap();
    }
}

#[tokio::test]
async fn each_fault_of_the_answers_is_named_beside_the_others() {
    let app = TestApp::on(Backend::Sqlite).await;
    for (pointers, members) in [
        (vec!["/answers"], json!({ "answers": [] })),
        (vec!["/answers/reasons"], json!({ "answers": { "reasons": "late" } })),
        (vec!["/answers/reasons/choices/0"], json!({ "answers": { "reasons": { "choices": ["It came late"] } } })),
        (vec!["/answers/reasons/why"], json!({ "answers": { "reasons": { "why": "x" } } })),
        (vec!["/survey", "/survey_version"], json!({ "survey": "mood", "survey_version": 0 })),
        (vec!["/answers/A", "/revision"], json!({ "answers": { "A": {} }, "revision": -1 })),
    ] {
        let problem = app.respond(&sample::with(sample::response(4), members.clone())).await;
        let problem = problem.expect_problem(ProblemCode::InvalidResponse);
        let found: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(found, pointers, "{members}");
    }
    assert_eq!(app.count("responses"), 0);
}

#[tokio::test]
async fn alert_tells_answers_in_the_words_of_the_survey() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;
    let answers = json!({ "reasons": { "choices": ["late", "moon"], "other": "<b>no bell</b>" } });
    let members = json!({ "answers": answers, "locale": "de" });
    app.respond(&sample::with(sample::response(1), members)).await.expect(201);

    let deliveries = smtp.wait_for(1).await;

    for part in [deliveries[0].mail.text(), deliveries[0].mail.html_words()] {
        for words in ["What went wrong?", "It came late", "moon", "<b>no bell</b>"] {
            assert!(part.contains(words), "no {words:?} in {part}");
        }
    }
    assert!(!deliveries[0].mail.html().contains("<b>no bell</b>"));
}

#[tokio::test]
async fn answers_are_imported() {
    let app = TestApp::on(Backend::Sqlite).await;
    put(&app, &document("fitting-room")).json();
    publish(&app, "fitting-room", &[]).json();
    let file = app.dir().join("rows.csv");
    let rows = "score,answers\n2,\"{\"\"reasons\"\":{\"\"choices\"\":[\"\"light\"\"]}}\"\n5,\n3,nonsense\n";
    std::fs::write(&file, rows).unwrap();
    let file = file.display().to_string();
    let import = |survey: &str| {
        let map = "score=score,answers=answers";
        app.cli(&["import", "--json", "--site", &app.site_key, "--survey", survey, "--map", map, &file])
    };

    refused(&import("mood"), &["--survey", "fitting-room"]);
    let report = import("fitting-room").json();

    assert_eq!((&report["accepted"], &report["rejected"]), (&json!(2), &json!(1)), "{report}");
    assert!(report["first_rejects"][0][1].as_str().unwrap().contains("answers"), "{report}");
    let items = app.admin("/v1/admin/responses?band=dissatisfied").await.expect(200);
    assert_eq!(items["items"][0]["answers"], json!({ "reasons": { "choices": ["light"] } }));
}
