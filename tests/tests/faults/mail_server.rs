//! Mail servers that say nothing, take their time, refuse, or belong to another worker by now.

use std::time::Duration;

use counterbell_shared::time::UnixMillis;
use counterbell_tests::{Backend, Refuse, Silence, Smtp, SmtpOptions, TestApp, command, run_command, sample, wait};
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

#[tokio::test]
async fn silent_mail_server_delays_its_own_mail_and_nothing_else() {
    for backend in Backend::ALL {
        let silent = SmtpOptions { silence: Some(Silence::Ehlo), ..SmtpOptions::default() };
        let smtp = Smtp::with(silent).await;
        let mut app = TestApp::on(backend).smtp(&smtp).setting("COUNTERBELL_SMTP_TIMEOUT_S", "1").await;

        // More than are sent side by side: those behind wait for a deadline, not for ever.
        for _ in 0..20 {
            app.respond(&sample::response(1)).await.expect(201);
        }

        let failed =
            |item: &Value| item["last_error"].as_str().is_some_and(|error| error.contains("did not answer in 1 s"));
        wait::until_true("20 failed attempts", async || {
            app.admin_items("/v1/admin/outbox").await.iter().filter(|item| failed(item)).count() == 20
        })
        .await;
        wait::until_true("word of it", async || app.log().contains("did not answer in 1 s")).await;
        app.respond(&sample::response(5)).await.expect(201);
        app.program().terminate();
        let status = app.program().wait_for_exit().await;
        assert!(status.success(), "{status}: {}", app.log());

        // Nothing is lost: another mail server gets them all.
        let willing = Smtp::start().await;
        app.set("COUNTERBELL_SMTP_URL", &willing.url());
        app.execute("UPDATE outbox SET due_at = 0");
        app.start_again().await;
        willing.wait_for(20).await;
    }
}

#[tokio::test]
async fn server_that_stops_gives_back_what_its_silent_mail_server_never_got() {
    for (backend, silence) in [(Backend::Sqlite, Silence::Connect), (Backend::Postgres, Silence::Ehlo)] {
        let smtp = Smtp::with(SmtpOptions { silence: Some(silence), ..SmtpOptions::default() }).await;
        // A reply, and a lease, may take longer than a test waits for anything.
        let mut app = TestApp::on(backend).smtp(&smtp).setting("COUNTERBELL_SMTP_TIMEOUT_S", "120").await;
        for _ in 0..3 {
            app.respond(&sample::response(1)).await.expect(201);
        }
        wait::until_true("connection to the mail server", async || smtp.connections() == 3).await;

        app.program().terminate();

        let status = app.program().wait_for_exit().await;
        assert!(status.success(), "{status}: {}", app.log());
        assert!(app.log().contains("Gave back 3 messages"), "{}", app.log());
        let willing = Smtp::start().await;
        app.set("COUNTERBELL_SMTP_URL", &willing.url());
        app.start_again().await;
        willing.wait_for(3).await;
        wait::until_true("delivery by what counts as the first attempt", async || {
            let messages = app.admin_items("/v1/admin/outbox?state=delivered").await;
            messages.iter().filter(|message| message["attempts"] == 1).count() == 3
        })
        .await;
    }
}

#[tokio::test]
async fn server_that_stops_keeps_the_lease_of_a_mail_it_may_have_handed_over() {
    let smtp = Smtp::with(SmtpOptions { hold: true, ..SmtpOptions::default() }).await;
    let mut app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;
    app.respond(&sample::response(1)).await.expect(201);
    wait::until_true("mail that is looked through", async || smtp.holds()).await;

    app.program().terminate();

    let status = app.program().wait_for_exit().await;
    assert!(status.success(), "{status}: {}", app.log());
    assert!(app.log().contains("Stopped while 1 message was being sent"), "{}", app.log());
    assert!(!app.log().contains("Gave back"), "{}", app.log());
    app.start_again().await;
    let message = only_message(&app, "pending").await;
    assert_eq!(message["attempts"], 1, "{message}");
    let lease_end: UnixMillis = message["next_attempt_at"].as_str().unwrap().parse().unwrap();
    assert!(lease_end > UnixMillis::now(), "{message}");
}

#[tokio::test]
async fn slow_mail_server_gets_a_mail_once() {
    // Nine replies: longer in all than the lease of a message, which is six times what one may take.
    let slow = SmtpOptions {
        tls: counterbell_tests::Tls::StartTls,
        delay: Duration::from_millis(2_200),
        ..SmtpOptions::default()
    };
    let smtp = Smtp::with(slow).await;
    for backend in Backend::ALL {
        let before = smtp.deliveries().len();
        let app = TestApp::on(backend).smtp(&smtp).setting("COUNTERBELL_SMTP_TIMEOUT_S", "3").await;

        app.respond(&sample::response(1)).await.expect(201);

        let message = only_message(&app, "delivered").await;
        assert_eq!(message["attempts"], 1, "{message}");
        assert_eq!(smtp.deliveries().len() - before, 1, "{backend:?}");
    }
}

#[tokio::test]
async fn verdict_on_a_whole_mail_may_take_its_time() {
    for backend in Backend::ALL {
        let smtp = Smtp::with(SmtpOptions { hold: true, ..SmtpOptions::default() }).await;
        let app = TestApp::on(backend).smtp(&smtp).setting("COUNTERBELL_SMTP_TIMEOUT_S", "1").await;
        app.respond(&sample::response(1)).await.expect(201);
        wait::until_true("mail that is looked through", async || smtp.holds()).await;
        let lease = only_message(&app, "pending").await["next_attempt_at"].clone();

        // By then a reply to anything else would be overdue.
        wait::until_true("renewed lease", async || only_message(&app, "pending").await["next_attempt_at"] != lease)
            .await;
        smtp.release();

        let message = only_message(&app, "delivered").await;
        assert_eq!((&message["attempts"], smtp.deliveries().len()), (&1.into(), 1), "{backend:?}: {message}");
    }
}

#[tokio::test]
async fn refusal_for_good_parks_at_once_and_says_why() {
    for backend in Backend::ALL {
        for verb in ["RCPT", "DATA"] {
            let refuse = Refuse { verb, times: 1, code: 550 };
            let smtp = Smtp::with(SmtpOptions { refuse: Some(refuse), ..SmtpOptions::default() }).await;
            let app = TestApp::on(backend).smtp(&smtp).await;

            app.respond(&sample::response(1)).await.expect(201);

            let message = only_message(&app, "parked").await;
            assert_eq!(message["attempts"], 1, "{message}");
            assert!(message["last_error"].as_str().unwrap().contains("No such mailbox"), "{message}");
            wait::until_true("word of it", async || app.log().contains("No such mailbox")).await;
            let name = sample::RECIPIENT.split('@').next().unwrap();
            for told in [&message["last_error"].to_string(), &app.log()] {
                assert!(!told.to_lowercase().contains(name), "{told}");
            }
        }
    }
}

#[tokio::test]
async fn refused_login_is_the_operators_and_parks_nothing() {
    let smtp = Smtp::with(SmtpOptions { tls: counterbell_tests::Tls::StartTls, ..SmtpOptions::default() }).await;
    let wrong = smtp.url().replace("let%20me%20in", "guessed");
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).setting("COUNTERBELL_SMTP_URL", &wrong).await;

    app.respond(&sample::response(1)).await.expect(201);

    let message = wait::until("failed attempt", async || {
        app.admin_items("/v1/admin/outbox").await.into_iter().find(|item| item["last_error"].is_string())
    })
    .await;
    assert_eq!(message["state"], "pending", "{message}");
    assert!(message["last_error"].as_str().unwrap().contains("logging in"), "{message}");
}

#[tokio::test]
async fn message_whose_response_is_gone_is_parked() {
    for backend in Backend::ALL {
        let smtp = Smtp::with(SmtpOptions { silence: Some(Silence::Connect), ..SmtpOptions::default() }).await;
        let app = TestApp::on(backend).smtp(&smtp).setting("COUNTERBELL_SMTP_TIMEOUT_S", "1").await;
        app.respond(&sample::response(1)).await.expect(201);
        app.triaged().await;
        app.execute("DELETE FROM responses");

        let message = only_message(&app, "parked").await;

        assert_eq!(message["last_error"], "the response is no longer stored", "{message}");
    }
}

#[tokio::test]
async fn worker_that_lost_its_lease_changes_nothing() {
    for backend in Backend::ALL {
        let smtp = Smtp::with(SmtpOptions { hold: true, ..SmtpOptions::default() }).await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        app.respond(&sample::response(1)).await.expect(201);
        wait::until_true("mail that is being sent", async || smtp.holds()).await;

        // As another server would, after this one was away for longer than its lease.
        app.execute("UPDATE outbox SET attempts = attempts + 1, due_at = 4000000000000");
        smtp.release();

        wait::until_true("word of the lost lease", async || app.log().contains("was lost. What became of it")).await;
        let message = only_message(&app, "pending").await;
        assert_eq!((&message["attempts"], &message["last_error"]), (&2.into(), &Value::Null), "{backend:?}: {message}");
    }
}

#[tokio::test]
async fn messages_of_a_kind_that_is_not_known_wait_for_a_newer_program() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        app.respond(&sample::response(1)).await.expect(201);
        smtp.wait_for(1).await;
        only_message(&app, "delivered").await;
        app.execute(
            "UPDATE outbox SET kind = 'carrier_pigeon', state = 'pending', attempts = 0, due_at = 0, \
             finished_at = NULL",
        );

        // Later ones go past it.
        app.respond(&sample::response(1)).await.expect(201);

        smtp.wait_for(2).await;
        let waiting = only_message(&app, "pending").await;
        assert_eq!((&waiting["attempts"], &waiting["last_error"]), (&0.into(), &Value::Null), "{backend:?}: {waiting}");
    }
}

#[tokio::test]
async fn mail_that_does_not_go_out_is_told_in_log_metrics_and_by_the_doctor() {
    for backend in Backend::ALL {
        let refuse = Refuse { verb: "RCPT", times: u32::MAX, code: 451 };
        let smtp = Smtp::with(SmtpOptions { refuse: Some(refuse), ..SmtpOptions::default() }).await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        app.respond(&sample::response(1)).await.expect(201);
        app.triaged().await;
        app.execute("UPDATE outbox SET created_at = created_at - 420000");

        wait::until_true("line in the log", async || app.log().contains("Mail does not go out: 1 message waits")).await;

        assert!(app.log().contains("the oldest for 7 minutes"), "{}", app.log());
        let answer = app.get("/metrics").await;
        let metrics = answer.text();
        let age = metrics.lines().find_map(|line| line.strip_prefix("counterbell_outbox_undelivered_age_seconds "));
        assert!(age.unwrap().parse::<f64>().unwrap() >= 420.0, "{metrics}");
        let check = outbox_check(&app);
        assert_eq!(check["verdict"], "failed", "{check}");
        assert!(check["found"].as_str().unwrap().contains("Not now"), "{check}");
    }
}

#[tokio::test]
async fn parked_messages_are_told_by_doctor_and_metrics_until_they_are_sent() {
    for backend in Backend::ALL {
        let refuse = Refuse { verb: "RCPT", times: 1, code: 550 };
        let smtp = Smtp::with(SmtpOptions { refuse: Some(refuse), ..SmtpOptions::default() }).await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        app.respond(&sample::response(1)).await.expect(201);
        let message = only_message(&app, "parked").await;

        let check = outbox_check(&app);
        assert_eq!(check["verdict"], "warning", "{check}");
        for told in ["1 message is parked", message["finished_at"].as_str().unwrap(), "No such mailbox"] {
            assert!(check["found"].as_str().unwrap().contains(told), "{told}: {check}");
        }
        assert!(check["advice"].as_str().unwrap().contains("/resend"), "{check}");
        assert!(!check.to_string().contains(sample::RECIPIENT), "{check}");
        wait_for_parked(&app, 1).await;

        let path = format!("/v1/admin/outbox/{}/resend", message["message_id"].as_str().unwrap());
        app.send(app.request(Method::POST, &path).bearer_auth(&app.api_key)).await.expect(202);
        smtp.wait_for(1).await;
        wait_for_parked(&app, 0).await;
        assert_eq!(outbox_check(&app)["verdict"], "ok");
    }
}

async fn wait_for_parked(app: &TestApp, messages: usize) {
    let line = format!("counterbell_outbox_parked {messages}");
    wait::until_true(&line, async || app.get("/metrics").await.text().lines().any(|told| told == line)).await;
}

fn outbox_check(app: &TestApp) -> Value {
    check_of("outbox", &app.cli(&["doctor", "--json"]).stdout)
}

#[tokio::test]
async fn doctor_ends_soon_and_says_what_a_silent_port_may_want() {
    for (silence, advice) in [(Silence::Connect, "smtps://"), (Silence::Ehlo, "firewall")] {
        let smtp = Smtp::with(SmtpOptions { silence: Some(silence), ..SmtpOptions::default() }).await;
        let dir = TempDir::new().unwrap();
        let args = ["doctor", "--json", "--smtp-timeout-s", "1", "--smtp-url", &smtp.url()];

        let mail = mail_check(&run_command(command(dir.path()).args(args)).stdout);

        assert_eq!(mail["verdict"], "failed", "{mail}");
        let given = mail["advice"].as_str().unwrap();
        assert!(given.contains(advice) && !given.contains("--mail-from"), "{silence:?}: {mail}");
    }
}

#[tokio::test]
async fn doctor_asks_whether_mail_to_the_recipients_is_taken() {
    let refuse = Refuse { verb: "RCPT", times: 1, code: 550 };
    let smtp = Smtp::with(SmtpOptions { refuse: Some(refuse), ..SmtpOptions::default() }).await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;

    let refused = mail_check(&app.cli(&["doctor", "--json"]).stdout);
    let taken = mail_check(&app.cli(&["doctor", "--json"]).stdout);

    assert_eq!(refused["verdict"], "failed", "{refused}");
    assert!(refused["found"].as_str().unwrap().contains("No such mailbox"), "{refused}");
    assert!(!refused.to_string().contains(sample::RECIPIENT), "{refused}");
    assert_eq!(taken["verdict"], "ok", "{taken}");
    assert!(smtp.deliveries().is_empty(), "no mail is sent");
}

#[tokio::test]
async fn machine_names_itself_in_full_to_the_mail_server() {
    for (settings, hello) in [
        (vec![], "[127.0.0.1]"),
        (vec![("COUNTERBELL_MAIL_FROM", "bell@shop.example")], "shop.example"),
        (vec![("COUNTERBELL_SMTP_HELLO_NAME", "mta.shop.example")], "mta.shop.example"),
    ] {
        let smtp = Smtp::start().await;
        let mut setup = TestApp::on(Backend::Sqlite).smtp(&smtp);
        for (name, value) in settings {
            setup = setup.setting(name, value);
        }
        let app = setup.await;

        app.respond(&sample::response(1)).await.expect(201);

        assert_eq!(smtp.wait_for(1).await[0].hello, hello);
    }
}

/// The only message in this state.
async fn only_message(app: &TestApp, state: &str) -> Value {
    let path = format!("/v1/admin/outbox?state={state}");
    wait::until(&format!("{state} message"), async || {
        let items = app.admin_items(&path).await;
        (items.len() == 1).then(|| items.into_iter().next()).flatten()
    })
    .await
}

fn mail_check(stdout: &str) -> Value {
    check_of("mail", stdout)
}

fn check_of(name: &str, stdout: &str) -> Value {
    let result: Value = serde_json::from_str(stdout).unwrap();
    result["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap().clone()
}
