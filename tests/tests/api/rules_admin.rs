//! Alert rules by command line and admin API: stored as versions, refused with pointers, tried out.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, CliOutput, Smtp, TestApp, sample};
use reqwest::Method;
use serde_json::{Value, json};

const ANN: &str = "ann@shop.example";
const BOB: &str = "bob@shop.example";

fn run(app: &TestApp, args: &[&str]) -> CliOutput {
    app.cli(&[args, &["--site", &app.site_key]].concat())
}

async fn ask(app: &TestApp, method: Method, path: &str, body: Option<&Value>) -> Answer {
    let request = app.request(method, &format!("/v1/admin/rules{path}")).bearer_auth(&app.api_key);
    app.send(match body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

async fn put(app: &TestApp, rule: &Value) -> Answer {
    ask(app, Method::PUT, &format!("/{}", rule["name"].as_str().unwrap()), Some(rule)).await
}

fn pointers(answer: &Answer) -> Vec<String> {
    answer.expect_problem(ProblemCode::InvalidRule).errors.into_iter().map(|error| error.pointer).collect()
}

#[tokio::test]
async fn versions_are_kept_and_one_is_in_force() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).recipients(&[ANN]).await;
        let low = sample::rule("low", json!({ "score": { "max": 3 } }));
        let lower = sample::rule("low", json!({ "score": { "max": 2 } }));

        assert_eq!(put(&app, &low).await.expect(201), json!({ "name": "low", "version": 1, "is_new": true }));
        assert_eq!(put(&app, &low).await.expect(200)["is_new"], false, "{backend:?}");
        // With every default written out it is the same.
        let shown = ask(&app, Method::GET, "/low", None).await.expect(200);
        assert_eq!((&shown["in_force"], &shown["readable"]), (&json!(true), &json!(true)), "{backend:?}");
        assert_eq!(shown["document"]["soon"], json!({ "grouped": { "most": 5, "in": "15m" } }), "{backend:?}");
        assert_eq!(put(&app, &shown["document"]).await.expect(200)["version"], 1, "{backend:?}");
        app.store_rule(&lower);
        let old = ask(&app, Method::GET, "/low?version=1", None).await.expect(200);
        assert_eq!((&old["document"], &old["in_force"]), (&shown["document"], &json!(false)), "{backend:?}");

        let retired = run(&app, &["rules", "retire", "low"]);
        assert!(retired.stdout.contains("version 2"), "{backend:?}: {retired:?}");
        for _ in 0..2 {
            assert_eq!(ask(&app, Method::DELETE, "/low", None).await.status, 204, "{backend:?}");
        }
        let again = run(&app, &["rules", "retire", "low"]);
        assert!(!again.status.success() && again.stderr.contains("rules list"), "{backend:?}: {again:?}");
        assert_eq!(put(&app, &low).await.expect(201)["version"], 3, "{backend:?}");

        let listed = ask(&app, Method::GET, "", None).await.expect(200)["items"].clone();
        assert_eq!(listed.as_array().unwrap().len(), 2, "{backend:?}");
        let versions = listed[0]["versions"].as_array().unwrap();
        let in_force: Vec<_> = versions.iter().map(|version| version["retired_at"].is_null()).collect();
        assert_eq!((&listed[0]["in_force"], in_force), (&json!(3), vec![false, false, true]), "{backend:?}");
        assert_eq!(listed[1]["name"], "unhappy", "{backend:?}");
        let text = run(&app, &["rules", "list"]).stdout;
        for words in ["when {\"unhappy\":true}", "tells team alerts, each alone", "after 2h tells their managers"] {
            assert!(text.contains(words), "{backend:?}: {words}: {text}");
        }
        let mut by_command = run(&app, &["rules", "list", "--json"]).json();
        by_command.as_array_mut().unwrap().iter_mut().for_each(|rule| rule["site_key"] = json!(app.site_key));
        assert_eq!(by_command, listed, "{backend:?}");

        let journal = app.texts(&["actor", "kind", "data"], "journal WHERE subject = 'rule/low' ORDER BY seq");
        let kinds: Vec<_> = journal.iter().map(|line| line.split_once('|').unwrap().1).collect();
        let expected = [
            r#"rule.stored|{"version":1}"#,
            r#"rule.stored|{"version":2}"#,
            r#"rule.retired|{"version":2}"#,
            r#"rule.stored|{"version":3}"#,
        ];
        assert_eq!(kinds, expected, "{backend:?}");
        assert!(journal[0].starts_with("key/") && journal[1].starts_with("operator"), "{backend:?}: {journal:?}");
    }
}

#[tokio::test]
async fn what_the_site_does_not_have_is_refused_with_its_place() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).recipients(&[ANN]).await;
        assert!(run(&app, &["staff", "add", "--email", BOB, "--alias", "b@home.example"]).status.success());
        let who = json!({
            "who": [{ "person": "nobody@shop.example" }, { "team": "alerts" }, { "round_robin": "counter" }],
            "fallback": [{ "team": "counter" }, { "person": "B@home.example" }],
            "steps": [{ "after": "1h", "who": [{ "manager": true }, { "team": "none" }] }],
        });
        let rule = sample::with(sample::rule("low", json!({ "score": { "max": 3 } })), who);

        let expected = ["/who/0/person", "/who/2/round_robin", "/fallback/0/team", "/steps/0/who/1/team"];
        assert_eq!(pointers(&put(&app, &rule).await), expected, "{backend:?}");
        let file = app.dir().join("rule.json");
        std::fs::write(&file, rule.to_string()).unwrap();
        let by_command = run(&app, &["rules", "put", &file.display().to_string()]);
        assert!(!by_command.status.success(), "{backend:?}");
        assert!(expected.iter().all(|pointer| by_command.stderr.contains(pointer)), "{backend:?}: {by_command:?}");

        for (when, pointer) in [
            (json!({ "falling": { "by_percent": 20, "weeks": 4, "least_responses": 20 } }), "/when/falling"),
            (json!({ "no_response": { "days": 3 } }), "/when/no_response"),
            (json!({ "sore": 3 }), "/when/sore"),
        ] {
            assert!(pointers(&put(&app, &sample::rule("low", when)).await).contains(&pointer.to_owned()), "{pointer}");
        }
        let other_name = ask(&app, Method::PUT, "/high", Some(&sample::rule("low", json!({ "unhappy": true })))).await;
        assert_eq!(pointers(&other_name), ["/name"], "{backend:?}");
        // Which is an address of its own.
        std::fs::write(&file, sample::rule("test", json!({ "unhappy": true })).to_string()).unwrap();
        let by_command = run(&app, &["rules", "put", &file.display().to_string()]);
        assert!(!by_command.status.success() && by_command.stderr.contains("/name"), "{backend:?}: {by_command:?}");
        assert_eq!(app.count("alert_rules"), 1, "{backend:?}");
        ask(&app, Method::GET, "/none", None).await.expect_problem(ProblemCode::NotFound);
    }
}

#[tokio::test]
async fn stored_responses_say_what_a_rule_would_have_done() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).recipients(&[ANN]).await;
        assert!(run(&app, &["staff", "add", "--email", BOB]).status.success());
        let team = ["team", "set", "counter", "--member", ANN, "--member", BOB];
        assert!(run(&app, &team).status.success());
        for score in [1, 2, 3, 3, 5] {
            let members = json!({ "comment": "marmalade", "touchpoint": "till" });
            app.respond(&sample::with(sample::response(score), members)).await.expect(201);
        }
        app.execute("UPDATE responses SET created_at = created_at - 864000000 WHERE score = 2");
        app.triaged().await;
        let changes = || {
            let journal = app.count("journal WHERE kind NOT LIKE 'message.%'");
            (app.count("alerts"), app.count("outbox"), journal, app.texts(&["turn"], "teams"))
        };
        let before = changes();

        let rule = json!({ "who": [{ "round_robin": "counter" }] });
        let rule = sample::with(sample::rule("low", json!({ "score": { "max": 3 } })), rule);
        let tried = ask(&app, Method::POST, "/test", Some(&json!({ "days": 7, "rule": rule }))).await.expect(200);

        assert_eq!((&tried["responses"], &tried["more"]), (&json!(4), &json!(false)), "{backend:?}");
        let low = &tried["rules"][0];
        assert_eq!((&low["rule"], &low["fired"]), (&json!("low"), &json!(3)), "{backend:?}");
        let people = |of: &Value| -> Vec<(String, i64)> {
            let one =
                |person: &Value| (person["email"].as_str().unwrap().to_owned(), person["responses"].as_i64().unwrap());
            of["people"].as_array().unwrap().iter().map(one).collect()
        };
        assert_eq!(people(low), [(ANN.to_owned(), 2), (BOB.to_owned(), 1)], "{backend:?}");
        let sample = &low["samples"][0];
        assert_eq!((&sample["touchpoint"], &sample["metric"]), (&json!("till"), &json!("csat")), "{backend:?}");
        assert_eq!(sample["told"], json!([{ "email": ANN, "why": { "turn": "counter" } }]), "{backend:?}");
        assert!(!tried.to_string().contains("marmalade"), "{backend:?}");

        let file = app.dir().join("rule.json");
        std::fs::write(&file, rule.to_string()).unwrap();
        let by_command = run(&app, &["rules", "test", &file.display().to_string(), "--json"]).json();
        assert_eq!(by_command, tried, "{backend:?}");
        // Those in force, over a longer time.
        let text = run(&app, &["rules", "test", "--days", "30"]).stdout;
        for line in ["5 responses of the last 30 days", "unhappy would have fired for 2", &format!("     2  {ANN}")] {
            assert!(text.contains(line), "{backend:?}: no {line} in {text}");
        }
        assert_eq!(changes(), before, "{backend:?}: nothing is changed");

        for (body, pointer) in [
            (json!({}), "/days"),
            (json!({ "days": 91 }), "/days"),
            (json!({ "days": 7, "rule": { "name": "low" } }), "/rule/when"),
        ] {
            let refused = ask(&app, Method::POST, "/test", Some(&body)).await;
            assert!(pointers(&refused).contains(&pointer.to_owned()), "{backend:?}: {}", refused.text());
        }
    }
}

#[tokio::test]
async fn test_alert_goes_to_whom_the_rule_tells_and_counts_nowhere() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).recipients(&[ANN, BOB]).await;

        let output = run(&app, &["alert", "test", "--json"]);

        let told = output.json()["told"].clone();
        let expected =
            json!([{ "email": ANN, "why": { "team": "alerts" } }, { "email": BOB, "why": { "team": "alerts" } }]);
        assert_eq!(told, expected, "{backend:?}");
        let payloads = app.texts(&["payload"], "outbox");
        assert!(payloads.len() == 2 && payloads.iter().all(|one| one.contains(r#""test":true"#)), "{payloads:?}");
        for table in ["responses", "alerts", "score_days", "triage_queue"] {
            assert_eq!(app.count(table), 0, "{backend:?}: {table}");
        }
        assert_eq!(app.count("journal WHERE kind = 'alert.tested' AND subject = 'rule/unhappy'"), 1, "{backend:?}");
        let mails = smtp.wait_for(2).await;
        assert!(mails.iter().all(|mail| mail.mail.subject().starts_with("[Test] ")), "{backend:?}");

        let unknown = run(&app, &["alert", "test", "--rule", "none"]);
        assert!(!unknown.status.success() && unknown.stderr.contains("rules list"), "{backend:?}: {unknown:?}");
    }
}
