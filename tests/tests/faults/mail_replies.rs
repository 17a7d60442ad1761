//! Mail servers that write their replies as no other does.

use counterbell_tests::{Backend, OddReply, Smtp, SmtpOptions, TestApp, Tls, sample, wait};
use serde_json::Value;

async fn replying(odd: OddReply, tls: Tls) -> Smtp {
    Smtp::with(SmtpOptions { odd: Some(odd), tls, ..SmtpOptions::default() }).await
}

/// The only message, once its first attempt has ended.
async fn tried_message(app: &TestApp) -> Value {
    wait::until("attempt", async || {
        let message = app.admin_items("/v1/admin/outbox").await.into_iter().next()?;
        (message["state"] == "delivered" || message["last_error"].is_string()).then_some(message)
    })
    .await
}

#[tokio::test]
async fn code_counts_however_its_text_is_written() {
    for odd in [OddReply::Latin1, OddReply::Bare, OddReply::Long] {
        for tls in [Tls::None, Tls::StartTls, Tls::Implicit] {
            let smtp = replying(odd, tls).await;
            let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;

            app.respond(&sample::response(1)).await.expect(201);

            let message = tried_message(&app).await;
            assert_eq!((&message["state"], smtp.deliveries().len()), (&"delivered".into(), 1), "{odd:?}: {message}");
        }
    }
}

#[tokio::test]
async fn reply_without_an_end_breaks_the_connection() {
    for (odd, limit) in
        [(OddReply::EndlessLine, "longer than 4096 bytes"), (OddReply::EndlessReply, "more than 512 lines")]
    {
        for tls in [Tls::None, Tls::StartTls] {
            let smtp = replying(odd, tls).await;
            let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;

            app.respond(&sample::response(1)).await.expect(201);

            let message = tried_message(&app).await;
            assert!(message["last_error"].as_str().is_some_and(|error| error.contains(limit)), "{odd:?}: {message}");
        }
    }
}

#[tokio::test]
async fn reply_before_the_handshake_is_not_taken_for_an_encrypted_one() {
    let smtp = replying(OddReply::Injected, Tls::StartTls).await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;

    app.respond(&sample::response(1)).await.expect(201);

    let message = tried_message(&app).await;
    assert_eq!(message["state"], "pending", "{message}");
    let told = "sent more than its reply to STARTTLS before the connection was encrypted";
    assert!(message["last_error"].as_str().unwrap().contains(told), "{message}");
    assert!(smtp.deliveries().is_empty());
}
