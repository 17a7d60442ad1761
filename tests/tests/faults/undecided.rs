//! A response that triage cannot decide about.

use counterbell_tests::{Backend, Smtp, TestApp, sample, wait};
use futures_util::future::join_all;
use serde_json::json;

/// Has the database refuse every alert of this response.
fn refuse_alerts_of(app: &TestApp, backend: Backend, response: &str) {
    let id = backend.id(response);
    app.execute(&match backend {
        Backend::Sqlite => format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON alerts WHEN NEW.response_id = {id} BEGIN \
             SELECT RAISE(ABORT, 'refuse'); END"
        ),
        Backend::Postgres => {
            format!("ALTER TABLE alerts ADD CONSTRAINT refuse CHECK (response_id <> {id}) NOT VALID")
        }
    });
}

fn take_alerts_again(app: &TestApp, backend: Backend) {
    app.execute(match backend {
        Backend::Sqlite => "DROP TRIGGER refuse",
        Backend::Postgres => "ALTER TABLE alerts DROP CONSTRAINT refuse",
    });
}

async fn parked(app: &TestApp) -> String {
    let metrics = app.get("/metrics").await;
    let line = metrics.text().lines().find_map(|line| line.strip_prefix("counterbell_triage_parked "));
    line.unwrap_or_else(|| panic!("not counted: {}", metrics.text())).to_owned()
}

#[tokio::test]
async fn response_that_cannot_be_decided_keeps_no_other_waiting_and_is_told_later() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let mut app = TestApp::on(backend).smtp(&smtp).await;
        let bad = sample::response_id();
        refuse_alerts_of(&app, backend, &bad);
        let answers = join_all((0..6).map(async |place| {
            let id = if place == 2 { bad.clone() } else { sample::response_id() };
            app.respond(&json!({ "response_id": id, "score": 1, "touchpoint": format!("till {place}") })).await
        }));
        for answer in answers.await {
            answer.expect(201);
        }

        smtp.wait_for(5).await;
        let failed = "triage_queue WHERE attempts > 0 AND last_error LIKE '%refuse%' AND parked_at IS NULL";
        wait::until_true("word of the failure", async || app.count(failed) == 1).await;
        assert_eq!((app.count("triage_queue"), app.count("alerts"), app.count("outbox")), (1, 5, 5), "{backend:?}");

        // Ten minutes later.
        wait::until_true("parked response", async || {
            app.execute("UPDATE triage_queue SET attempts = 9, due_at = 0 WHERE parked_at IS NULL AND attempts < 9");
            app.count("triage_queue WHERE parked_at IS NOT NULL AND attempts = 10") == 1
        })
        .await;
        wait::until_true("figure", async || parked(&app).await == "1").await;
        assert!(app.log().contains(&format!("Triage of response {bad} is parked")), "{}", app.log());
        app.respond(&sample::response(1)).await.expect(201);
        smtp.wait_for(6).await;
        assert_eq!((app.count("triage_queue"), app.count("alerts")), (1, 6), "{backend:?}");

        take_alerts_again(&app, backend);
        app.restart().await;

        let mails = smtp.wait_for(7).await;
        assert!(mails[6].mail.subject().contains("till 2"), "{backend:?}: {}", mails[6].mail.subject());
        assert_eq!((app.count("triage_queue"), app.count("alerts"), app.count("outbox")), (0, 7, 7), "{backend:?}");
        wait::until_true("figure", async || parked(&app).await == "0").await;
        wait::until_true("marks", async || app.count("outbox WHERE state = 'delivered'") == 7).await;
        assert_eq!(smtp.deliveries().len(), 7, "{backend:?}");
    }
}
