//! What a shop's page says beside the customer's words never costs those words.

use counterbell_shared::limits::ANSWERS_MAX_BYTES;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use counterbell_tests::{Answer, Backend, FormPage, TestApp, sample};
use reqwest::Method;
use serde_json::{Value, json};

/// Sends a response with these members; the receipt, and what is stored.
async fn stored(app: &TestApp, members: &Value) -> (Value, Value) {
    let response = sample::with(sample::with(sample::response(2), json!({ "comment": "Late" })), members.clone());
    let receipt = app.respond(&response).await.expect(201);
    let path = format!("/v1/admin/responses/{}", response["response_id"].as_str().unwrap());
    (receipt, app.admin(&path).await.expect(200))
}

#[tokio::test]
async fn extra_that_does_not_fit_is_left_out_and_named() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let too_long = "x".repeat(129);
        for (members, ignored, member, kept) in [
            (json!({ "order_ref": "" }), "/order_ref", "order_ref", Value::Null),
            (json!({ "order_ref": " " }), "/order_ref", "order_ref", Value::Null),
            (json!({ "order_ref": too_long }), "/order_ref", "order_ref", Value::Null),
            (json!({ "order_ref": 1001 }), "/order_ref", "order_ref", Value::Null),
            (json!({ "order_ref": { "id": "A-1" } }), "/order_ref", "order_ref", Value::Null),
            (json!({ "customer_ref": "C\n7" }), "/customer_ref", "customer_ref", Value::Null),
            (json!({ "customer_ref": "C\u{0}7" }), "/customer_ref", "customer_ref", Value::Null),
            (json!({ "touchpoint": "till\n3" }), "/touchpoint", "touchpoint", json!("default")),
            (json!({ "touchpoint": "till\u{2028}3" }), "/touchpoint", "touchpoint", json!("default")),
            (json!({ "touchpoint": "x".repeat(65) }), "/touchpoint", "touchpoint", json!("default")),
            (json!({ "touchpoint": ["till"] }), "/touchpoint", "touchpoint", json!("default")),
            (json!({ "locale": "English (US)" }), "/locale", "locale", Value::Null),
            (json!({ "locale": "" }), "/locale", "locale", Value::Null),
            (json!({ "locale": 7 }), "/locale", "locale", Value::Null),
            (json!({ "page_url": "javascript:alert(1)" }), "/page_url", "page_url", Value::Null),
            (json!({ "page_url": format!("https://x/{}", "x".repeat(2048)) }), "/page_url", "page_url", Value::Null),
            (json!({ "channel": "fax" }), "/channel", "channel", json!("api")),
        ] {
            let (receipt, row) = stored(&app, &members).await;
            assert_eq!(receipt["ignored"], json!([ignored]), "{backend:?} {members}");
            assert_eq!((&row["comment"], &row[member]), (&json!("Late"), &kept), "{backend:?} {members}");
        }
        let (receipt, row) = stored(&app, &json!({ "locale": "?", "order_ref": 1, "customer_ref": "C-7" })).await;
        let mut ignored: Vec<String> = serde_json::from_value(receipt["ignored"].clone()).unwrap();
        ignored.sort();
        assert_eq!(
            (ignored, &row["customer_ref"]),
            (vec!["/locale".to_owned(), "/order_ref".to_owned()], &json!("C-7"))
        );
    }
}

#[tokio::test]
async fn extra_that_can_be_read_is_kept_and_not_named() {
    let app = TestApp::on(Backend::Sqlite).await;
    for (member, sent, kept) in [
        ("locale", "de_DE", "de-DE"),
        ("locale", " pt_BR ", "pt-BR"),
        ("locale", "zh_Hant_TW", "zh-Hant-TW"),
        ("order_ref", " A-1001\n", "A-1001"),
        // As copied out of a mail or a spreadsheet.
        ("order_ref", "\u{feff}\u{202a}A-1001\u{202c}\u{200b}", "A-1001"),
        ("touchpoint", "\tstore 12 ", "store 12"),
        ("touchpoint", "caf\u{e9} \u{2764}\u{fe0f}", "caf\u{e9} \u{2764}\u{fe0f}"),
        (
            "touchpoint",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
        ),
        ("page_url", " https://shop.example/done?name=Ann ", "https://shop.example/done"),
    ] {
        let (receipt, row) = stored(&app, &json!({ member: sent })).await;
        assert_eq!((&row[member], receipt.get("ignored")), (&json!(kept), None), "{member} {sent:?}");
    }
    let (receipt, row) = stored(&app, &json!({ "order_ref": null, "locale": null, "touchpoint": null })).await;
    assert_eq!((&row["touchpoint"], receipt.get("ignored")), (&json!("default"), None));
}

#[tokio::test]
async fn name_that_hides_or_turns_its_letters_is_left_out() {
    let app = TestApp::on(Backend::Sqlite).await;
    for name in [
        "store\u{202e}gnp.exe",
        "\u{200b}",
        "\u{2066}\u{3164}\u{2069}",
        "a\u{2067}b\u{2069}c",
        "a\u{200f}1 2",
        "\u{2800}",
    ] {
        for (member, kept) in
            [("touchpoint", json!("default")), ("order_ref", Value::Null), ("customer_ref", Value::Null)]
        {
            let (receipt, row) = stored(&app, &json!({ member: name })).await;
            assert_eq!((&receipt["ignored"], &row[member]), (&json!([format!("/{member}")]), &kept), "{name:?}");
        }
    }
    let (receipt, row) = stored(&app, &json!({ "page_url": "https://shop.example/\u{202e}gnp.exe" })).await;
    assert_eq!((&receipt["ignored"], &row["page_url"]), (&json!(["/page_url"]), &Value::Null));

    let named = app.cli(&["site", "create", "--name", "Shop\u{202e}gnp", "--origin", "https://x.example"]);
    assert!(!named.status.success() && named.stderr.contains("direction"), "{named:?}");
}

#[tokio::test]
async fn what_a_response_cannot_do_without_stays_strict() {
    let app = TestApp::on(Backend::Sqlite).await;
    let extras = json!({ "order_ref": "", "customer_ref": 7, "locale": "?", "channel": "fax", "touchpoint": "" });
    for (pointer, wrong) in [
        ("/score", json!({ "score": 6 })),
        ("/score", json!({ "score": "4" })),
        ("/survey", json!({ "survey": "mood" })),
        ("/survey", json!({ "survey": "" })),
        ("/response_id", json!({ "response_id": "1" })),
        ("/revision", json!({ "revision": 1001 })),
        ("/complete", json!({ "complete": "yes" })),
        ("/comment", json!({ "comment": "x".repeat(10_001) })),
        // A misspelt comment would be lost.
        ("/coment", json!({ "coment": "Late" })),
    ] {
        let answer = app.respond(&sample::with(sample::with(sample::response(4), extras.clone()), wrong.clone())).await;
        let problem = answer.expect_problem(ProblemCode::InvalidResponse);
        let pointers: Vec<_> = problem.errors.into_iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, [pointer], "{wrong}");
    }
    assert_eq!(app.count("responses"), 0);
}

#[tokio::test]
async fn hosted_page_asks_whatever_else_its_address_says() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.cli(&["site", "set", &app.site_key, "--min-answer-ms", "0", "--json"]).json();
        let path = |touchpoint: &str, query: &str| format!("/f/{}/{touchpoint}?survey=nps{query}", app.site_key);
        let long = "x".repeat(129);
        for (path, touchpoint, order) in [
            (path("till", "&order=%20"), "till", Value::Null),
            (path("till", &format!("&order={long}")), "till", Value::Null),
            (path("till", "&order=A%0A1"), "till", Value::Null),
            (path("till", "&order=%20A-1%0A"), "till", json!("A-1")),
            (path(&long, "&order=A-1"), "default", json!("A-1")),
            (path("%20", ""), "default", Value::Null),
            (path("store%E2%80%AEgnp", ""), "default", Value::Null),
        ] {
            let page = FormPage::open(&app, &path).await;
            assert_eq!(page.answer.status, 200, "{path}");
            let page = page.pick("score", "9").press("on").await;
            assert_eq!(page.answer.status, 200, "{path}");
            let row = &app.admin("/v1/admin/responses?limit=1").await.expect(200)["items"][0];
            assert_eq!((&row["touchpoint"], &row["order_ref"]), (&json!(touchpoint), &order), "{backend:?} {path}");
            app.execute("DELETE FROM responses");
        }
        // What the page around says is no better.
        let page =
            FormPage::open(&app, &path("till", "")).await.write("customer", &long).write("page_url", "about:blank");
        assert_eq!(page.pick("score", "9").press("on").await.answer.status, 200);
        let row = &app.admin_items("/v1/admin/responses").await[0];
        assert_eq!((&row["customer_ref"], &row["page_url"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn half_an_emoji_costs_no_words() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        // As browsers write a text that was cut in the middle of a character.
        let (comment, till) = (r"Late \ud83d\ude20 and wet \ud83d", r"till\ud83d");
        let body =
            format!(r#"{{"site_key":"{}","score":4,"comment":"{comment}","touchpoint":"{till}"}}"#, app.site_key);
        post(&app, body).await.expect(201);
        let row = &app.admin_items("/v1/admin/responses").await[0];
        assert_eq!(row["comment"], "Late \u{1f620} and wet \u{fffd}", "{backend:?}");
        assert_eq!(row["touchpoint"], "till\u{fffd}", "{backend:?}");
    }
}

#[tokio::test]
async fn language_is_understood_as_programs_write_it() {
    let app = TestApp::on(Backend::Sqlite).await;
    for locale in ["de_DE", "de-DE", "%20de", "DE_ch"] {
        let config = app.get(&format!("/v1/widget/{}?locale={locale}", app.site_key)).await.expect(200);
        assert_eq!(config["locale"], "de", "{locale}");
        let page = app.get(&format!("/f/{}/till?locale={locale}", app.site_key)).await;
        assert!(page.text().contains("<html lang=\"de\""), "{locale}: {}", page.text());
    }
}

/// Whoever imports can correct the file and import it again.
#[tokio::test]
async fn import_rejects_what_does_not_fit() {
    let app = TestApp::on(Backend::Sqlite).await;
    let file = app.dir().join("rows.csv");
    let long = "x".repeat(129);
    let rows = format!("4,{long},fr_FR\n9,{long},fr\n3,A-1,fr_FR\n2,A\u{202e}1,fr\n1,A-2,Fr.\n");
    std::fs::write(&file, format!("score,order,language\n{rows}")).unwrap();
    let args = ["import", "--json", "--site", &app.site_key, "--map", "score=score,order_ref=order,locale=language"];
    let report = app.cli(&[&args[..], &[&file.display().to_string()]].concat()).json();
    assert_eq!((&report["accepted"], &report["rejected"]), (&json!(1), &json!(4)), "{report}");
    let reasons = report["first_rejects"].to_string();
    for reason in
        ["order_ref must have at most 128", "score must be from 1 to 5; order_ref must", "direction", "language tag"]
    {
        assert!(reasons.contains(reason), "{reason}: {reasons}");
    }
    let rows = app.admin_items("/v1/admin/responses").await;
    assert_eq!((&rows[0]["order_ref"], &rows[0]["locale"]), (&json!("A-1"), &json!("fr-FR")));
}

/// Every character as JSON's longest escapes.
fn escaped(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// As much of `answers` as may be sent: words outside the plane that two bytes can name, then ids.
fn longest_answers() -> Vec<(String, Vec<String>, String)> {
    let other = "\u{1f514}".repeat(1_000);
    let mut answers: Vec<_> = (0..3).map(|n| (format!("{n:x>40}"), vec![format!("{n:x>40}")], other.clone())).collect();
    answers.extend((3..20).map(|n| {
        let choices =
            (0..30).map(|place: u8| char::from(b'a' + place % 26).to_string().repeat(1 + usize::from(place / 26)));
        (format!("{n:x>40}"), choices.collect(), String::new())
    }));
    let bytes = |(id, choices, other): &(String, Vec<String>, String)| id.len() + choices.concat().len() + other.len();
    let rest = ANSWERS_MAX_BYTES - answers.iter().map(bytes).sum::<usize>();
    answers.push(("z".repeat(40), Vec::new(), "\u{1f514}".repeat((rest - 40) / 4)));
    answers
}

async fn post(app: &TestApp, body: String) -> Answer {
    let request = app.request(Method::POST, "/v1/responses").header("content-type", "application/json");
    app.send(request.body(body)).await
}

#[tokio::test]
async fn longest_of_every_field_fits_into_one_body_however_it_is_written() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let wide = |count: usize| "\u{1f514}".repeat(count);
        let page_url = format!("https://shop.example/{}", "x".repeat(2_048 - 21));
        let email = format!("{}@{}.example", "x".repeat(64), vec!["x".repeat(59); 3].join("."));
        let id = sample::response_id();
        let texts = [
            ("site_key", app.site_key.clone()),
            ("response_id", id.clone()),
            ("touchpoint", wide(64)),
            ("survey", "csat".to_owned()),
            ("comment", wide(10_000)),
            ("order_ref", wide(128)),
            ("customer_ref", wide(128)),
            ("locale", format!("en{}", "-abcdefgh".repeat(3) + "-abcde")),
            ("page_url", page_url.clone()),
            ("channel", "kiosk".to_owned()),
            ("created_at", UnixMillis::now().to_string()),
        ];
        let member = |(name, text): &(&str, String)| format!("\"{}\":\"{}\"", escaped(name), escaped(text));
        let mut members: Vec<_> = texts.iter().map(member).collect();
        let name = |name: &str| escaped(name);
        for (number, value) in
            [("score", 5_i64), ("survey_version", i64::from(i32::MAX)), ("revision", 1_000), ("elapsed_ms", i64::MAX)]
        {
            members.push(format!("\"{}\":{value}", name(number)));
        }
        members.push(format!("\"{}\":false", name("complete")));
        members.push(format!(
            "\"{}\":{{\"{}\":\"{}\",\"{}\":true}}",
            name("contact"),
            name("email"),
            escaped(&email),
            name("consent")
        ));
        let answers: Vec<_> = longest_answers()
            .iter()
            .map(|(id, choices, other)| {
                let choices: Vec<_> = choices.iter().map(|choice| format!("\"{}\"", escaped(choice))).collect();
                format!(
                    "\"{}\":{{\"{}\":[{}],\"{}\":\"{}\"}}",
                    escaped(id),
                    name("choices"),
                    choices.join(","),
                    name("other"),
                    escaped(other)
                )
            })
            .collect();
        members.push(format!("\"{}\":{{{}}}", name("answers"), answers.join(",")));
        let body = format!("{{{}}}", members.join(","));

        let receipt = post(&app, body).await.expect(201);
        assert_eq!(receipt.get("ignored"), None, "{receipt}");
        let row = app.admin(&format!("/v1/admin/responses/{id}")).await.expect(200);
        for (member, text) in texts.iter().filter(|(member, _)| !matches!(*member, "created_at" | "site_key")) {
            assert_eq!(row[member], json!(text), "{backend:?} {member}");
        }
        for (id, choices, other) in longest_answers() {
            let chosen = row["answers"][&id].get("choices").cloned().unwrap_or(json!([]));
            assert_eq!(chosen, json!(choices), "{backend:?}");
            assert_eq!(row["answers"][&id]["other"].as_str().unwrap_or_default(), other, "{backend:?}");
        }
    }
}
