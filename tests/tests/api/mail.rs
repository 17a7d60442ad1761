//! What staff are told.

use counterbell_tests::{Backend, Smtp, TestApp, sample};
use serde_json::json;

const COMMENT: &str = "The parcel was open & half empty";

#[tokio::test]
async fn dissatisfied_response_is_told_to_each_recipient_once() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).recipients(&["ann@shop.example", "bob@shop.example"]).await;
    let response = sample::with(
        sample::response(1),
        json!({ "touchpoint": "store 12", "comment": COMMENT, "order_ref": "A-1001" }),
    );

    app.respond(&response).await.expect(201);

    let deliveries = smtp.wait_for(2).await;
    let messages = app.admin_items("/v1/admin/outbox").await;
    for recipient in ["ann@shop.example", "bob@shop.example"] {
        let mut to_them = deliveries.iter().filter(|delivery| delivery.to == [recipient]);
        let mail = &to_them.next().unwrap_or_else(|| panic!("no mail to {recipient}")).mail;
        assert!(to_them.next().is_none(), "told twice: {recipient}");
        let message = messages.iter().find(|message| message["recipient"] == recipient).unwrap();
        let message_id = message["message_id"].as_str().unwrap();

        assert_eq!(mail.to(), [recipient]);
        assert!(mail.subject().contains("store 12"), "touchpoint: {}", mail.subject());
        assert!(mail.subject().contains('1'), "score: {}", mail.subject());
        assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
        assert_eq!(mail.header("X-Auto-Response-Suppress"), Some("All"));
        assert!(mail.message_id().contains(message_id), "{} is not of {message_id}", mail.message_id());
        assert!(mail.header("Date").is_some() && mail.header("From").is_some());
        for part in [mail.text(), mail.html_words()] {
            for words in [COMMENT, "store 12", "A-1001", message["number"].as_str().unwrap()] {
                assert!(part.contains(words), "no {words:?} in {part}");
            }
            // Whoever knows it may add to the response.
            assert!(!part.contains(message["response_id"].as_str().unwrap()), "{part}");
        }
    }
    assert_eq!(deliveries.len(), 2);
}

#[tokio::test]
async fn unhappy_customers_are_told_whatever_is_measured() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        for (survey, score, told) in [
            ("csat", 5, false),
            ("csat", 3, false),
            ("nps", 7, false),
            ("nps", 10, false),
            ("ces", 4, false),
            ("ces", 7, false),
            ("expectation", 2, false),
            ("expectation", 3, false),
            ("csat", 1, true),
            ("csat", 2, true),
            ("nps", 0, true),
            ("nps", 6, true),
            ("ces", 1, true),
            ("ces", 3, true),
            ("expectation", 1, true),
        ] {
            let touchpoint = if told { "told" } else { "not told" };
            let members = json!({ "survey": survey, "touchpoint": touchpoint });
            app.respond(&sample::with(sample::response(score), members)).await.expect(201);
        }

        let deliveries = smtp.wait_for(7).await;

        assert_eq!(app.count("outbox"), 7);
        let mut subjects: Vec<_> = deliveries.iter().map(|delivery| delivery.mail.subject()).collect();
        subjects.sort_unstable();
        let scores =
            ["0 out of 10", "1 out of 3", "1 out of 5", "1 out of 7", "2 out of 5", "3 out of 7", "6 out of 10"];
        assert_eq!(subjects, scores.map(|score| format!("Unhappy customer at told: {score} [Shop]")));
        // The figures know bands of satisfaction and loyalty only.
        for response in app.admin_items("/v1/admin/responses").await {
            let has_bands = matches!(response["metric"].as_str(), Some("csat" | "nps"));
            assert_eq!(response["band"].is_string(), has_bands, "{response}");
        }
    }
}

/// A bad day at work is no customer's.
#[tokio::test]
async fn mail_about_staff_speaks_of_staff() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).setting("COUNTERBELL_ALERT_SILENCE_MS", "1").await;
    let members = json!({ "survey": "staff", "touchpoint": "store-12", "complete": false, "customer_ref": "E-7",
        "contact": { "email": "ann@shop.example", "consent": true } });
    app.respond(&sample::with(sample::response(2), members)).await.expect(201);

    let deliveries = smtp.wait_for(1).await;

    let mail = &deliveries[0].mail;
    assert_eq!(mail.subject(), "Unhappy member of staff at store-12: 2 out of 5 [Shop]");
    for part in [mail.text(), mail.html_words()] {
        assert!(part.contains("member of staff is happy to hear from you") && part.contains("E-7"), "{part}");
        assert!(!part.to_lowercase().contains("customer"), "{part}");
    }
}

#[tokio::test]
async fn comment_can_neither_mark_up_nor_link() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;
    let comment = "<b>x</b> http://evil.example/a?b=c www.evil.example <a href='https://evil.example'>y</a> & \"z\"";
    app.respond(&sample::with(sample::response(1), json!({ "comment": comment }))).await.expect(201);

    let deliveries = smtp.wait_for(1).await;

    let (text, html) = (deliveries[0].mail.text(), deliveries[0].mail.html());
    assert!(!html.contains("<b>x</b>"), "{html}");
    for readable in [text.clone(), deliveries[0].mail.html_words()] {
        assert!(readable.contains("<b>x</b>") && readable.contains("evil"), "{readable}");
    }
    for link in html.match_indices("<a ") {
        let tag = html[link.0..].split('>').next().unwrap_or_default();
        assert!(!tag.contains("evil"), "{tag}");
    }
    for part in [&text, &html] {
        for live in ["http://evil.example", "https://evil.example", "www.evil.example"] {
            assert!(!part.contains(live), "a mail program would make {live} a link: {part}");
        }
    }
}

/// So that they can be copied, and found by the filters of a mail program.
#[tokio::test]
async fn references_stay_as_they_are_unless_they_look_like_links() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;
    let references =
        json!({ "touchpoint": "shop.berlin-12", "order_ref": "INV.2026:0042", "customer_ref": "evil.com/pay" });
    app.respond(&sample::with(sample::response(1), references)).await.expect(201);

    let deliveries = smtp.wait_for(1).await;

    let mail = &deliveries[0].mail;
    assert!(mail.subject().contains(" at shop.berlin-12: 1 "), "{}", mail.subject());
    assert!(mail.header("Subject").unwrap().contains(" at shop.berlin-12: 1 "), "as it is, without an encoding");
    for part in [mail.text(), mail.html_words()] {
        assert!(part.contains("shop.berlin-12") && part.contains("INV.2026:0042"), "{part}");
        assert!(!part.contains("evil.com") && part.replace('\u{2060}', "").contains("evil.com/pay"), "{part}");
    }
}

/// Whoever works for several sites sees at once which one a mail is about.
#[tokio::test]
async fn mail_comes_from_the_site_by_its_name() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).setting("COUNTERBELL_MAIL_FROM", "bell@shop.example").await;
    for name in ["Bramble & Oak", "Die \"B\u{e4}r\u{fc}cke\" <a@b.example>, Inc.", "=?utf-8?q?Bank?=", r"B\O"] {
        app.execute(&format!("UPDATE sites SET name = '{name}'"));
        let before = smtp.deliveries().len();
        app.respond(&sample::response(1)).await.expect(201);

        let mail = &smtp.wait_for(before + 1).await[before].mail;

        assert_eq!(mail.from(), (Some(name), "bell@shop.example"));
        assert!(mail.subject().ends_with(&format!("[{name}]")), "{}", mail.subject());
    }
}

#[tokio::test]
async fn what_cannot_be_seen_is_shown_in_subject_and_text() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;
    app.execute("UPDATE sites SET name = 'Sh\u{200b}op\u{2066}'");
    for (touchpoint, shown) in [
        ("store\u{202e}gnp.exe", "store[U+202E]gnp.exe"),
        ("\u{200b}", "[U+200B]"),
        ("=?utf-8?q?Bank?=", "=?utf-8?q?Bank?="),
        // Letters that are written from the right stand apart, so that the score stays where it is.
        ("\u{645}\u{62a}\u{62c}\u{631}", "\u{2068}\u{645}\u{62a}\u{62c}\u{631}\u{2069}"),
    ] {
        let before = smtp.deliveries().len();
        // Told after a while of silence, in which it becomes what an earlier version took and this one leaves out.
        let members = json!({ "complete": false });
        app.respond(&sample::with(sample::response(1), members)).await.expect(201);
        app.execute(&format!("UPDATE responses SET touchpoint = '{touchpoint}', order_ref = '{touchpoint}'"));
        app.execute("UPDATE triage_queue SET due_at = 0");

        let mail = &smtp.wait_for(before + 1).await[before].mail;

        assert_eq!(mail.subject(), format!("Unhappy customer at {shown}: 1 out of 5 [Sh[U+200B]op[U+2066]]"));
        assert_eq!(mail.from().0, Some("Sh[U+200B]op[U+2066]"));
        for part in [mail.text(), mail.html_words()] {
            assert!(part.matches(shown).count() >= 3, "headline, where and order: {part}");
            assert!(!part.contains(['\u{202e}', '\u{200b}', '\u{2066}']), "{part}");
        }
    }
}

/// They stay as they are, in lines and boxes of their own.
#[tokio::test]
async fn customers_words_do_not_turn_the_text_around_them() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;
    let (comment, other) = ("Late\u{202e} and wet", "\u{202e}No \u{5d0} bell");
    let answers = json!({ "reasons": { "choices": ["late"], "other": other } });
    app.respond(&sample::with(sample::response(1), json!({ "comment": comment, "answers": answers })))
        .await
        .expect(201);

    let mail = &smtp.wait_for(1).await[0].mail;

    let (text, html) = (mail.text(), mail.html());
    assert!(text.lines().any(|line| line == format!("> {comment}")), "{text}");
    assert!(text.lines().any(|line| line.starts_with("> ") && line.ends_with(other)), "{text}");
    for words in [comment, other] {
        let before = html.split(words).next().unwrap();
        let tag = &before[before.rfind('<').unwrap()..];
        assert!(["<blockquote", "<div"].iter().any(|block| tag.starts_with(block)), "{tag}");
        assert!(tag.contains("dir=\"auto\""), "{tag}");
    }
}

#[tokio::test]
async fn touchpoint_cannot_add_headers() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).recipients(&["staff@shop.example"]).await;
    let touchpoint = "K\u{e4}se \u{1f9c0} <x@y> Bcc: evil@evil.example";
    app.respond(&sample::with(sample::response(1), json!({ "touchpoint": touchpoint }))).await.expect(201);

    let deliveries = smtp.wait_for(1).await;

    assert_eq!(deliveries[0].to, ["staff@shop.example"]);
    // Invisible joiners keep the words from becoming an address.
    let subject = deliveries[0].mail.subject().replace('\u{2060}', "");
    assert!(subject.contains(touchpoint), "{subject}");
    assert_eq!(deliveries[0].mail.header("Bcc"), None);
}

#[tokio::test]
async fn mail_comes_while_the_customer_is_still_there() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;
    app.respond(&sample::response(1)).await.expect(201);
    let acknowledged = std::time::Instant::now();

    smtp.wait_for(1).await;

    // A second is what is promised; a busy test machine is given more.
    assert!(acknowledged.elapsed().as_secs() < 5, "{:?}", acknowledged.elapsed());
}
