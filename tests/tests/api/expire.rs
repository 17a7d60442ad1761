//! What is done goes when it is old.

use counterbell_tests::{Backend, TestApp, sample, wait};

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn delivered_messages_go_after_ninety_days_with_their_tries_and_files() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        for _ in 0..3 {
            app.respond(&sample::response(1)).await.expect(201);
        }
        wait::until_true("mails", async || app.count("outbox WHERE state = 'delivered'") == 3).await;
        let mails = || std::fs::read_dir(app.dir().join("mail")).unwrap().count();
        assert_eq!((mails(), app.count("attempts")), (3, 3), "{backend:?}");

        // One is old, one was given up as long ago, one is new.
        let age = |state: &str, which: &str| {
            app.execute(&format!(
                "UPDATE outbox SET state = '{state}', created_at = created_at - {0}, finished_at = finished_at - {0} \
                 WHERE message_id = (SELECT message_id FROM outbox ORDER BY message_id {which} LIMIT 1)",
                91 * DAY_MS
            ));
        };
        age("delivered", "ASC");
        age("parked", "DESC");
        app.execute("UPDATE timers SET due_at = 0");

        wait::until_true("old message gone", async || app.count("outbox") == 2).await;
        assert_eq!((mails(), app.count("attempts")), (2, 2), "{backend:?}");
        assert_eq!(app.count("outbox WHERE state = 'parked'"), 1, "{backend:?}");
        wait::until_true("timers set anew", async || app.count("timers WHERE due_at > 0") == app.count("timers")).await;
    }
}

#[tokio::test]
async fn timers_that_a_clock_ahead_of_its_time_set_are_brought_back() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        wait::until_true("timers set", async || app.count("timers") > 0).await;
        let now = i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
        let ahead = format!("timers WHERE due_at > {}", now + 2 * DAY_MS);
        app.execute(&format!("UPDATE timers SET due_at = {}", now + 3_650 * DAY_MS));

        app.restart().await;

        wait::until_true("timers brought back", async || app.count(&ahead) == 0).await;
    }
}
