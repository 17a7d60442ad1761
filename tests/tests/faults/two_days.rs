//! Two days of a case: nobody takes it, it is told again and goes up; then it is taken, noted, handed on and put right.

use std::collections::HashMap;
use std::time::Duration;

use counterbell_tests::{
    Backend, Delivery, FakeClock, Node, Refuse, Smtp, SmtpOptions, TestApp, environment, sample, wait,
};
use reqwest::Method;
use serde_json::{Value, json};

const ADDRESS: &str = "https://bell.shop.example";
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What happens in these two days, in the order of the journal.
const HAPPENED: [&str; 8] =
    ["opened", "escalated", "overdue", "escalated", "acknowledged", "noted", "assigned", "resolved"];

/// A shop with Ann and Ben, who are told, and their manager Mia.
struct Shop {
    app: TestApp,
    smtp: Smtp,
    clock: FakeClock,
    /// Beside the first server.
    second: Option<Node>,
}

impl Shop {
    async fn open(test: &str, backend: Backend) -> Option<Self> {
        let clock = FakeClock::new(test)?;
        // Each of the first mails is refused once.
        let refuse = Some(Refuse { verb: "RCPT", times: 2, code: 451 });
        let smtp = Smtp::with(SmtpOptions { refuse, ..SmtpOptions::default() }).await;
        let app = TestApp::on(backend)
            .recipients(&["ann@shop.example", "ben@shop.example"])
            .smtp(&smtp)
            .setting("COUNTERBELL_PUBLIC_URL", ADDRESS);
        let app = clock.worn_by(app).await;
        let staff = |args: &[&str]| {
            let done = app.cli(&[&["staff"], args, &["--site", &app.site_key]].concat());
            assert!(done.status.success(), "{done:?}");
        };
        staff(&["add", "--email", "mia@shop.example"]);
        for who in ["ann@shop.example", "ben@shop.example"] {
            staff(&["set", "--email", who, "--manager", "mia@shop.example"]);
        }
        Some(Self { app, smtp, clock, second: None })
    }

    /// So long after the beginning.
    fn turn_to(&self, seconds: i64) {
        self.clock.set_seconds(seconds);
    }

    /// The mails so far, in the order in which they came: to whom, and their subject.
    fn told(&self) -> Vec<String> {
        self.smtp.deliveries().iter().map(line).collect()
    }

    async fn wait_for(&self, mails: usize) -> Vec<Delivery> {
        wait::until("mails", async || {
            let deliveries = self.smtp.deliveries();
            (distinct(&deliveries).len() >= mails).then_some(deliveries)
        })
        .await
    }

    /// Presses a button of the page that the link in the latest mail to somebody opens.
    async fn press(&self, who: &str, form: &[(&str, &str)]) {
        let deliveries = self.smtp.deliveries();
        let mail = deliveries.iter().rev().find(|delivery| delivery.to == [format!("{who}@shop.example")]).unwrap();
        let text = mail.mail.text();
        let link = text.split(&format!("{ADDRESS}/case/")).nth(1).unwrap_or_else(|| panic!("no link in {text}"));
        let token: String =
            link.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter)).collect();
        let path = format!("/case/{token}");
        // The server may be on its way back.
        let answer = wait::until("answer of the page", async || {
            let request = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            let request = request.request(Method::POST, self.app.url(&path));
            let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
            let sent = request.send().await;
            sent.ok().filter(|answer| answer.status() != 503)
        })
        .await;
        assert_eq!(answer.status(), 303, "{form:?}");
    }

    async fn story(&mut self, mut meanwhile: impl AsyncFnMut(&mut Self)) {
        let unhappy = json!({ "comment": "Nobody answers the telephone", "order_ref": "A-1001" });
        self.app.respond(&sample::with(sample::response(1), unhappy)).await.expect(201);
        self.wait_for(2).await;
        meanwhile(self).await;
        self.turn_to(31 * MINUTE);
        self.wait_for(4).await;
        meanwhile(self).await;
        self.turn_to(2 * HOUR + MINUTE);
        self.wait_for(5).await;
        meanwhile(self).await;
        self.press("ann", &[("action", "acknowledge")]).await;
        self.turn_to(DAY);
        meanwhile(self).await;
        self.press("ann", &[("action", "note"), ("text", "Rang, nobody there"), ("mention", "2")]).await;
        self.wait_for(6).await;
        self.press("ann", &[("action", "assign"), ("to", "person/2"), ("reason", "I am away tomorrow")]).await;
        self.wait_for(7).await;
        meanwhile(self).await;
        self.turn_to(2 * DAY - HOUR);
        let resolve = [("action", "resolve"), ("root_cause", "service"), ("action_taken", "Rang back, sent flowers")];
        self.press("ben", &resolve).await;
        meanwhile(self).await;
        // Nothing more is told of a case that is resolved.
        self.turn_to(2 * DAY);
        self.app.respond(&sample::with(sample::response(1), json!({ "comment": "the last one" }))).await.expect(201);
        self.wait_for(9).await;
    }

    async fn expect_the_story(&self, backend: Backend) {
        let page = self.app.admin("/v1/admin/cases/1/timeline").await.expect(200);
        let entries = page["items"].as_array().unwrap();
        let kinds: Vec<_> =
            entries.iter().map(|entry| entry["kind"].as_str().unwrap().trim_start_matches("case.")).collect();
        assert_eq!(kinds, HAPPENED, "{backend:?}");
        let resolved = self.app.admin("/v1/admin/cases/1").await.expect(200);
        assert_eq!((&resolved["state"], &resolved["root_cause"]), (&json!("resolved"), &json!("service")));
        let means: Vec<_> = entries.iter().map(|entry| entry["means"].clone()).collect();
        assert_eq!(means[4..], [json!("link"), json!("link"), json!("link"), json!("link")], "{backend:?}");
    }
}

fn line(delivery: &Delivery) -> String {
    let to = delivery.to[0].trim_end_matches("@shop.example");
    format!("{to}: {}", delivery.mail.subject())
}

/// Of mails that came twice, one.
fn distinct(deliveries: &[Delivery]) -> HashMap<String, String> {
    deliveries.iter().map(|delivery| (delivery.mail.message_id().to_owned(), line(delivery))).collect()
}

#[tokio::test]
async fn in_two_days_everybody_is_told_once_and_in_time() {
    for backend in Backend::ALL {
        let Some(mut shop) = Shop::open("in_two_days_everybody_is_told_once_and_in_time", backend).await else {
            return;
        };
        shop.story(async |shop| {
            // The server starts again now and then, and tells nothing a second time.
            shop.app.restart().await;
        })
        .await;

        shop.expect_the_story(backend).await;
        let mut told = shop.told();
        for pair in [0..2, 2..4, 7..9] {
            told[pair].sort();
        }
        let expected = include_str!("two_days.txt").trim_end();
        assert_eq!(told.join("\n"), expected, "{backend:?}");
        let mut mails: Vec<_> = shop.smtp.deliveries().iter().map(as_it_is_read).collect();
        mails.sort();
        expect_file("two_days_mails.txt", &mails.join("\n"));
        let timeline = shop.app.cli(&["case", "timeline", "1", "--site", &shop.app.site_key]).stdout;
        expect_file("two_days_timeline.txt", &without_times(&timeline));
    }
}

/// To whom a mail is, and its text.
fn as_it_is_read(delivery: &Delivery) -> String {
    let text = delivery.mail.text();
    let mut parts = text.split("/case/");
    let first = parts.next().unwrap_or_default().to_owned();
    let text = parts.fold(first, |text, part| {
        let behind = part.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter));
        format!("{text}/case/TOKEN{behind}")
    });
    format!("==== {}\n\n{}\n", line(delivery), without_times(&text))
}

/// With what depends on when and how fast the test ran left out.
fn without_times(text: &str) -> String {
    let shapes = [
        ("Message ????-????", "Message REFERENCE"),
        ("0000-00-00", "DATE"),
        ("00:00", "TIME"),
        ("00 min", "MINUTES"),
        ("0 min", "MINUTES"),
    ];
    shapes.into_iter().fold(text.to_owned(), |text, (shape, name)| without(&text, shape, name))
}

/// With each text of this shape replaced: `0` is a digit, `?` a digit or a letter.
fn without(text: &str, shape: &str, name: &str) -> String {
    let fits = |rest: &str| {
        rest.len() >= shape.len()
            && rest.bytes().zip(shape.bytes()).all(|(letter, wanted)| match wanted {
                b'0' => letter.is_ascii_digit(),
                b'?' => letter.is_ascii_alphanumeric(),
                _ => letter == wanted,
            })
    };
    let (mut replaced, mut rest) = (String::new(), text);
    while let Some(letter) = rest.chars().next() {
        let skipped = if fits(rest) { shape.len() } else { letter.len_utf8() };
        replaced.push_str(if fits(rest) { name } else { &rest[..skipped] });
        rest = &rest[skipped..];
    }
    replaced
}

/// That a file beside this one says the same; with `COUNTERBELL_BLESS=1` it is written.
fn expect_file(name: &str, now: &str) {
    let path = environment::workspace().join("tests/tests/faults").join(name);
    if std::env::var_os("COUNTERBELL_BLESS").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept.trim_end(), now.trim_end(), "if {name} is to change, run this test with COUNTERBELL_BLESS=1");
}

#[tokio::test]
async fn in_two_days_with_two_servers_of_which_one_is_killed_nobody_is_forgotten() {
    let test = "in_two_days_with_two_servers_of_which_one_is_killed_nobody_is_forgotten";
    let backend = Backend::Postgres;
    let Some(mut shop) = Shop::open(test, backend).await else { return };
    shop.second = Some(shop.app.another_server().await);
    shop.story(async |shop| {
        // At any moment of what it does.
        tokio::time::sleep(Duration::from_millis(fastrand::u64(..1_500))).await;
        shop.second.take().unwrap().program.kill();
        // As if two minutes passed: what the dead server had leased is due again.
        shop.app.execute("UPDATE outbox SET due_at = 0 WHERE state = 'pending' AND attempts > 0");
        shop.second = Some(shop.app.another_server().await);
    })
    .await;

    shop.expect_the_story(backend).await;
    let mut told: Vec<_> = distinct(&shop.smtp.deliveries()).into_values().collect();
    told.sort();
    let mut expected: Vec<_> = include_str!("two_days.txt").lines().collect();
    expected.sort_unstable();
    assert_eq!(told, expected, "what may come again carries the same Message-ID");
    let stored: Vec<Value> = shop.app.admin_items("/v1/admin/outbox").await;
    assert!(stored.iter().all(|message| message["state"] == "delivered"), "{stored:?}");
}
