//! How mail gets to the mail server, and what happens when it does not.

use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use counterbell_tests::{Answer, Backend, Refuse, Smtp, SmtpOptions, TestApp, Tls, sample, wait};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn mail_is_handed_in_encrypted_and_logged_in() {
    for tls in [Tls::StartTls, Tls::Implicit] {
        let smtp = Smtp::with(SmtpOptions { tls, ..SmtpOptions::default() }).await;
        let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;

        app.respond(&sample::response(1)).await.expect(201);

        let deliveries = smtp.wait_for(1).await;
        assert!(deliveries[0].tls, "{tls:?}");
        assert_eq!(deliveries[0].login.as_deref(), Some("counterbell"), "{tls:?}");
        assert_eq!(deliveries[0].to, [sample::RECIPIENT]);
    }
}

#[tokio::test]
async fn password_goes_to_nobody_with_a_strange_certificate() {
    for tls in [Tls::StartTls, Tls::Implicit] {
        let smtp = Smtp::with(SmtpOptions { tls, ..SmtpOptions::default() }).await;
        // Without the authority's certificate.
        let app = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_SMTP_URL", &smtp.url()).await;

        app.respond(&sample::response(1)).await.expect(201);

        let message = first_failed_message(&app).await;
        assert_eq!(message["state"], "pending", "{message}");
        assert!(smtp.deliveries().is_empty());
        assert!(!app.log().contains("let me in") && !app.log().contains("let%20me%20in"), "{}", app.log());
    }
}

#[tokio::test]
async fn refused_mail_is_delivered_by_a_later_attempt_once() {
    for verb in ["RCPT", "DATA"] {
        let smtp =
            Smtp::with(SmtpOptions { refuse: Some(Refuse { verb, times: 1, code: 451 }), ..SmtpOptions::default() })
                .await;
        let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;

        app.respond(&sample::response(1)).await.expect(201);

        let deliveries = smtp.wait_for(1).await;
        let message = wait::until("delivered message", async || {
            let items = app.admin_items("/v1/admin/outbox").await;
            items.into_iter().find(|item| item["state"] == "delivered")
        })
        .await;
        assert_eq!(message["attempts"], 2, "{verb}: {message}");
        assert_eq!((smtp.refusals(), deliveries.len(), smtp.deliveries().len()), (1, 1, 1), "{verb}");
    }
}

#[tokio::test]
async fn message_is_parked_after_its_last_attempt_and_can_be_sent_again() {
    for backend in Backend::ALL {
        // Refuses for as long as the first attempts take, however many fit in before the clock is turned.
        let smtp = Smtp::with(SmtpOptions {
            refuse: Some(Refuse { verb: "RCPT", times: 3, code: 451 }),
            ..SmtpOptions::default()
        });
        let smtp = smtp.await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        app.respond(&sample::response(1)).await.expect(201);
        first_failed_message(&app).await;

        // Sixteen hours later.
        app.execute("UPDATE outbox SET attempts = 10, due_at = 0");

        let message = wait::until("parked message", async || {
            app.admin_items("/v1/admin/outbox?state=parked").await.into_iter().next()
        })
        .await;
        assert_eq!((&message["attempts"], &message["next_attempt_at"]), (&json!(11), &json!(null)), "{backend:?}");
        assert!(message["last_error"].is_string(), "{message}");
        assert!(smtp.deliveries().is_empty());

        let path = format!("/v1/admin/outbox/{}/resend", message["message_id"].as_str().unwrap());
        app.send(app.request(Method::POST, &path).bearer_auth(&app.api_key)).await.expect(202);

        assert_eq!(smtp.wait_for(1).await.len(), 1, "{backend:?}");
        wait::until_true("message marked as delivered", async || {
            !app.admin_items("/v1/admin/outbox?state=delivered").await.is_empty()
        })
        .await;
        app.send(app.request(Method::POST, &path).bearer_auth(&app.api_key))
            .await
            .expect_problem(ProblemCode::NotFound);
    }
}

#[tokio::test]
async fn message_that_waits_for_its_next_attempt_is_sent_at_once_when_asked() {
    for backend in Backend::ALL {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut app = TestApp::on(backend).setting("COUNTERBELL_SMTP_URL", &format!("smtp://{gone}")).await;
        app.respond(&sample::response(1)).await.expect(201);
        first_failed_message(&app).await;
        app.program().kill();
        // No longer than a message may wait for its next attempt.
        let in_an_hour = UnixMillis::now().0 + 3_600_000;
        app.execute(&format!("UPDATE outbox SET leased = FALSE, attempts = 8, due_at = {in_an_hour}"));
        let smtp = Smtp::start().await;
        app.set("COUNTERBELL_SMTP_URL", &smtp.url());
        app.start_again().await;
        // Mail of a later response goes past it.
        let later = app.create_site("https://later.example", "later@shop.example");
        app.respond(&json!({ "site_key": later, "score": 1 })).await.expect(201);
        assert_eq!(smtp.wait_for(1).await[0].to, ["later@shop.example"], "{backend:?}");

        let message = resend(&app).await.expect(202);

        assert_eq!((&message["state"], smtp.wait_for(2).await.len()), (&json!("pending"), 2), "{backend:?}");
        let message = wait::until("delivered message", async || {
            app.admin_items("/v1/admin/outbox?state=delivered").await.into_iter().next()
        })
        .await;
        assert_eq!(message["attempts"], 9, "{backend:?}: {message}");
    }
}

#[tokio::test]
async fn message_that_is_being_sent_is_not_sent_a_second_time_when_asked() {
    for backend in Backend::ALL {
        let smtp = Smtp::with(SmtpOptions { hold: true, ..SmtpOptions::default() }).await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        app.respond(&sample::response(1)).await.expect(201);
        wait::until_true("mail that is being sent", async || smtp.holds()).await;
        let lease_end = app.admin_items("/v1/admin/outbox").await[0]["next_attempt_at"].clone();

        let answer = resend(&app).await.expect(202);
        smtp.release();

        assert_eq!(answer["next_attempt_at"], lease_end, "{backend:?}: {answer}");
        let message = wait::until("delivered message", async || {
            app.admin_items("/v1/admin/outbox?state=delivered").await.into_iter().next()
        })
        .await;
        assert_eq!((&message["attempts"], smtp.deliveries().len()), (&json!(1), 1), "{backend:?}: {message}");
        resend(&app).await.expect_problem(ProblemCode::NotFound);
    }
}

/// Asks for the only message to be sent now.
async fn resend(app: &TestApp) -> Answer {
    let message = app.admin_items("/v1/admin/outbox").await.remove(0);
    let path = format!("/v1/admin/outbox/{}/resend", message["message_id"].as_str().unwrap());
    app.send(app.request(Method::POST, &path).bearer_auth(&app.api_key)).await
}

#[tokio::test]
async fn mail_server_that_is_away_loses_nothing() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let app = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_SMTP_URL", &format!("smtp://{gone}")).await;

    app.respond(&sample::with(sample::response(1), json!({ "comment": "my secret" }))).await.expect(201);

    let message = first_failed_message(&app).await;
    assert_eq!(message["state"], "pending", "{message}");
    assert!(message["next_attempt_at"].is_string(), "{message}");
    for hidden in ["my secret", sample::RECIPIENT] {
        assert!(!app.log().contains(hidden), "{}", app.log());
    }
}

#[tokio::test]
async fn undelivered_mail_survives_a_crash() {
    for backend in Backend::ALL {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut app = TestApp::on(backend).setting("COUNTERBELL_SMTP_URL", &format!("smtp://{gone}")).await;
        app.respond(&sample::response(1)).await.expect(201);
        // Then nobody holds it: one that is being sent when the power goes waits for its lease to end.
        first_failed_message(&app).await;
        app.program().kill();
        let smtp = Smtp::start().await;
        app.set("COUNTERBELL_SMTP_URL", &smtp.url());

        app.start_again().await;

        let deliveries = smtp.wait_for(1).await;
        assert_eq!((deliveries.len(), app.count("outbox")), (1, 1), "{backend:?}");
    }
}

#[tokio::test]
async fn without_a_mail_server_mails_become_files_and_serve_says_so() {
    let app = TestApp::on(Backend::Sqlite).await;
    let folder = app.dir().join("mail").display().to_string();
    assert!(app.log().contains(&folder), "where mails go: {}", app.log());

    app.respond(&sample::with(sample::response(2), json!({ "touchpoint": "delivery" }))).await.expect(201);

    let mails = wait::until("mail as a file", async || Some(app.mail_files()).filter(|mails| !mails.is_empty())).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to(), [sample::RECIPIENT]);
    assert!(mails[0].subject().contains("delivery"), "{}", mails[0].subject());
}

/// The only message, once an attempt to deliver it failed.
async fn first_failed_message(app: &TestApp) -> serde_json::Value {
    wait::until("failed attempt", async || {
        let items = app.admin_items("/v1/admin/outbox").await;
        items.into_iter().find(|item| item["last_error"].is_string())
    })
    .await
}
