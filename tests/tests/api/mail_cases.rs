//! Mails that lead to cases, and messages about cases.

use counterbell_tests::{Backend, Smtp, TestApp, sample, texts as texts_of, wait};
use reqwest::Method;
use serde_json::json;

const ANN: &str = "ann@shop.example";
const FORM: &str = "application/x-www-form-urlencoded";
const PUBLIC: &str = "https://bell.shop.example/under";

#[tokio::test]
async fn each_button_of_a_mail_opens_the_page_of_the_case() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).recipients(&[ANN]).setting("COUNTERBELL_PUBLIC_URL", PUBLIC).await;
        app.respond(&sample::with(sample::response(1), json!({ "comment": "Broken bell" }))).await.expect(201);

        let mail = &smtp.wait_for(1).await[0].mail;

        let (text, html) = (mail.text(), mail.html());
        let links: Vec<_> = text.lines().filter_map(|line| line.trim_end().strip_prefix(PUBLIC)).collect();
        let buttons: Vec<_> = links.iter().filter_map(|link| Some(link.split_once("?do=")?.1)).collect();
        assert_eq!(buttons, ["take", "not_for_me", "open", "remind"], "{backend:?}: {text}");
        for link in links {
            assert!(html.contains(&format!("href=\"{PUBLIC}{link}\"")), "{link} in {html}");
            let page = app.get(link).await;
            assert_eq!(page.status, 200, "{backend:?}: {link}");
        }
        assert!(text.contains("Case: 1"), "{text}");
        assert_eq!(app.count("cases WHERE acknowledged_at IS NOT NULL"), 0, "opening changes nothing");
    }
}

/// Whoever took the case while the message was being leased is told of nothing.
#[tokio::test]
async fn message_whose_news_is_over_is_withdrawn() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).recipients(&[ANN]).await;
        app.respond(&sample::response(1)).await.expect(201);
        smtp.wait_for(1).await;
        wait::until_true("the mark", async || app.count("outbox WHERE state = 'delivered'") == 1).await;
        let message_id = app.admin_items("/v1/admin/outbox").await[0]["message_id"].as_str().unwrap().to_owned();

        // A step that was counted from a time before the case was given back.
        app.execute(
            "UPDATE outbox SET kind = 'case_mail', subject_kind = 'case', subject_id = (SELECT case_id FROM cases), \
             payload = '{\"message\":\"escalated\",\"person\":1,\"since\":1,\"step\":0}', state = 'pending', \
             finished_at = NULL, due_at = 0, resent_after = attempts",
        );

        wait::until_true("the withdrawal", async || app.count("outbox") == 0).await;
        assert_eq!((smtp.deliveries().len(), app.count("attempts")), (1, 0), "{backend:?}");
        let withdrawn = format!("journal WHERE kind = 'message.withdrawn' AND subject = 'message/{message_id}'");
        assert_eq!(app.count(&withdrawn), 1, "{backend:?}");
        let told = format!("Withdrew message {message_id}");
        wait::until_true("the log's line", async || app.log().contains(&told)).await;
        assert!(!app.log().contains("ERROR"), "{}", app.log());
        let metrics = app.get("/metrics").await.text().to_owned();
        assert!(metrics.contains("mail_attempts_total{result=\"withdrawn\"} 1"), "{metrics}");
    }
}

/// The message of a test is of no response that is stored.
#[tokio::test]
async fn test_mail_says_that_it_is_one() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).recipients(&[ANN]).await;
        app.respond(&sample::response(1)).await.expect(201);
        smtp.wait_for(1).await;
        wait::until_true("the mark", async || app.count("outbox WHERE state = 'delivered'") == 1).await;

        let other = if backend == Backend::Sqlite { "zeroblob(16)" } else { "decode(repeat('00', 16), 'hex')" };
        app.execute(&format!(
            "UPDATE outbox SET subject_id = {other}, state = 'pending', finished_at = NULL, due_at = 0, \
             payload = '{{\"rule\":\"unhappy\",\"person\":1,\"why\":{{\"team\":\"alerts\"}},\"test\":true}}'"
        ));

        let mail = &smtp.wait_for(2).await[1].mail;
        assert_eq!(mail.subject(), "[Test] Unhappy customer at Checkout (example): 1 out of 5 [Shop]", "{backend:?}");
        for part in [mail.text(), mail.html_words()] {
            assert!(part.contains("This is a test.") && part.contains("the team “Alerts”"), "{part}");
        }
    }
}

#[tokio::test]
async fn trial_looks_like_an_alert_and_its_button_leads_to_a_page_that_says_what_it_is() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).recipients(&[ANN]).setting("COUNTERBELL_PUBLIC_URL", PUBLIC).await;
        for touchpoint in [&["--touchpoint", "door-2"][..], &[]] {
            let args = [&["alert", "test", "--site", &app.site_key, "--rule", "unhappy"], touchpoint].concat();
            let done = app.cli(&args);
            assert!(done.status.success(), "{done:?}");
        }

        let deliveries = smtp.wait_for(2).await;
        let texts: Vec<_> = deliveries.iter().map(|delivery| delivery.mail.text()).collect();
        let found = |words: &str| texts.iter().filter(|text| text.contains(words)).count();
        assert_eq!((found("Where: door-2"), found("Where: Checkout (example)")), (1, 1), "{backend:?}: {texts:?}");
        let link = texts[0].lines().find_map(|line| line.trim_end().strip_prefix(PUBLIC)).unwrap();
        let page = app.get(link).await;
        assert_eq!((page.status, texts_of(&page, "h1")), (200, "This was a test".to_owned()), "{backend:?}");
        let post = app.request(Method::POST, link).header("content-type", FORM).body("action=acknowledge");
        assert_eq!(app.send(post).await.status, 200, "{backend:?}");
        assert_eq!(app.count("cases"), 0, "{backend:?}");

        let removed = app.cli(&["staff", "remove", "--email", ANN, "--site", &app.site_key]);
        assert!(removed.status.success(), "{removed:?}");
        assert_eq!(app.get(link).await.status, 410, "{backend:?}");
    }
}

/// Where a mail quotes a colleague, a reply is meant for that colleague.
#[tokio::test]
async fn reply_to_a_mail_about_a_case_reaches_the_customer_unless_it_quotes_staff() {
    const EMILY: &str = "emily@example.com";
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).recipients(&[ANN]).setting("COUNTERBELL_PUBLIC_URL", PUBLIC).await;
        let emily = json!({
            "contact": { "email": EMILY, "consent": true }, "order_ref": "A-1", "comment": "Late"
        });
        app.respond(&sample::with(sample::response(1), emily.clone())).await.expect(201);
        let alert = &smtp.wait_for(1).await[0].mail;
        assert_eq!(alert.header("Reply-To"), Some(EMILY), "{backend:?}");
        for words in ["Then press “I spoke with the customer”", "?do=spoke", "To be taken by: 20"] {
            assert!(alert.text().contains(words), "{backend:?}: no {words} in {}", alert.text());
        }

        let later = sample::with(emily, json!({ "comment": "And broken" }));
        app.respond(&sample::with(sample::response(2), later)).await.expect(201);
        let joined = &smtp.wait_for(2).await[1].mail;
        let text = joined.text();
        let order = ["New now", "2 out of 5", "> And broken", "What this customer said before", "> Late", "Order: A-1"];
        let places: Vec<_> = order.iter().map(|words| text.find(words).unwrap_or_else(|| panic!("{text}"))).collect();
        assert!(places.is_sorted(), "{backend:?}: {text}");
        assert_eq!(joined.header("Reply-To"), Some(EMILY), "{backend:?}");

        let site = ["--site", &app.site_key, "--as", ANN];
        let ben = ["staff", "add", "--email", "ben@shop.example", "--site", &app.site_key];
        let note = [&["case", "note", "1", "--text", "Ask Ben", "--mention", "ben@shop.example"][..], &site].concat();
        for args in [&ben[..], &note] {
            let done = app.cli(args);
            assert!(done.status.success(), "{done:?}");
        }
        let note = &smtp.wait_for(3).await[2].mail;
        assert!(note.text().contains("> Ask Ben") && note.text().contains("> Late"), "{}", note.text());
        assert_eq!(note.header("Reply-To"), None, "{backend:?}");
    }
}

#[tokio::test]
async fn mail_about_a_group_counts_and_shows_the_newest_and_leads_to_all() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let mut app =
            TestApp::on(backend).smtp(&smtp).recipients(&[ANN]).setting("COUNTERBELL_PUBLIC_URL", PUBLIC).await;
        assert!(app.cli(&["rules", "retire", "unhappy", "--site", &app.site_key]).status.success());
        let grouped = json!({ "soon": { "grouped": { "most": 1, "in": "15m" } } });
        app.store_rule(&sample::with(sample::rule("low", json!({ "score": { "max": 2 } })), grouped));
        app.restart().await;
        for (touchpoint, comment) in [("till", "zero"), ("till", "one"), ("door", "two"), ("till", "three")] {
            let members = json!({ "touchpoint": touchpoint, "comment": comment });
            app.respond(&sample::with(sample::response(1), members)).await.expect(201);
            app.triaged().await;
        }

        app.execute("UPDATE alert_groups SET ends_at = opened_at + 1");
        app.execute("UPDATE timers SET due_at = 1 WHERE kind = 'alert_group'");

        let deliveries = smtp.wait_for(2).await;
        let mail = &deliveries[1].mail;
        assert_eq!(mail.subject(), "Unhappy responses: 3 [Shop]", "{backend:?}");
        let text = mail.text();
        for words in ["> one", "> two", "> three", "till: 2", "door: 1", "the rule “low”"] {
            assert!(text.contains(words), "{backend:?}: no {words} in {text}");
        }
        assert!(!text.contains("> zero"), "told alone: {text}");
        let links: Vec<_> = text.lines().filter_map(|line| line.trim_end().strip_prefix(PUBLIC)).collect();
        assert!(matches!(&links[..], [link] if link.starts_with("/group/")), "{text}");
        assert!(mail.html().contains(&format!("href=\"{PUBLIC}{}\"", links[0])));
    }
}
