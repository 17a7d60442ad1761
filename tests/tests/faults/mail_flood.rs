//! One site has more to tell than can be sent.

use std::time::Duration;

use counterbell_tests::{Backend, Smtp, SmtpOptions, TestApp, sample, wait};

/// Far more than are sent while the test runs.
const FLOOD: u32 = 20_000;
const RECIPIENT: &str = "second@shop.example";

#[tokio::test]
async fn flood_of_one_site_keeps_no_mail_of_another_waiting() {
    for backend in Backend::ALL {
        let slow = SmtpOptions { delay: Duration::from_millis(50), ..SmtpOptions::default() };
        let smtp = Smtp::with(slow).await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        app.respond(&sample::response(1)).await.expect(201);
        wait::until_true("first mail", async || !smtp.deliveries().is_empty()).await;
        let id = match backend {
            Backend::Sqlite => "randomblob(16)",
            Backend::Postgres => "decode(md5(n::text), 'hex')",
        };
        app.execute(&format!(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {FLOOD}) \
             INSERT INTO outbox (site_id, message_id, kind, lane, destination, subject_kind, subject_id, payload, state, leased, \
             attempts, resent_after, due_at, created_at) SELECT site_id, {id}, kind, lane, destination, subject_kind, \
             subject_id, payload, 'pending', FALSE, 0, 0, 0, 0 FROM outbox, n"
        ));
        let flood = smtp.deliveries().len() + 32;
        wait::until_true("flood", async || smtp.deliveries().len() > flood).await;

        let args = ["site", "create", "--name", "Second", "--recipient", RECIPIENT, "--json"];
        let site_key = app.cli(&args).json()["site_key"].as_str().unwrap().to_owned();
        let unhappy = sample::with(sample::response(1), serde_json::json!({ "site_key": site_key }));
        app.respond(&unhappy).await.expect(201);

        wait::until_true("mail of the other site", async || {
            smtp.deliveries().iter().any(|mail| mail.to.iter().any(|to| to == RECIPIENT))
        })
        .await;
        assert!(app.count("outbox WHERE state = 'pending'") > i64::from(FLOOD) / 2, "{backend:?}: the flood is over");
    }
}
