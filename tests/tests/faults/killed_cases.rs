//! The server is killed, again and again, while alerts go out, steps fall due and staff work on cases.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use counterbell_tests::{Backend, Customers, Smtp, TestApp, audit, environment, sample, wait};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const ANN: &str = "ann@shop.example";
const BEN: &str = "ben@shop.example";
/// Who is told by the second step alone.
const MIA: &str = "mia@shop.example";

/// Between two things that one of the staff does.
const PAUSE: Duration = Duration::from_millis(20);

#[tokio::test]
async fn sqlite_server_killed_at_any_commit_forgets_no_case() {
    killed_at_any_commit(Backend::Sqlite).await;
}

#[tokio::test]
async fn postgres_server_killed_at_any_commit_forgets_no_case() {
    killed_at_any_commit(Backend::Postgres).await;
}

async fn killed_at_any_commit(backend: Backend) {
    let smtp = Smtp::start().await;
    let mut app = TestApp::on(backend).recipients(&[ANN, BEN]).smtp(&smtp).await;
    let mia = app.cli(&["staff", "add", "--email", MIA, "--site", &app.site_key]);
    assert!(mia.status.success(), "{mia:?}");
    app.store_rule(&json!({
        "name": "unhappy", "when": { "unhappy": true }, "who": [{ "team": "alerts" }], "soon": "now",
        "acknowledge_within": "1s",
        "steps": [{ "after": "1s", "who": [{ "team": "alerts" }] }, { "after": "2s", "who": [{ "person": MIA }] }],
    }));
    app.restart().await;

    let (mut customers, staff) = (Customers::come(&app, 4, 20), Staff::at_work(&app, 3));
    let rounds = environment::scaled(4, 200);
    for _ in 0..rounds {
        customers.wait_for_more(60).await;
        // At any moment between two commits, or within one.
        tokio::time::sleep(Duration::from_micros(fastrand::u64(..400_000))).await;
        app.program().kill();
        // As if two minutes passed: what the dead server had leased is due again.
        app.execute("UPDATE outbox SET due_at = 0 WHERE state = 'pending' AND attempts > 0");
        app.start_again().await;
    }
    customers.wait_for_more(60).await;
    let (met, done) = (customers.leave().await, staff.leave().await);

    met.expect_only_503();
    app.triaged().await;
    wait::until_true("the last step of every case", async || app.count("timers WHERE kind LIKE 'case%'") == 0).await;
    audit::end_lost_leases(&app).await;
    let killed_max = (rounds + 1) * audit::SENDING_MAX;
    audit::expect_each_sent(&app, &smtp, (killed_max, killed_max)).await;
    let unhappy = i64::try_from(met.unhappy).unwrap();
    for table in ["cases", "alerts", "case_responses"] {
        assert_eq!(app.count(table), unhappy, "{backend:?}: {table}");
    }
    expect_nobody_forgotten(&app, &done).await;
    let verified = app.cli(&["verify", "--json"]);
    assert!(verified.status.success(), "{backend:?}: {verified:?}");
}

/// Of each case everybody heard once and in turn, and its timeline has what staff did, each once.
async fn expect_nobody_forgotten(app: &TestApp, done: &[Done]) {
    let mut told = told(app);
    let numbers: Vec<_> = app.admin_items("/v1/admin/cases").await.iter().map(number_of).collect();
    for number in numbers {
        let mut told = told.remove(&number).unwrap_or_default();
        told.sort();
        let of_alert: Vec<_> = told.iter().filter(|told| told.starts_with("alert ")).cloned().collect();
        let done: Vec<_> = done.iter().filter(|done| done.number == number).collect();
        let page = app.admin(&format!("/v1/admin/cases/{number}/timeline")).await.expect(200);
        let entries = page["items"].as_array().unwrap();
        let steps = steps_of_stretches(entries);
        let alerts = [ANN, BEN].map(|email| format!("alert {email}"));
        // An alert that still waits when the case is resolved is taken back.
        let once = of_alert.iter().all(|told| alerts.contains(told)) && of_alert.is_sorted_by(|one, next| one < next);
        assert!(once, "case {number}: {of_alert:?}");
        if done.is_empty() {
            assert_eq!(of_alert, alerts, "case {number}");
            // Of steps that fell due while there was no server, the latest is told.
            assert!(matches!(steps.as_slice(), [steps] if steps.last() == Some(&1)), "case {number}: {page}");
            let of_step = |step: &i64| if *step == 0 { vec!["step 0"; 2] } else { vec!["step 1"] };
            let expected: Vec<_> = steps[0].iter().flat_map(of_step).collect();
            assert_eq!(told[2..], expected, "case {number}");
        }
        for steps in steps {
            assert!(steps.is_sorted_by(|one, next| one < next), "case {number}: {page}");
        }
        let noted = entries.iter().filter(|entry| entry["kind"] == "case.noted");
        let mut noted: Vec<_> = noted.map(|entry| entry["data"]["note_id"].as_str().unwrap()).collect();
        let mut notes: Vec<_> =
            done.iter().filter(|done| done.action == "note").map(|done| done.entry_id.as_str()).collect();
        noted.sort_unstable();
        notes.sort_unstable();
        assert_eq!(noted, notes, "case {number}");
        for (action, kind) in [("resolve", "case.resolved"), ("reopen", "case.reopened")] {
            let promised = done.iter().filter(|done| done.action == action && done.changed).count();
            let found = entries.iter().filter(|entry| entry["kind"] == kind).count();
            assert!(found >= promised, "case {number}: {promised} times {action}, {page}");
        }
    }
}

fn number_of(case: &Value) -> i64 {
    case["number"].as_i64().unwrap()
}

/// The steps that were told, from each moment from which they count anew.
fn steps_of_stretches(entries: &[Value]) -> Vec<Vec<i64>> {
    let mut stretches = Vec::new();
    for entry in entries {
        match entry["kind"].as_str().unwrap() {
            "case.opened" | "case.unacknowledged" | "case.reopened" => stretches.push(Vec::new()),
            "case.escalated" => stretches.last_mut().unwrap().push(entry["data"]["step"].as_i64().unwrap()),
            _ => {}
        }
    }
    stretches
}

/// By case, who heard of it as an alert, and each step with which somebody did.
fn told(app: &TestApp) -> HashMap<i64, Vec<String>> {
    let of_alerts = app.texts(&["destination", "payload"], "outbox WHERE kind = 'alert_mail'");
    let alerts = of_alerts.iter().map(|line| {
        let (to, payload) = line.split_once('|').unwrap();
        (payload_of(payload)["case"].as_i64().unwrap(), format!("alert {to}"))
    });
    let cases = "outbox JOIN cases ON case_id = subject_id AND outbox.site_id = cases.site_id WHERE kind = 'case_mail'";
    let of_cases = app.texts(&["number", "payload"], cases);
    let steps = of_cases.iter().filter_map(|line| {
        let (number, payload) = line.split_once('|').unwrap();
        let step = payload_of(payload)["step"].as_i64()?;
        Some((number.parse().unwrap(), format!("step {step}")))
    });
    let mut told: HashMap<i64, Vec<String>> = HashMap::new();
    alerts.chain(steps).for_each(|(number, what)| told.entry(number).or_default().push(what));
    told
}

fn payload_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What was answered with 200.
struct Done {
    number: i64,
    action: &'static str,
    entry_id: String,
    changed: bool,
}

/// Members of staff, each of whom works on cases and repeats what was not answered. Every second case they leave alone.
struct Staff {
    people: JoinSet<()>,
    shared: Arc<Shared>,
}

struct Shared {
    url: String,
    api_key: String,
    leaving: AtomicBool,
    done: Mutex<Vec<Done>>,
}

impl Staff {
    fn at_work(app: &TestApp, people: usize) -> Self {
        let (url, api_key) = (app.url("/v1/admin/cases"), app.api_key.clone());
        let shared = Arc::new(Shared { url, api_key, leaving: AtomicBool::new(false), done: Mutex::default() });
        let mut set = JoinSet::new();
        for _ in 0..people {
            set.spawn(Arc::clone(&shared).work());
        }
        Self { people: set, shared }
    }

    /// Lets everybody finish what they are at; what they did.
    async fn leave(mut self) -> Vec<Done> {
        self.shared.leaving.store(true, Ordering::Relaxed);
        while let Some(ended) = self.people.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.shared.done.lock().unwrap())
    }
}

impl Shared {
    async fn work(self: Arc<Self>) {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        while !self.leaving.load(Ordering::Relaxed) {
            tokio::time::sleep(PAUSE).await;
            let list = http.get(format!("{}?sort=newest&limit=40", self.url)).bearer_auth(&self.api_key);
            let Some((200, page)) = answer(list).await else { continue };
            let numbers = page["items"].as_array().unwrap().iter().map(number_of).filter(|number| number % 2 == 0);
            if let Some(number) = fastrand::choice(numbers.collect::<Vec<_>>()) {
                self.act(&http, number).await;
            }
        }
    }

    async fn act(&self, http: &reqwest::Client, number: i64) {
        let (action, more) = match fastrand::u8(..6) {
            0 | 1 => ("acknowledge", json!({})),
            2 => ("note", json!({ "text": "Rang, nobody there" })),
            3 => ("unacknowledge", json!({})),
            4 => ("resolve", json!({ "root_cause": "service", "action_taken": "Rang back" })),
            _ => ("reopen", json!({})),
        };
        let entry_id = sample::response_id();
        let person = if fastrand::bool() { ANN } else { BEN };
        let body = sample::with(json!({ "action": action, "person": person, "entry_id": entry_id }), more);
        let deadline = Instant::now() + wait::DEADLINE;
        // The server may be gone, and on its way back.
        let (status, answer) = loop {
            let request = http.post(format!("{}/{number}/actions", self.url)).bearer_auth(&self.api_key).json(&body);
            match answer(request).await {
                Some((status, answer)) if status != 503 => break (status, answer),
                _ => assert!(Instant::now() < deadline, "no answer to {body}"),
            }
            tokio::time::sleep(PAUSE).await;
        };
        match status {
            200 => {
                let changed = answer["changed"] == true;
                self.done.lock().unwrap().push(Done { number, action, entry_id, changed });
            }
            // Somebody else was faster, or it cannot be done of such a case.
            _ => assert_eq!(status, 409, "{action}: {answer}"),
        }
    }
}

/// Status and body, if there was an answer.
async fn answer(request: reqwest::RequestBuilder) -> Option<(u16, Value)> {
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.json().await.ok()?))
}
