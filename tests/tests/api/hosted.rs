//! The hosted page, step by step, by a customer whose browser runs no scripts.

use std::time::Duration;

use counterbell_tests::{Backend, FormPage, Smtp, TestApp, sample};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// A site that lets in whoever answers as fast as a program.
async fn app_on(backend: Backend) -> TestApp {
    let app = TestApp::on(backend).await;
    let_fast_answers_in(&app);
    app
}

fn let_fast_answers_in(app: &TestApp) {
    app.cli(&["site", "set", &app.site_key, "--min-answer-ms", "0", "--json"]).json();
}

fn path(app: &TestApp, query: &str) -> String {
    format!("/f/{}/till-3?{query}", app.site_key)
}

/// The only response there is.
async fn stored(app: &TestApp) -> Value {
    let items = app.admin_items("/v1/admin/responses").await;
    assert_eq!(items.len(), 1, "{items:?}");
    items[0].clone()
}

/// Revision and whether it is complete, past the server.
fn is_at(app: &TestApp, revision: u32, complete: bool) -> bool {
    let complete = if complete { "complete" } else { "NOT complete" };
    app.count(&format!("responses WHERE revision = {revision} AND {complete}")) == 1
}

/// Responses with an address, and with the one the tests give; past the server, which shows none.
fn addresses(app: &TestApp) -> (i64, i64) {
    let stored = |which: &str| app.count(&format!("responses WHERE contact_email {which}"));
    (stored("IS NOT NULL"), stored("= 'ann@mail.example'"))
}

#[tokio::test]
async fn each_step_is_stored_and_all_of_them_are_one_response_and_one_alert() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        let_fast_answers_in(&app);
        let page = FormPage::open(&app, &path(&app, "order=A-1001&utm_source=mail")).await;
        assert_eq!(page.answer.status, 200);
        assert_eq!(page.text("h1"), "How satisfied are you with your purchase today?");
        assert_eq!(page.text("title"), page.text("h1"));
        assert_eq!(page.all("form button").count(), 1, "nothing to go back to, nothing to skip");
        assert_eq!(app.count("responses"), 0, "{backend:?}: shown is not answered");

        let page = page.pick("score", "2").press("on").await;
        assert_eq!(page.text("h1"), "Step 2 of 3");
        let row = stored(&app).await;
        assert_eq!((&row["score"], &row["complete"], &row["channel"]), (&json!(2), &json!(false), &json!("link")));
        assert_eq!((&row["touchpoint"], &row["order_ref"]), (&json!("till-3"), &json!("A-1001")));
        assert_eq!((&row["survey"], &row["survey_version"], &row["locale"]), (&json!("csat"), &json!(1), &json!("en")));
        assert!(is_at(&app, 0, false), "{backend:?}");

        let page = page.pick("choice:reasons", "late").pick("choice:reasons", "").write("other:reasons", "No bell");
        let page = page.write("comment", "Wet,\nand open").press("on").await;
        assert_eq!(page.text("h1"), "Step 3 of 3");
        assert!(is_at(&app, 1, false), "{backend:?}");
        assert!(page.picked("consent").is_empty(), "nobody agrees by doing nothing");
        assert!(smtp.deliveries().is_empty(), "{backend:?}: the customer is still writing");

        let page = page.write("email", " ann@mail.example ").pick("consent", "yes").press("on").await;
        assert_eq!((page.answer.status, page.all("form").count()), (200, 0));
        assert!(page.text("main").contains("We are sorry"), "{}", page.text("main"));
        let row = stored(&app).await;
        assert_eq!(row["comment"], "Wet,\nand open", "{backend:?}");
        assert_eq!(addresses(&app), (1, 1), "{backend:?}");
        assert_eq!(row["answers"], json!({ "reasons": { "choices": ["late"], "other": "No bell" } }), "{backend:?}");
        assert!(is_at(&app, 2, true), "{backend:?}");

        let deliveries = smtp.wait_for(1).await;
        assert!(deliveries[0].mail.text().contains("and open"), "{}", deliveries[0].mail.text());
        assert_eq!((app.count("alerts"), app.count("outbox")), (1, 1), "{backend:?}");
        for personal in ["Wet", "No bell", "ann@mail"] {
            assert!(!app.log().contains(personal), "{backend:?}: {personal} is in the log");
        }
        let metrics = app.get("/metrics").await;
        assert!(metrics.text().contains("ingest_requests_total{outcome=\"updated\"} 2"), "{}", metrics.text());
    }
}

#[tokio::test]
async fn going_back_keeps_what_was_typed_and_stores_nothing() {
    let app = app_on(Backend::Sqlite).await;
    let page = FormPage::open(&app, &path(&app, "")).await.pick("score", "1").press("on").await;
    let page = page.pick("choice:reasons", "price").write("comment", "<Dear>").press("back").await;
    assert_eq!(page.picked("score"), ["1"]);
    assert!(is_at(&app, 0, false));

    let page = page.press("on").await;
    assert_eq!((page.picked("choice:reasons"), page.value("comment")), (vec!["price"], "<Dear>"));
    // What was typed as an address stays, too, and holds nothing up while it is none.
    let page = page.press("on").await.write("email", "nobody").pick("consent", "yes").press("back").await;
    let page = page.press("on").await;
    assert_eq!((page.answer.status, page.value("email"), page.picked("consent")), (200, "nobody", vec!["yes"]));

    // Another score asks for other things; what was said before it is not said of it.
    let page = page.press("back").await.press("back").await.pick("score", "5").press("on").await;
    assert_eq!((page.text("h1").as_str(), page.value("comment")), ("Step 2 of 2", "<Dear>"));
    let page = page.press("on").await;
    assert_eq!(page.all(".thanks").count(), 1);
    let row = stored(&app).await;
    assert_eq!((&row["score"], &row["comment"], &row["answers"]), (&json!(5), &json!("<Dear>"), &Value::Null));
    assert_eq!(addresses(&app), (0, 0));
    app.triaged().await;
    assert_eq!((app.count("alerts"), app.count("outbox")), (0, 0), "corrected before anybody was told");
}

#[tokio::test]
async fn what_is_skipped_is_not_answered() {
    let app = app_on(Backend::Sqlite).await;
    let page = FormPage::open(&app, &path(&app, "")).await.pick("score", "1").press("on").await;
    let page = page.pick("choice:reasons", "price").write("comment", "no").press("skip").await;
    let page = page.write("email", "nobody").pick("consent", "yes").press("skip").await;
    assert_eq!(page.all(".thanks").count(), 1);
    let row = stored(&app).await;
    assert_eq!((&row["comment"], &row["answers"]), (&Value::Null, &Value::Null));
    assert_eq!(addresses(&app), (0, 0));
    assert!(is_at(&app, 2, true));
}

#[tokio::test]
async fn form_sent_again_changes_nothing_and_later_words_are_kept_beside() {
    for backend in Backend::ALL {
        let app = app_on(backend).await;
        let first = FormPage::open(&app, &path(&app, "")).await.pick("score", "1");
        let second = first.press("on").await.write("comment", "first words");
        let again = first.press("on").await;
        assert_eq!(again.text("h1"), second.text("h1"), "{backend:?}: reloaded");
        let third = second.press("on").await;
        let thanks = third.press("on").await;
        assert_eq!(thanks.all(".thanks").count(), 1);
        assert!(is_at(&app, 2, true), "{backend:?}");

        // The first steps and the last, reloaded.
        for page in [&first, &second, &third] {
            assert_eq!(page.press("on").await.answer.status, 200, "{backend:?}");
        }
        assert_eq!(stored(&app).await["comment"], "first words", "{backend:?}");
        assert!(is_at(&app, 2, true), "{backend:?}");

        // Back with the browser's own button, to a page as it was.
        let changed = second.write("comment", "second thoughts").press("on").await;
        // Sent a second time, it is not added again.
        for _ in 0..2 {
            assert_eq!(changed.press("on").await.all(".thanks").count(), 1, "{backend:?}");
        }
        let row = stored(&app).await;
        assert_eq!(row["comment"], "first words", "{backend:?}");
        let added: Vec<_> = row["additions"].as_array().unwrap().iter().map(|one| &one["comment"]).collect();
        assert_eq!(added, ["second thoughts"], "{backend:?}");
        // An address is not added: whoever sends it now need not be who answered.
        let changed = third.write("email", "ann@mail.example").pick("consent", "yes").press("on").await;
        assert_eq!(changed.all(".thanks").count(), 1, "{backend:?}");
        assert_eq!(addresses(&app), (0, 0), "{backend:?}");
        app.triaged().await;
        assert_eq!((app.count("alerts"), app.count("outbox")), (1, 1), "{backend:?}");
    }
}

#[tokio::test]
async fn nothing_is_needed_but_a_score_and_an_address_that_is_one() {
    let app = app_on(Backend::Sqlite).await;
    let page = FormPage::open(&app, &path(&app, "")).await.press("on").await;
    assert_eq!(page.answer.status, 422);
    assert_eq!(page.text("[role=alert]"), "Please choose a score first.");
    assert!(page.text("title").starts_with("Please choose a score first."), "read out first");
    let link = page.all("[role=alert] a").next().unwrap().attr("href").unwrap().to_owned();
    assert_eq!(page.all(&link).next().unwrap().attr("name"), Some("score"));
    assert_eq!(app.count("responses"), 0);

    let page = page.pick("score", "2").press("on").await.press("on").await;
    let page = page.write("email", "ann at mail").pick("consent", "yes").press("on").await;
    assert_eq!((page.answer.status, page.value("email")), (422, "ann at mail"));
    let field = page.all("#email").next().unwrap();
    assert_eq!((field.attr("aria-invalid"), field.attr("aria-describedby")), (Some("true"), Some("fault")));
    assert_eq!(page.all("[role=alert] a").next().unwrap().attr("href"), Some("#email"));
    // What was said beside it is stored.
    assert!(is_at(&app, 2, false));

    // Without consent an address is not kept, and the customer hears of it.
    let page = page.write("email", "ann@mail.example").leave("consent").press("on").await;
    assert_eq!((page.answer.status, page.value("email")), (422, "ann@mail.example"));
    assert_eq!(page.text("[role=alert]"), "Please tick the box as well, or remove the address.");
    let link = page.all("[role=alert] a").next().unwrap().attr("href").unwrap().to_owned();
    let field = page.all(&link).next().unwrap();
    assert_eq!((field.attr("name"), field.attr("aria-invalid")), (Some("consent"), Some("true")));
    assert!(is_at(&app, 3, false));
    assert_eq!(page.write("email", " ").press("on").await.all(".thanks").count(), 1);
    assert_eq!(addresses(&app), (0, 0));
    assert!(is_at(&app, 4, true));
}

async fn page_of(app: &TestApp) -> FormPage<'_> {
    FormPage::open(app, &path(app, "")).await
}

#[tokio::test]
async fn refused_step_shows_what_was_typed_and_says_when_to_come_back() {
    let app = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_RATE_LIMIT", "1").await;
    let_fast_answers_in(&app);
    let page = page_of(&app).await.pick("score", "1").press("on").await;
    let page = page.pick("choice:reasons", "late").write("comment", "Still here").press("on").await;
    assert_eq!(page.answer.status, 429);
    assert!(page.text("[role=alert]").starts_with("That did not go through."), "{}", page.text("[role=alert]"));
    assert_eq!((page.value("comment"), page.picked("choice:reasons")), ("Still here", vec!["late"]));
    let seconds: u32 = page.answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(page.answer.header("ratelimit-policy"), Some("\"address\";q=1;w=60"));
    assert_eq!(page.answer.header("cache-control"), Some("no-store"));
    assert!(is_at(&app, 0, false));
}

#[tokio::test]
async fn full_queue_thanks_nobody_it_has_not_stored() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend)
            .setting("COUNTERBELL_QUEUE_CAPACITY", "1")
            .setting("COUNTERBELL_RATE_LIMIT", "0")
            .await;
        let_fast_answers_in(&app);
        let (mut thanked, mut refused) = (0, 0);
        for _ in 0..50 {
            let page = FormPage::open(&app, &path(&app, "survey=nps")).await.pick("score", "8");
            let own = page.value("response_id").to_owned();
            let bodies = (0..64).map(|_| page.body("on").replace(&own, &sample::response_id()));
            for page in join_all(bodies.map(|body| page.send(body))).await {
                match page.answer.status {
                    200 => thanked += 1,
                    503 => {
                        refused += 1;
                        assert!(page.answer.header("retry-after").is_some(), "says when to come back");
                        assert!(page.text("[role=alert]").starts_with("That did not go through."));
                        assert_eq!(page.picked("score"), ["8"]);
                    }
                    other => panic!("{other}: {:?}", page.answer.text()),
                }
            }
            if refused > 0 {
                break;
            }
        }
        assert!(refused > 0, "{backend:?}: the queue was never full");
        assert_eq!(app.count("responses"), thanked, "{backend:?}");
    }
}

#[tokio::test]
async fn program_is_held_back_and_not_told() {
    let app = app_on(Backend::Sqlite).await;
    let page = page_of(&app).await.pick("score", "1").write("website", "https://pills.example");
    let page = page.press("on").await.press("skip").await.press("skip").await;
    assert_eq!(page.all(".thanks").count(), 1);
    let held = app.admin_items("/v1/admin/responses?held=true").await;
    assert_eq!((held.len(), &held[0]["held"], &held[0]["complete"]), (1, &json!("honeypot"), &json!(true)));

    let app = TestApp::on(Backend::Sqlite).await;
    app.cli(&["site", "set", &app.site_key, "--min-answer-ms", "60000", "--json"]).json();
    page_of(&app).await.pick("score", "1").press("on").await;
    let held = app.admin_items("/v1/admin/responses?held=true").await;
    assert_eq!((held.len(), &held[0]["held"]), (1, &json!("too_fast")));
    app.end_silence().await;
    assert_eq!((app.count("alerts"), app.count("outbox")), (0, 0));

    // Whoever takes the time to read is a customer: 300 ms, unless the site says another time.
    let app = TestApp::on(Backend::Sqlite).await;
    let page = page_of(&app).await.pick("score", "1");
    tokio::time::sleep(Duration::from_millis(350)).await;
    page.press("on").await;
    assert_eq!(app.count("responses WHERE held IS NULL"), 1);
}

#[tokio::test]
async fn survey_without_steps_leaves_room_for_words() {
    let app = app_on(Backend::Sqlite).await;
    app.publish_survey(&sample::survey("plain"));
    let page = FormPage::open(&app, &path(&app, "survey=plain")).await;
    assert!(page.text("h2").starts_with("What is the main reason for your score?"), "{}", page.text("h2"));
    assert_eq!(page.text("form button"), "Send");
    let page = page.write("comment", "None").press("on").await;
    assert_eq!((page.answer.status, page.value("comment")), (422, "None"));
    let thanks = page.pick("score", "3").press("on").await;
    assert_eq!(thanks.text("h1"), "Thank you!");
    assert!(thanks.text("main").contains("Your answer has reached the team."), "the widget's own thanks");
    assert_eq!(stored(&app).await["comment"], "None");
}

#[tokio::test]
async fn page_around_says_whom_it_knows_without_an_address() {
    let app = app_on(Backend::Sqlite).await;
    let page = page_of(&app).await.write("order", "B-2").write("customer", "C-7");
    let page = page.write("page_url", "https://shop.example/done?name=Ann").pick("score", "5").press("on").await;
    page.press("on").await;
    let row = stored(&app).await;
    assert_eq!((&row["order_ref"], &row["customer_ref"]), (&json!("B-2"), &json!("C-7")));
    assert_eq!(row["page_url"], "https://shop.example/done");
}

#[tokio::test]
async fn site_create_prints_what_to_put_where() {
    let app = TestApp::on(Backend::Sqlite).await;
    let made = app.cli(&["site", "create", "--name", "Next", "--origin", "https://next.example"]);
    let key = made.stdout.split("data-site=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let address = format!("https://HOST/f/{key}/checkout");
    assert!(made.stdout.contains(&format!("<noscript><a href=\"{address}\">")), "{}", made.stdout);
    assert!(made.stdout.lines().any(|line| line.trim() == address), "{}", made.stdout);
    let page = app.get(address.trim_start_matches("https://HOST")).await;
    assert_eq!(page.status, 200, "{page:?}");
}
