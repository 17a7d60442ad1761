//! One message of the outbox, with every try to deliver it.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, Refuse, Smtp, SmtpOptions, TestApp, sample, wait};
use reqwest::Method;
use serde_json::{Value, json};

async fn only_message(app: &TestApp) -> Value {
    let id = wait::until("message", async || app.admin_items("/v1/admin/outbox").await.into_iter().next()).await;
    app.admin(&path_of(&id)).await.expect(200)
}

fn path_of(message: &Value) -> String {
    format!("/v1/admin/outbox/{}", message["message_id"].as_str().unwrap())
}

/// The only message, once it was tried so often.
async fn tried(app: &TestApp, times: usize) -> Value {
    wait::until(&format!("try number {times}"), async || {
        Some(only_message(app).await).filter(|message| message["tries"].as_array().unwrap().len() >= times)
    })
    .await
}

/// Number and outcome of each try.
fn outcomes(message: &Value) -> Vec<(i64, &str)> {
    let tries = message["tries"].as_array().unwrap().iter();
    tries.map(|one| (one["attempt"].as_i64().unwrap(), one["outcome"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn message_shows_each_try_across_failures_parking_and_resend() {
    for backend in Backend::ALL {
        let refuse = Refuse { verb: "RCPT", times: 3, code: 451 };
        let smtp = Smtp::with(SmtpOptions { refuse: Some(refuse), ..SmtpOptions::default() }).await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        app.respond(&sample::response(1)).await.expect(201);

        let failed = tried(&app, 2).await;
        assert_eq!(outcomes(&failed), [(1, "retry"), (2, "retry")], "{backend:?}");
        assert_eq!((&failed["state"], &failed["attempts"]), (&json!("pending"), &json!(2)), "{backend:?}: {failed}");

        // Sixteen hours later.
        app.execute("UPDATE outbox SET attempts = 10, due_at = 0 WHERE NOT leased AND attempts = 2");
        let parked = tried(&app, 3).await;
        assert_eq!(outcomes(&parked)[2], (11, "parked"), "{backend:?}");
        assert_eq!((&parked["state"], &parked["attempts"]), (&json!("parked"), &json!(11)), "{backend:?}: {parked}");
        for one in parked["tries"].as_array().unwrap() {
            assert!(one["error"].as_str().unwrap().contains("451"), "{one}");
            assert!(!one.to_string().contains("staff@"), "{one}");
            assert!(one["started_at"].as_str().unwrap() <= one["finished_at"].as_str().unwrap(), "{one}");
        }

        let resend = app.request(Method::POST, &format!("{}/resend", path_of(&parked))).bearer_auth(&app.api_key);
        app.send(resend).await.expect(202);
        let delivered = tried(&app, 4).await;
        assert_eq!(outcomes(&delivered)[3], (12, "delivered"), "{backend:?}");
        assert_eq!(delivered["tries"][3]["error"], Value::Null, "{backend:?}");
        assert_eq!(delivered["tries"].as_array().unwrap()[..3], parked["tries"].as_array().unwrap()[..], "{backend:?}");
        assert_eq!((&delivered["state"], &delivered["attempts"]), (&json!("delivered"), &json!(1)), "{delivered}");
        assert_eq!(smtp.deliveries().len(), 1, "{backend:?}");

        // All else is as in the list.
        let mut alone = delivered;
        alone.as_object_mut().unwrap().remove("tries");
        assert_eq!(app.admin_items("/v1/admin/outbox").await, [alone], "{backend:?}");
    }
}

#[tokio::test]
async fn message_is_shown_to_nobody_whose_key_does_not_cover_its_site() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.respond(&sample::response(1)).await.expect(201);
        let path = path_of(&only_message(&app).await);
        let other = app.create_site("https://other.example", "other@shop.example");
        let ask = async |args: &[&str]| -> Answer {
            let made = app.cli(&[&["key", "create", "--json"], args].concat()).json();
            app.send(app.request(Method::GET, &path).bearer_auth(made["api_key"].as_str().unwrap())).await
        };

        ask(&["--site", &other]).await.expect_problem(ProblemCode::NotFound);
        ask(&["--all-sites"]).await.expect(200);
        app.get(&path).await.expect_problem(ProblemCode::Unauthorized);
        for unknown in [&sample::response_id(), "nonsense"] {
            app.admin(&format!("/v1/admin/outbox/{unknown}")).await.expect_problem(ProblemCode::NotFound);
        }
        app.admin(&format!("{path}?limit=1")).await.expect_problem(ProblemCode::InvalidParameter);
    }
}
