//! Nobody is told that nobody took a case before somebody was told of it, and a storm of escalations is a few mails.

use std::time::{SystemTime, UNIX_EPOCH};

use counterbell_tests::{Backend, FakeClock, Mail, TestApp, sample, wait};
use serde_json::{Value, json};

const ADDRESS: &str = "https://bell.shop.example";
const ANN: &str = "ann@shop.example";
const MIA: &str = "mia@shop.example";
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// A shop with Ann, who is told by this rule, and Mia, her manager.
struct Shop {
    app: TestApp,
    clock: FakeClock,
}

impl Shop {
    async fn open(test: &str, backend: Backend, rule: Value) -> Option<Self> {
        let clock = FakeClock::new(test)?;
        let app = TestApp::on(backend).recipients(&[ANN]).setting("COUNTERBELL_PUBLIC_URL", ADDRESS);
        let shop = Self { app: clock.worn_by(app).await, clock };
        shop.run(&["staff", "add", "--email", MIA, "--name", "Mia"]);
        shop.run(&["staff", "set", "--email", ANN, "--name", "Ann", "--manager", MIA]);
        shop.app.store_rule(&sample::with(sample::rule("unhappy", json!({ "unhappy": true })), rule));
        Some(shop)
    }

    fn run(&self, args: &[&str]) {
        let done = self.app.cli(&[args, &["--site", &self.app.site_key]].concat());
        assert!(done.status.success(), "{done:?}");
    }

    async fn unhappy(&self, order: &str) {
        self.app.respond(&sample::with(sample::response(1), json!({ "order_ref": order }))).await.expect(201);
        self.app.triaged().await;
    }

    fn turn_to(&self, seconds: i64) {
        self.clock.set_seconds(seconds);
    }

    fn mails_to(&self, who: &str) -> Vec<Mail> {
        self.app.mail_files().into_iter().filter(|mail| mail.to() == [who]).collect()
    }

    async fn wait_for(&self, who: &str, mails: usize) -> Vec<Mail> {
        wait::until(&format!("{mails} mails to {who}"), async || {
            Some(self.mails_to(who)).filter(|found| found.len() >= mails)
        })
        .await
    }

    /// Waits until all that is due by the server's clock, so long after the beginning, has been done.
    async fn all_done(&self, seconds: i64) {
        // The server made some of it a moment later than this.
        let now = now_ms() + (seconds + 20) * 1_000;
        wait::until_true("all that is due", async || {
            let timers = format!("timers WHERE due_at < {now} AND (kind LIKE 'case%' OR kind = 'alert_group')");
            // What is leased is due again only when the lease ends.
            let messages = format!("outbox WHERE state = 'pending' AND (due_at < {now} OR attempts > 0)");
            self.app.count(&timers) + self.app.count(&messages) == 0
        })
        .await;
    }

    async fn kill(&mut self) {
        self.app.program().kill();
        self.app.execute("UPDATE outbox SET due_at = 0 WHERE state = 'pending' AND attempts > 0");
        self.app.start_again().await;
    }
}

/// The manager hears half an hour after a case was opened.
fn manager() -> Value {
    json!([{ "after": "30m", "who": [{ "manager": true }] }])
}

fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn subjects(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.subject().split(" [").next().unwrap()).collect()
}

#[tokio::test]
async fn storm_of_escalations_is_a_few_mails_after_somebody_heard_of_each_case() {
    for backend in Backend::ALL {
        let rule = json!({ "soon": { "grouped": { "most": 2, "in": "1h" } }, "acknowledge_within": "45m", "steps": manager() });
        let test = "storm_of_escalations_is_a_few_mails_after_somebody_heard_of_each_case";
        let Some(mut shop) = Shop::open(test, backend, rule).await else { return };
        for order in 0..6 {
            shop.unhappy(&format!("A-{order}")).await;
        }
        shop.wait_for(ANN, 2).await;
        assert_eq!(shop.app.count("outbox"), 2, "{backend:?}: the rest waits");

        // The rule's window would end after the manager's step: it ends before.
        shop.turn_to(24 * MINUTE);
        shop.kill().await;
        shop.all_done(24 * MINUTE).await;
        assert_eq!(shop.app.count("outbox"), 2, "{backend:?}");
        shop.turn_to(26 * MINUTE);
        let ann = shop.wait_for(ANN, 3).await;
        assert_eq!(subjects(&ann[2..]), ["Unhappy responses: 4"], "{backend:?}");
        assert_eq!(shop.mails_to(MIA).len(), 0, "{backend:?}");

        shop.turn_to(31 * MINUTE);
        let mia = shop.wait_for(MIA, 2).await;
        shop.kill().await;
        shop.all_done(31 * MINUTE).await;
        assert_eq!(shop.mails_to(MIA).len(), 2, "{backend:?}: of six");
        for mail in &mia {
            assert!(mail.subject().starts_with("Nobody has taken case "), "{backend:?}: {}", mail.subject());
            assert!(mail.text().contains("as the manager of Ann, who was told before"), "{}", mail.text());
        }

        // One is taken while it waits.
        let taken: i64 = 6;
        shop.run(&["case", "acknowledge", &taken.to_string(), "--as", ANN]);
        shop.turn_to(HOUR + 32 * MINUTE);
        let mia = shop.wait_for(MIA, 3).await;
        assert_eq!(subjects(&mia[2..]), ["Cases that nobody has taken: 3"], "{backend:?}");
        let text = mia[2].text();
        let path = text.split(ADDRESS).find(|part| part.starts_with("/group/")).expect("a link to the page");
        let page = shop.app.get(path.split_whitespace().next().unwrap()).await;
        assert_eq!((page.status, page.text().matches("name=\"case\" value=").count()), (200, 3), "{backend:?}");
        let withdrawn = shop.app.texts(&["subject"], "journal WHERE kind = 'message.withdrawn'");
        assert_eq!(withdrawn.len(), 1, "{backend:?}: {withdrawn:?}");

        shop.turn_to(9 * HOUR);
        shop.all_done(9 * HOUR).await;
        assert_eq!((shop.mails_to(ANN).len(), shop.mails_to(MIA).len()), (3, 3), "{backend:?}: nothing twice");
    }
}

#[tokio::test]
async fn urgent_cases_are_escalated_alone() {
    for backend in Backend::ALL {
        let rule = json!({ "soon": { "grouped": { "most": 1, "in": "1h" } }, "steps": manager() });
        let Some(shop) = Shop::open("urgent_cases_are_escalated_alone", backend, rule).await else { return };
        for order in 0..4 {
            shop.unhappy(&format!("A-{order}")).await;
        }
        shop.run(&["case", "priority", "3", "4", "--to", "urgent", "--as", ANN]);

        shop.turn_to(31 * MINUTE);
        shop.wait_for(MIA, 3).await;
        shop.all_done(31 * MINUTE).await;

        let mut told: Vec<_> = shop.mails_to(MIA).iter().map(|mail| mail.subject().contains("Urgent")).collect();
        told.sort_unstable();
        assert_eq!(told, [false, true, true], "{backend:?}");
    }
}

#[tokio::test]
async fn customers_who_still_wait_are_told_of_in_one_mail_and_nobody_hears_of_what_they_took() {
    for backend in Backend::ALL {
        let test = "customers_who_still_wait_are_told_of_in_one_mail_and_nobody_hears_of_what_they_took";
        let rule = json!({ "soon": { "grouped": { "most": 1, "in": "20m" } }, "answer_within": "30m" });
        let Some(shop) = Shop::open(test, backend, rule).await else { return };
        for order in 0..4 {
            shop.unhappy(&format!("A-{order}")).await;
        }
        shop.wait_for(ANN, 1).await;
        shop.run(&["case", "acknowledge", "1", "2", "3", "4", "--as", ANN]);
        shop.turn_to(25 * MINUTE);
        shop.all_done(25 * MINUTE).await;
        assert_eq!(shop.mails_to(ANN).len(), 1, "{backend:?}: they are hers");

        shop.turn_to(31 * MINUTE);
        shop.wait_for(ANN, 2).await;
        shop.all_done(31 * MINUTE).await;
        shop.run(&["case", "spoke", "4", "--as", ANN]);
        shop.turn_to(52 * MINUTE);
        let mails = shop.wait_for(ANN, 3).await;

        let expected = ["The customer is still waiting: case 1", "Customers who are still waiting for an answer: 2"];
        assert_eq!(subjects(&mails[1..]), expected, "{backend:?}");
        shop.turn_to(9 * HOUR);
        shop.all_done(9 * HOUR).await;
        assert_eq!(shop.mails_to(ANN).len(), 3, "{backend:?}: nothing twice");
    }
}

/// Quiet hours from an hour ago until `hours` from now, by the site's clock.
fn quiet(hours: i64) -> Value {
    let minutes = now_ms() / 60_000;
    let time = |hours: i64| format!("{:02}:{:02}", (minutes / 60 + hours).rem_euclid(24), minutes % 60);
    json!({ "from": time(-1), "to": time(hours) })
}

#[tokio::test]
async fn steps_are_counted_from_the_end_of_quiet_hours_when_nobody_was_told_before() {
    for backend in Backend::ALL {
        let test = "steps_are_counted_from_the_end_of_quiet_hours_when_nobody_was_told_before";
        let rule = json!({ "quiet_hours": quiet(3), "soon": "now", "steps": manager() });
        let Some(mut shop) = Shop::open(test, backend, rule).await else { return };
        shop.unhappy("A-1").await;

        for minutes in [31, 90, 150] {
            shop.turn_to(minutes * MINUTE);
            shop.kill().await;
            shop.all_done(minutes * MINUTE).await;
            assert_eq!(shop.app.mail_files().len(), 0, "{backend:?}: {minutes}");
        }
        shop.turn_to(3 * HOUR + MINUTE);
        shop.wait_for(ANN, 1).await;
        shop.turn_to(3 * HOUR + 25 * MINUTE);
        shop.all_done(3 * HOUR + 25 * MINUTE).await;
        assert_eq!(shop.mails_to(MIA).len(), 0, "{backend:?}");
        shop.turn_to(3 * HOUR + 31 * MINUTE);
        let mia = shop.wait_for(MIA, 1).await;
        assert!(mia[0].text().contains("as the manager of Ann, who was told before"), "{}", mia[0].text());
    }
}

#[tokio::test]
async fn what_ended_while_it_waited_is_told_to_nobody() {
    for backend in Backend::ALL {
        let grouped = json!({ "soon": { "grouped": { "most": 1, "in": "15m" } } });
        let quiet = json!({ "quiet_hours": quiet(1), "soon": "now" });
        for (name, rule, told) in [("group", grouped, vec!["Unhappy responses: 1"]), ("quiet hours", quiet, vec![])] {
            let Some(shop) = Shop::open("what_ended_while_it_waited_is_told_to_nobody", backend, rule).await else {
                return;
            };
            for order in 0..if name == "group" { 4 } else { 2 } {
                shop.unhappy(&format!("A-{order}")).await;
            }
            if name == "group" {
                shop.wait_for(ANN, 1).await;
                shop.run(&["case", "nothing-to-do", "4", "--reason", "test", "--as", MIA]);
            } else {
                shop.run(&["case", "nothing-to-do", "1", "--reason", "test", "--as", MIA]);
            }
            shop.run(&["case", "nothing-to-do", "2", "--reason", "spam", "--mark-spam", "--as", MIA]);
            shop.turn_to(2 * HOUR);
            shop.all_done(2 * HOUR).await;

            let mails = shop.mails_to(ANN);
            let after: Vec<_> = subjects(&mails).into_iter().skip(usize::from(name == "group")).collect();
            assert_eq!(after, told, "{backend:?}: {name}");
            let withdrawn = shop.app.count("journal WHERE kind = 'message.withdrawn'");
            assert_eq!(withdrawn, 2, "{backend:?}: {name}");
            assert_eq!(shop.app.count("outbox WHERE state = 'pending'"), 0, "{backend:?}: {name}");
        }
    }
}

#[tokio::test]
async fn windows_end_sooner_when_the_rule_says_so() {
    for backend in Backend::ALL {
        let rule = |window: &str| json!({ "soon": { "grouped": { "most": 1, "in": window } } });
        let test = "windows_end_sooner_when_the_rule_says_so";
        let Some(shop) = Shop::open(test, backend, rule("10h")).await else { return };
        for order in 0..2 {
            shop.unhappy(&format!("A-{order}")).await;
        }
        shop.wait_for(ANN, 1).await;
        shop.turn_to(HOUR);
        shop.all_done(HOUR).await;
        assert_eq!(shop.mails_to(ANN).len(), 1, "{backend:?}");

        let shorter = sample::with(sample::rule("unhappy", json!({ "unhappy": true })), rule("20m"));
        shop.app.store_rule(&shorter);
        let mails = shop.wait_for(ANN, 2).await;
        assert_eq!(subjects(&mails[1..]), ["Unhappy responses: 1"], "{backend:?}");

        let file = shop.app.dir().join("warned.json");
        let sooner = sample::with(shorter, json!({ "acknowledge_within": "10m" }));
        std::fs::write(&file, sooner.to_string()).unwrap();
        let put = shop.app.cli(&["rules", "put", &file.display().to_string(), "--site", &shop.app.site_key]);
        assert!(put.status.success() && put.stderr.contains("Warning: \"acknowledge_within\" can be due"), "{put:?}");
    }
}
