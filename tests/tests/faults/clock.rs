//! The machine's clock is set back by hours.

use counterbell_tests::{
    Backend, Customers, FakeClock, Refuse, Smtp, SmtpOptions, TestApp, audit, environment, sample, wait,
};
use serde_json::{Value, json};

async fn refusing(times: u32) -> Smtp {
    Smtp::with(SmtpOptions { refuse: Some(Refuse { verb: "RCPT", times, code: 451 }), ..SmtpOptions::default() }).await
}

#[tokio::test]
async fn clock_set_back_under_load_delays_and_loses_nothing() {
    let Some(clock) = FakeClock::new("clock_set_back_under_load_delays_and_loses_nothing") else { return };
    for backend in Backend::ALL {
        clock.set_hours(0);
        // Few enough that no message is refused so often that it rightly waits for minutes.
        let smtp = refusing(12).await;
        let app = clock.worn_by(TestApp::on(backend).smtp(&smtp)).await;
        let before = app.respond(&sample::response(4)).await.expect(201)["response_id"].clone();
        let mut customers = Customers::come(&app, 16, 20);
        for round in 1..=i64::try_from(environment::scaled(3, 12)).unwrap() {
            customers.wait_for_more(150).await;
            clock.set_hours(round * -6);
        }
        customers.wait_for_more(150).await;
        let mut met = customers.leave().await;
        met.acknowledged.push(before.as_str().unwrap().to_owned());

        assert!(met.refused.is_empty() && met.cut_off == 0, "{backend:?}: {:?}", met.refused.first());
        assert!(smtp.refusals() > 0, "{backend:?}: some mails were waiting");
        // Within its minute, where they would have waited for hours.
        audit::expect_all_kept(&app, &smtp, &met, 0).await;
        // It really was set back: the response before all others is of the future now.
        let now = app.respond(&sample::response(4)).await.expect(201)["response_id"].clone();
        let of = async |id: &Value| {
            let path = format!("/v1/admin/responses/{}", id.as_str().unwrap());
            app.admin(&path).await.expect(200)["received_at"].as_str().unwrap().to_owned()
        };
        assert!(of(&now).await < of(&before).await, "{backend:?}");
    }
}

#[tokio::test]
async fn clock_set_back_while_no_server_runs_delays_no_mail() {
    let Some(clock) = FakeClock::new("clock_set_back_while_no_server_runs_delays_no_mail") else { return };
    let smtp = refusing(1).await;
    let mut app = clock.worn_by(TestApp::on(Backend::Sqlite).smtp(&smtp)).await;
    app.respond(&sample::with(sample::response(1), json!({ "comment": "late" }))).await.expect(201);
    wait::until_true("refusal", async || smtp.refusals() == 1).await;
    app.program().kill();
    clock.set_hours(-6);

    app.start_again().await;

    let deliveries = smtp.wait_for(1).await;
    assert!(deliveries[0].mail.text().contains("late"));
}
