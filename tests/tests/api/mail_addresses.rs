//! Addresses that mail can be sent to, and others.

use counterbell_tests::{Backend, Delivery, FormPage, Smtp, SmtpOptions, TestApp, sample, wait};
use serde_json::{Value, json};

/// Each has the form of an address, and no mail server takes it.
const UNUSABLE: [&str; 11] = [
    "ann@gmail.com/",
    "ann@gmail.com?",
    "ann@gmail.com!",
    "ann@gmail.com#",
    "ann@gmail.com=",
    "ann@gmail.com'",
    "ann@gmail.com.",
    "ann@[gmail.com]",
    "\"ann\"@gmail.com",
    "ann\u{202e}@gmail.com",
    "ann@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
];
const LEFT: &str = "left an address that mail cannot be sent to";

fn with_contact(score: i64, touchpoint: &str, email: &str) -> Value {
    let contact = json!({ "email": email, "consent": true });
    sample::with(sample::response(score), json!({ "touchpoint": touchpoint, "contact": contact }))
}

/// It is there, says so in both forms, and a reply goes to nobody by mistake.
fn expect_without_reply_to(delivery: &Delivery) {
    assert_eq!(delivery.mail.header("Reply-To"), None);
    for part in [delivery.mail.text(), delivery.mail.html_words()] {
        assert!(part.contains(LEFT) && !part.contains("Just reply"), "{part}");
    }
}

#[tokio::test]
async fn customers_address_costs_neither_the_words_nor_the_alert() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        for email in UNUSABLE {
            app.respond(&with_contact(1, "till", email)).await.expect(201);
        }

        let deliveries = smtp.wait_for(UNUSABLE.len()).await;

        deliveries.iter().for_each(expect_without_reply_to);
        wait::until_true("no mail waits", async || app.count("outbox WHERE state <> 'delivered'") == 0).await;
        // Staff see what was typed, in the mail as text that is no link.
        let stored = app.admin_items("/v1/admin/responses").await;
        for email in UNUSABLE {
            assert!(stored.iter().any(|response| response["contact"]["email"] == email), "{email:?}");
        }
        for delivery in &deliveries {
            assert!(!delivery.mail.text().contains("@gmail.com") && !delivery.mail.text().contains('\u{202e}'));
        }
    }
}

#[tokio::test]
async fn what_is_no_address_is_told_to_the_sender() {
    let app = TestApp::on(Backend::Sqlite).await;
    for email in ["nobody", "@gmail.com", "ann@", "ann b@gmail.com", "a@b@gmail.com", "ann@gmail.com\nBcc: x@y.example"]
    {
        let problem = app.respond(&with_contact(1, "till", email)).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], "/contact/email", "{email:?}: {problem}");
    }
}

#[tokio::test]
async fn hosted_page_asks_for_the_address_again_and_keeps_what_was_said() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).setting("COUNTERBELL_ALERT_SILENCE_MS", "120000").await;
    app.cli(&["site", "set", &app.site_key, "--min-answer-ms", "0", "--json"]).json();
    let path = format!("/f/{}/till?survey=csat", app.site_key);
    let page = FormPage::open(&app, &path).await.pick("score", "1").press("on").await.press("on").await;
    let page = page.write("email", "ann@gmail.com/").pick("consent", "yes").press("on").await;
    assert_eq!((page.answer.status, page.value("email")), (422, "ann@gmail.com/"));
    assert_eq!(app.count("responses WHERE contact_email = 'ann@gmail.com/' AND NOT complete"), 1);

    let page = page.write("email", "ann@gmail.com").press("on").await;
    assert_eq!(page.all(".thanks").count(), 1);
    assert_eq!(app.count("responses WHERE contact_email = 'ann@gmail.com' AND complete"), 1);
    let deliveries = smtp.wait_for(1).await;
    assert_eq!(deliveries[0].mail.header("Reply-To"), Some("ann@gmail.com"));
}

#[tokio::test]
async fn staffs_address_is_refused_where_it_is_given() {
    let app = TestApp::on(Backend::Sqlite).await;
    for email in
        ["staff@shop.example/", "staff@shop.example.", "staff@-shop.example", "staff@127.0.0.1", "Ann <a@b.example>"]
    {
        let made = app.cli(&["site", "create", "--name", "Shop", "--recipient", email]);
        assert!(!made.status.success(), "{email}");
        assert!(made.stderr.contains("--recipient") && made.stderr.contains("address"), "{}", made.stderr);
    }
    for email in ["staff@intranet", "staff@[127.0.0.1]", "staff@mail_host.shop.example", "a'b+c@shop.example"] {
        let made = app.cli(&["site", "create", "--name", "Shop", "--recipient", email, "--json"]);
        assert_eq!(made.json()["recipients"], json!([email]));
    }
}

/// Earlier versions took more.
#[tokio::test]
async fn recipient_stored_before_holds_up_neither_customers_nor_other_staff() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).recipients(&[sample::RECIPIENT, "old@shop.example"]).await;
    app.execute("UPDATE person_addresses SET email = 'old@shop.example/' WHERE email = 'old@shop.example'");
    app.respond(&sample::response(1)).await.expect(201);

    let deliveries = smtp.wait_for(1).await;

    assert_eq!(deliveries[0].to, [sample::RECIPIENT]);
    assert_eq!(app.count("outbox WHERE destination = 'old@shop.example/'"), 1);
}

#[tokio::test]
async fn domains_are_written_as_mail_servers_know_them() {
    let smtp = Smtp::start().await;
    let recipients = ["staff@B\u{fc}cher.example", "staff@xn--bcher-kva.example"];
    let app = TestApp::on(Backend::Sqlite)
        .smtp(&smtp)
        .recipients(&recipients)
        .setting("COUNTERBELL_MAIL_FROM", "bell@b\u{fc}cher.example")
        .await;
    app.respond(&with_contact(1, "till", "S.Ann@bu\u{308}cher.example")).await.expect(201);

    let deliveries = smtp.wait_for(1).await;

    assert_eq!(app.count("outbox"), 1, "one address, written in two ways");
    assert_eq!(deliveries[0].to, ["staff@xn--bcher-kva.example"]);
    let mail = &deliveries[0].mail;
    assert_eq!(mail.header("Reply-To"), Some("S.Ann@xn--bcher-kva.example"));
    assert!(mail.header("From").unwrap().ends_with("<bell@xn--bcher-kva.example>"), "{:?}", mail.header("From"));
    assert!(mail.message_id().ends_with("@xn--bcher-kva.example"), "{}", mail.message_id());
}

#[tokio::test]
async fn name_outside_ascii_is_no_matter_for_a_mail_server_without_it() {
    let smtp = Smtp::with(SmtpOptions { ascii: true, ..SmtpOptions::default() }).await;
    let recipients = [sample::RECIPIENT, "s\u{f8}ren@shop.example"];
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).recipients(&recipients).await;
    app.respond(&with_contact(1, "till", "\u{e5}se@b\u{fc}cher.example")).await.expect(201);

    let deliveries = smtp.wait_for(1).await;

    assert_eq!(deliveries[0].to, [sample::RECIPIENT]);
    let mail = &deliveries[0].mail;
    assert_eq!(mail.header("Reply-To"), None);
    for part in [mail.text(), mail.html_words()] {
        // Whole, to be copied into a mail program that can.
        assert!(part.contains("\u{e5}se@xn--bcher-kva.example") && !part.contains("Just reply"), "{part}");
    }
    wait::until("the other recipient's failure", async || {
        let messages = app.admin_items("/v1/admin/outbox").await;
        let failed = messages.into_iter().find(|message| message["recipient"] == recipients[1])?;
        failed["last_error"].as_str().filter(|error| error.starts_with("the recipient's address")).map(str::to_owned)
    })
    .await;
}
