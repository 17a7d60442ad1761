//! Mails that lead to cases, and messages about cases.

use counterbell_tests::{Backend, Smtp, TestApp, sample, wait};
use serde_json::json;

const ANN: &str = "ann@shop.example";
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
        assert_eq!(mail.subject(), "[Test] Unhappy customer: 1 out of 5 [Shop]", "{backend:?}");
        for part in [mail.text(), mail.html_words()] {
            assert!(part.contains("This is a test.") && part.contains("the team “Alerts”"), "{part}");
        }
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
