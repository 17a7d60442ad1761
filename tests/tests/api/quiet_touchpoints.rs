//! Staff hear of touchpoints from which nothing comes.

use std::time::Duration;

use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_tests::{Backend, FakeClock, TestApp, sample, wait};
use serde_json::{Value, json};

use crate::doctor::{check, checks};

const MAILS: &str = "outbox WHERE kind = 'touchpoint_mail'";
const TIMER: &str = "timers WHERE kind = 'watch_touchpoints'";

async fn respond(app: &TestApp, touchpoint: &str, days_ago: i64) {
    respond_with(app, 5, touchpoint, days_ago).await;
}

async fn respond_with(app: &TestApp, score: i64, touchpoint: &str, days_ago: i64) {
    let at = UnixMillis(UnixMillis::now().0 - days_ago * DAY_MS).to_string();
    let response = json!({ "touchpoint": touchpoint, "created_at": at });
    app.respond(&sample::with(sample::response(score), response)).await.expect(201);
}

/// Has the server look, and waits until it has.
async fn look(app: &TestApp) {
    app.execute("UPDATE timers SET due_at = 1 WHERE kind = 'watch_touchpoints'");
    looked(app, UnixMillis::now().0).await;
}

async fn looked(app: &TestApp, now: i64) {
    let ahead = format!("{TIMER} AND attempts = 0 AND due_at > {now}");
    wait::until_true("look at the touchpoints", async || app.count(&ahead) == 1).await;
}

fn subjects(app: &TestApp) -> Vec<String> {
    app.mail_files().iter().map(|mail| mail.subject().to_owned()).collect()
}

async fn mails(app: &TestApp, count: usize) -> Vec<String> {
    wait::until_true("mails", async || app.mail_files().len() >= count).await;
    subjects(app)
}

#[tokio::test]
async fn silent_touchpoint_is_told_once_and_again_after_a_response() {
    let Some(clock) = FakeClock::new("silent_touchpoint_is_told_once_and_again_after_a_response") else { return };
    for backend in Backend::ALL {
        clock.set_hours(0);
        let mut app = clock.worn_by(TestApp::on(backend)).await;
        // Noon, by the clock that is turned.
        let real = UnixMillis::now().0;
        let noon = (real.div_euclid(DAY_MS) * DAY_MS + DAY_MS / 2 - real) / 1_000;
        let turn = |day: i64| {
            clock.set_seconds(noon + day * 86_400);
            real + 1_000 * noon + day * DAY_MS
        };
        for day in 0..3 {
            turn(day);
            respond_now(&app, "till").await;
        }
        looked(&app, turn(5)).await;
        assert_eq!(app.count(MAILS), 0, "{backend:?}");

        looked(&app, turn(6)).await;
        let first = mails(&app, 1).await;
        assert!(first[0].starts_with("No more responses from till"), "{backend:?}: {first:?}");
        app.restart().await;
        for day in 7..9 {
            looked(&app, turn(day)).await;
        }
        assert_eq!(app.count(MAILS), 1, "{backend:?}");

        respond_now(&app, "till").await;
        // Four responses in nine days: it waits for one longer than before.
        looked(&app, turn(15)).await;
        assert_eq!(app.count(MAILS), 1, "{backend:?}");
        looked(&app, turn(16)).await;
        assert_eq!(mails(&app, 2).await.len(), 2, "{backend:?}");
        assert_eq!(app.count("cases"), 0, "{backend:?}");
        let journal = app.texts(&["actor", "data"], "journal WHERE subject = 'touchpoint/till' ORDER BY seq");
        assert_eq!(journal, [r#"server|{"rule":"silent","version":1}"#; 2], "{backend:?}");
    }
}

async fn respond_now(app: &TestApp, touchpoint: &str) {
    app.respond(&sample::with(sample::response(5), json!({ "touchpoint": touchpoint }))).await.expect(201);
}

#[tokio::test]
async fn ten_that_fall_silent_are_one_mail_also_of_two_servers_and_the_rehearsal_says_so() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).any_age().recipients(&["ann@shop.example", "bob@shop.example"]).await;
        for number in 0..10 {
            for days_ago in 4..8 {
                respond(&app, &format!("store-{number}"), days_ago).await;
            }
        }
        let test = || app.cli(&["rules", "test", "--site", &app.site_key]).stdout;
        let before = test();
        for line in
            ["silent holds of 10 touchpoints now", "    store-3: last response on ", "ann@shop.example is told of 10"]
        {
            assert!(before.contains(line), "{backend:?}: no {line} in {before}");
        }
        let node = if backend == Backend::Postgres { Some(app.another_server().await) } else { None };
        for _ in 0..5 {
            look(&app).await;
        }
        drop(node);

        let subjects = mails(&app, 2).await;
        let expected = "No more responses from 10 touchpoints [Shop]";
        assert_eq!((app.count(MAILS), subjects), (2, vec![expected.to_owned(); 2]), "{backend:?}");
        let text = app.mail_files()[0].text();
        assert!((0..10).all(|number| text.contains(&format!("store-{number}: last response on"))), "{text}");
        let after = test();
        assert!(after.contains("; this was told") && !after.contains("is told of"), "{backend:?}: {after}");
    }
}

#[tokio::test]
async fn killed_at_any_moment_it_tells_all_of_them_once() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        let today = UnixMillis::now().0.div_euclid(DAY_MS);
        let names = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 4000)";
        for day in 4..8 {
            app.execute(&format!(
                "INSERT INTO score_days {names} SELECT id, 'csat', {}, 'store-' || n, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0 FROM sites, n",
                today - day
            ));
        }
        app.execute("UPDATE timers SET due_at = 1 WHERE kind = 'watch_touchpoints'");
        for ms in [0, 30, 60, 90, 120, 200, 300] {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            app.program().kill();
            app.start_again().await;
        }
        looked(&app, UnixMillis::now().0).await;

        mails(&app, 1).await;
        let payloads = app.texts(&["payload"], MAILS);
        let counts: Vec<_> =
            payloads.iter().map(|payload| serde_json::from_str::<Value>(payload).unwrap()["count"].clone()).collect();
        assert_eq!(counts, [json!(4_000)], "{backend:?}");
        assert_eq!(app.count("touchpoint_alerts WHERE told_at IS NOT NULL"), 4_000, "{backend:?}");
        assert_eq!(app.count("journal WHERE kind = 'alert.touchpoint'"), 4_000, "{backend:?}");
    }
}

#[tokio::test]
async fn site_that_lost_its_timer_has_it_again_after_a_start() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).any_age().await;
        for days_ago in 4..8 {
            respond(&app, "till", days_ago).await;
        }
        app.program().kill();
        let doctor = || {
            let checks = checks(&app.cli(&["doctor", "--json"]));
            let found = check(&checks, "touchpoints");
            format!("{} {}", found["verdict"].as_str().unwrap(), found["found"].as_str().unwrap())
        };
        assert!(doctor().starts_with("ok"), "{backend:?}: {}", doctor());
        app.execute("UPDATE timers SET due_at = 1795269900000");
        assert!(doctor().contains("(due since 2026-11-21T14:05:00.000Z)"), "{backend:?}: {}", doctor());
        app.execute("DELETE FROM timers");
        let lost =
            format!("warning nobody hears of silence or falling scores by \"silent\" of {} (no timer", app.site_key);
        assert!(doctor().starts_with(&lost), "{backend:?}: {}", doctor());
        app.start_again().await;
        wait::until_true("timers", async || app.count("timers, sites WHERE timers.site_id = sites.id") == 3).await;
        // Not at once: whoever starts a server has other things to do.
        let soon = format!("{TIMER} AND due_at > {}", UnixMillis::now().0);
        assert_eq!((app.count(&soon), app.count(MAILS)), (1, 0), "{backend:?}");
        look(&app).await;
        assert_eq!(mails(&app, 1).await.len(), 1, "{backend:?}");
    }
}

#[tokio::test]
async fn scores_that_fall_are_told_with_their_figures() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).any_age().await;
        let falling =
            json!({ "falling": { "touchpoints": ["till"], "by_percent": 20, "weeks": 1, "least_responses": 5 } });
        let rule = sample::with(sample::rule("falling", falling), json!({ "urgent": true }));
        app.store_rule(&rule);
        // 20 / 5 = 4.00, then 16 / 5 = 3.20.
        for (days_ago, score) in [(12, 4), (11, 4), (10, 4), (9, 4), (8, 4), (5, 4), (4, 3), (3, 3), (2, 3), (1, 3)] {
            respond_with(&app, score, "till", days_ago).await;
            respond_with(&app, if days_ago > 7 { 5 } else { 3 }, "elsewhere", days_ago).await;
        }

        let text = app.cli(&["rules", "test", "--site", &app.site_key]).stdout;
        for line in ["falling holds of 1 touchpoint now", "till: csat 3.20 from 5 now, 4.00 from 5 before"] {
            assert!(text.contains(line), "{backend:?}: no {line} in {text}");
        }
        look(&app).await;
        look(&app).await;
        assert_eq!(mails(&app, 1).await, ["Urgent: Scores at till have fallen [Shop]"], "{backend:?}");
        let text = app.mail_files()[0].text();
        let figures = "satisfaction (CSAT): 3.20 now (responses: 5), 4.00 before (responses: 5)";
        assert!(text.contains(figures), "{backend:?}: {text}");
    }
}

#[tokio::test]
async fn response_that_comes_while_the_mail_waits_takes_it_back() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).any_age().await;
        let quiet_hours = json!({ "quiet_hours": { "from": "00:00", "to": "23:59" } });
        app.store_rule(&sample::with(sample::rule("silent", json!({ "no_response": { "days": 2 } })), quiet_hours));
        for days_ago in 3..7 {
            respond(&app, "till", days_ago).await;
        }
        look(&app).await;
        assert_eq!(app.count(&format!("{MAILS} AND due_at > {}", UnixMillis::now().0)), 1, "{backend:?}");

        respond(&app, "till", 0).await;
        app.execute("UPDATE outbox SET due_at = 1");
        wait::until_true("message taken back", async || app.count(MAILS) == 0).await;
        assert_eq!(app.count("journal WHERE kind = 'message.withdrawn'"), 1, "{backend:?}");
        assert_eq!(app.mail_files().len(), 0, "{backend:?}");
    }
}

#[tokio::test]
async fn site_of_the_version_before_gets_the_rule_unless_it_wants_none() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        let other = app.create_site("https://other.example", "bob@shop.example");
        app.program().kill();
        let rules = || {
            app.texts(
                &["site_key", "alert_rules.name", "version"],
                "alert_rules, sites WHERE site_id = id ORDER BY site_key, alert_rules.name",
            )
        };
        let before = rules();
        for _ in ["0031_escalation_groups", "0030_touchpoint_alerts"] {
            assert!(app.cli(&["migrate", "--revert-last", "--yes"]).status.success(), "{backend:?}");
        }
        assert_eq!(rules().len(), 2, "{backend:?}: {:?}", rules());
        assert_eq!(app.count(TIMER), 0, "{backend:?}");
        app.execute(&format!(
            "UPDATE alert_rules SET retired_at = 1 WHERE site_id = (SELECT id FROM sites WHERE site_key = '{other}')"
        ));

        assert!(app.cli(&["migrate"]).status.success(), "{backend:?}");
        let after = rules();
        assert_eq!(after.len(), 3, "{backend:?}: {after:?}");
        assert!(
            before.contains(&format!("{}|silent|1", app.site_key))
                && after.contains(&format!("{}|silent|1", app.site_key))
        );
        app.start_again().await;
        wait::until_true("timers", async || app.count(TIMER) == 2).await;
    }
}
