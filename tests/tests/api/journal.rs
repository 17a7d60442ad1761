//! The journal: who changed what of a site, and what the server did by itself.

use counterbell_shared::time::UnixMillis;
use counterbell_tests::{Answer, Backend, CliOutput, Refuse, Smtp, SmtpOptions, TestApp, sample, wait};
use reqwest::Method;
use serde_json::{Value, json};

/// What is typed where a customer, or whoever keeps the site, can write.
const WORDS: &str = "quokka";

/// The journal of a site, from its first entry on: actor, means, kind, subject and data, for a look at the numbers.
fn journal(app: &TestApp, of: &str) -> Vec<String> {
    let rows = format!("journal WHERE site_id = {of} ORDER BY seq");
    let numbers: Vec<i64> = app.texts(&["seq"], &rows).iter().map(|number| number.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>(), "a gap");
    app.texts(&["actor", "means", "kind", "subject", "data"], &rows)
}

fn site_of(site_key: &str) -> String {
    format!("(SELECT id FROM sites WHERE site_key = '{site_key}')")
}

fn succeed(output: &CliOutput) {
    assert!(output.status.success(), "{output:?}");
}

async fn api(app: &TestApp, method: Method, path: &str, body: Option<Value>) -> Answer {
    let request = app.request(method, &format!("/v1/admin/{path}")).bearer_auth(&app.api_key);
    app.send(if let Some(body) = body { request.json(&body) } else { request }).await
}

/// Id of the API key that was made with this name.
fn key_id(app: &TestApp, name: &str) -> String {
    app.texts(&["key_id"], &format!("api_keys WHERE name = '{name}'")).remove(0)
}

/// What the journal says of the first case of a site, opened for this response.
fn case_opened(id: &str) -> String {
    let (follows, state) = (r#""follows":null,"number":1,"owner":null"#, r#""state":"open","team":null,"version":1"#);
    format!(r#"server|server|case.opened|case/1|{{{follows},"response_id":"{id}",{state}}}"#)
}

#[tokio::test]
async fn commands_are_written_down_as_the_operators() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let site = app.site_key.as_str();
        let own_key = key_id(&app, "");
        let set = ["site", "set", site, "--name", WORDS, "--add-recipient", "quokka@shop.example", "--daily-cap", "9"];
        succeed(&app.cli(&[&set[..], &["--zone", "Europe/Berlin"]].concat()));
        // Nothing new, and nothing that is taken.
        let again = app.cli(&["site", "set", site, "--name", WORDS]);
        succeed(&again);
        assert!(!app.cli(&["site", "set", site, "--remove-recipient", "nobody@shop.example"]).status.success());
        let made = app.cli(&["key", "create", "--site", site, "--name", WORDS, "--json"]).json();
        let key = made["key_id"].as_str().unwrap();
        succeed(&app.cli(&["key", "revoke", key]));
        let mut survey = sample::survey("fitting-room");
        survey["question"] = json!({ "en": WORDS });
        app.publish_survey(&survey);
        app.store_theme(&json!({ "accent": "#2f4a3c" }));
        succeed(&app.cli(&["site", "theme", site, "--clear"]));
        let file = app.dir().join("words.json");
        std::fs::write(&file, json!({ "send": { "en": WORDS } }).to_string()).unwrap();
        succeed(&app.cli(&["site", "words", site, &file.display().to_string()]));
        succeed(&app.cli(&["site", "words", site, "--clear"]));
        let response = sample::with(sample::response(4), json!({ "comment": WORDS }));
        app.respond(&response).await.expect(201);
        let id = response["response_id"].as_str().unwrap();
        succeed(&app.cli(&["response", "delete", id, "--site", site]));

        let by_operator = [
            ("site.created", "site".to_owned(), "{}"),
            ("staff.added", "person/1".to_owned(), "{}"),
            ("key.created", format!("key/{own_key}"), "{}"),
            ("site.changed", "site".to_owned(), r#"{"fields":["name","zone","recipients","daily_cap"]}"#),
            ("staff.added", "person/2".to_owned(), "{}"),
            ("key.created", format!("key/{key}"), "{}"),
            ("key.revoked", format!("key/{key}"), "{}"),
            ("survey.stored", "survey/fitting-room".to_owned(), r#"{"version":1}"#),
            ("survey.published", "survey/fitting-room".to_owned(), r#"{"version":1}"#),
            ("theme.changed", "theme".to_owned(), r#"{"cleared":false}"#),
            ("theme.changed", "theme".to_owned(), r#"{"cleared":true}"#),
            ("words.changed", "words".to_owned(), r#"{"cleared":false}"#),
            ("words.changed", "words".to_owned(), r#"{"cleared":true}"#),
            ("response.deleted", format!("response/{id}"), "{}"),
        ];
        let expected = by_operator.map(|(kind, subject, data)| format!("operator|cli|{kind}|{subject}|{data}"));
        assert_eq!(journal(&app, &site_of(site)), expected, "{backend:?}");
        let told = app.texts(&["subject", "data"], "journal").concat();
        for hidden in [WORDS, "@", "cbk_"] {
            assert!(!told.contains(hidden), "{backend:?}: {hidden} in {told}");
        }
    }
}

#[tokio::test]
async fn what_belongs_to_no_site_is_written_down_under_none() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let all = app.cli(&["key", "create", "--all-sites", "--json"]).json();
        let all = all["key_id"].as_str().unwrap();
        let other = app.create_site("https://other.example", "other@shop.example");
        assert_eq!(
            journal(&app, &site_of(&other)),
            ["operator|cli|site.created|site|{}", "operator|cli|staff.added|person/2|{}"],
            "{backend:?}"
        );
        let entries = app.count("journal");

        succeed(&app.cli(&["site", "delete", &other, "--yes"]));
        succeed(&app.cli(&["key", "revoke", all]));

        let expected = [
            format!("operator|cli|key.created|key/{all}|{{}}"),
            format!("operator|cli|site.deleted|site/{other}|{{}}"),
            format!("operator|cli|key.revoked|key/{all}|{{}}"),
        ];
        // The first one is the server's: a key for links.
        assert_eq!(journal(&app, "0")[1..], expected, "{backend:?}");
        assert_eq!(app.count("journal"), entries, "{backend:?}: the two of the site went with it");
    }
}

#[tokio::test]
async fn api_and_server_are_written_down_as_who_they_are() {
    for backend in Backend::ALL {
        let started = UnixMillis::now().0;
        let refuse = Refuse { verb: "RCPT", times: 1, code: 550 };
        let smtp = Smtp::with(SmtpOptions { refuse: Some(refuse), ..SmtpOptions::default() }).await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        let theme = format!("sites/{}/theme", app.site_key);
        api(&app, Method::PUT, &theme, Some(json!({ "accent": "#2f4a3c" }))).await.expect(201);
        assert_eq!(api(&app, Method::DELETE, &theme, None).await.status, 204);
        let survey = sample::survey("fitting-room");
        api(&app, Method::PUT, "surveys/fitting-room", Some(survey.clone())).await.expect(201);
        // As it is stored already.
        api(&app, Method::PUT, "surveys/fitting-room", Some(survey)).await.expect(200);
        api(&app, Method::POST, "surveys/fitting-room/publish", None).await.expect(200);

        let contact = json!({ "email": "quokka@mail.example", "consent": true });
        let spam = json!({ "comment": WORDS, "contact": contact, "website": "https://spam.example" });
        let response = sample::with(sample::response(1), spam);
        app.respond(&response).await.expect(201);
        let id = response["response_id"].as_str().unwrap();
        for _ in 0..2 {
            api(&app, Method::POST, &format!("responses/{id}/release"), None).await.expect(200);
        }
        let parked = wait::until("parked message", async || {
            app.admin_items("/v1/admin/outbox?state=parked").await.into_iter().next()
        })
        .await;
        let message = parked["message_id"].as_str().unwrap();
        api(&app, Method::POST, &format!("outbox/{message}/resend"), None).await.expect(202);
        wait::until_true("mark", async || app.count("outbox WHERE state = 'delivered'") == 1).await;
        assert_eq!(api(&app, Method::DELETE, &format!("responses/{id}"), None).await.status, 204);

        let key = format!("key/{}|api", key_id(&app, ""));
        let expected = [
            "operator|cli|site.created|site|{}".to_owned(),
            "operator|cli|staff.added|person/1|{}".to_owned(),
            format!("operator|cli|key.created|key/{}|{{}}", key_id(&app, "")),
            format!(r#"{key}|theme.changed|theme|{{"cleared":false}}"#),
            format!(r#"{key}|theme.changed|theme|{{"cleared":true}}"#),
            format!(r#"{key}|survey.stored|survey/fitting-room|{{"version":1}}"#),
            format!(r#"{key}|survey.published|survey/fitting-room|{{"version":1}}"#),
            format!("{key}|response.released|response/{id}|{{}}"),
            format!(r#"server|server|alert.fired|response/{id}|{{"rule":"unhappy","version":1}}"#),
            case_opened(id),
            format!(r#"server|server|message.parked|message/{message}|{{"attempt":1}}"#),
            format!("{key}|message.resent|message/{message}|{{}}"),
            format!(r#"server|server|message.delivered|message/{message}|{{"attempt":2}}"#),
            format!("{key}|response.deleted|response/{id}|{{}}"),
            concat!(
                r#"server|server|case.nothing_to_do|case/1|{"mark_spam":false,"number":1,"owner":null,"#,
                r#""reason":"erased","state":"closed","team":null,"version":2}"#
            )
            .to_owned(),
        ];
        assert_eq!(journal(&app, &site_of(&app.site_key)), expected, "{backend:?}");
        assert!(
            journal(&app, "0").iter().all(|entry| entry.starts_with("server|server|link_key.made|")),
            "{backend:?}"
        );
        let told = app.texts(&["actor", "subject", "data"], "journal").concat();
        assert!(!told.contains(WORDS) && !told.contains('@'), "{backend:?}: {told}");
        let now = UnixMillis::now().0;
        assert_eq!(app.count(&format!("journal WHERE at < {started} OR at > {now}")), 0, "{backend:?}");
    }
}

#[tokio::test]
async fn alert_that_is_withdrawn_before_anybody_was_told_is_written_down() {
    for backend in Backend::ALL {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut app = TestApp::on(backend).setting("COUNTERBELL_SMTP_URL", &format!("smtp://{gone}")).await;
        let (id, first) = (sample::response_id(), json!({ "complete": false }));
        app.respond(&sample::with(json!({ "response_id": id, "score": 1 }), first)).await.expect(201);
        app.end_silence().await;
        app.program().kill();
        // As if it were still to be tried, in the time of a lease.
        let soon = UnixMillis::now().0 + 100_000;
        app.execute(&format!("UPDATE outbox SET attempts = 0, leased = FALSE, last_error = NULL, due_at = {soon}"));
        app.execute("DELETE FROM attempts");
        app.start_again().await;
        assert_eq!((app.count("alerts"), app.count("outbox")), (1, 1), "{backend:?}");

        app.respond(&json!({ "response_id": id, "revision": 1, "score": 5 })).await.expect(200);

        app.triaged().await;
        assert_eq!((app.count("alerts"), app.count("outbox")), (0, 0), "{backend:?}");
        let expected = [
            format!(r#"server|server|alert.fired|response/{id}|{{"rule":"unhappy","version":1}}"#),
            case_opened(&id),
            format!("server|server|alert.withdrawn|response/{id}|{{}}"),
            concat!(
                r#"server|server|case.nothing_to_do|case/1|{"mark_spam":false,"number":1,"owner":null,"#,
                r#""reason":"no_complaint","state":"closed","team":null,"version":2}"#
            )
            .to_owned(),
        ];
        assert_eq!(journal(&app, &site_of(&app.site_key))[3..], expected, "{backend:?}");
        assert!(app.cli(&["verify", "--json"]).status.success(), "{backend:?}");
    }
}
