//! Whether everything promised was kept, once all is calm.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::{Met, Smtp, TestApp, wait};

/// As in the server: mails being sent at once, the most that can come twice after a crash.
pub const SENDING_MAX: usize = 16;

/// A message leased longer ago than this is sent by nobody: here a mail takes some milliseconds.
const LEASE_LOST_AFTER_MS: u64 = 10_000;
/// How often we look whether all is delivered.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// As in the server: what a message is leased for.
const LEASE_MS: u64 = 120_000;

/// Every acknowledged response is there exactly once, and nothing else is; every mail that is due was sent, and at most
/// `twice_max` of them twice.
///
/// # Panics
/// When anything is missing, or there too often.
pub async fn expect_all_kept(app: &TestApp, smtp: &Smtp, met: &Met, twice_max: usize) {
    let stored = texts(&app.admin_items("/v1/admin/responses").await, "response_id");
    expect_same("responses", &met.acknowledged, &stored);

    let summary = app.admin("/v1/admin/summary?metric=csat").await.expect(200);
    assert_eq!(summary["count"], met.acknowledged.len(), "the figures count each once: {summary}");
    let lowest = summary["distribution"].as_array().unwrap().iter().find(|share| share["score"] == 1);
    assert_eq!(lowest.map(|share| &share["count"]), Some(&Value::from(met.unhappy)), "{summary}");

    app.triaged().await;
    let messages = expect_each_sent(app, smtp, (twice_max, 0)).await;
    assert_eq!(messages.len(), met.unhappy, "one message for each unhappy response");
    let due: HashSet<_> = texts(&messages, "response_id").into_iter().collect();
    assert_eq!(due.len(), met.unhappy, "no two messages for one response");
}

/// Every message is delivered, each as a mail with its own id; at most `twice_max` of them came again. Of at most `over_max` mails
/// the message is gone: the server was killed before it wrote down that it had sent them, and then what they tell was over.
///
/// # Panics
/// When a mail is missing, or there too often.
pub async fn expect_each_sent(app: &TestApp, smtp: &Smtp, (twice_max, over_max): (usize, usize)) -> Vec<Value> {
    let messages = wait::until("end of every delivery", async || {
        // The server has work to do meanwhile.
        tokio::time::sleep(LOOK_EVERY).await;
        let messages = app.admin_items("/v1/admin/outbox").await;
        messages.iter().all(|message| message["state"] == "delivered").then_some(messages)
    })
    .await;
    let mut copies: HashMap<String, usize> = HashMap::new();
    for delivery in smtp.deliveries() {
        // `<message_id@host>`
        let id = delivery.mail.message_id().split('@').next().unwrap_or_default().to_owned();
        *copies.entry(id).or_default() += 1;
    }
    let promised = texts(&messages, "message_id");
    let (sent, over): (Vec<_>, Vec<_>) = copies.keys().cloned().partition(|id| promised.contains(id));
    assert!(over.len() <= over_max, "nobody knows {over:?}");
    expect_same("mails", &promised, &sent);
    let again: usize = copies.values().map(|copies| copies - 1).sum();
    assert!(again <= twice_max, "{again} mails came again, at most {twice_max} may");
    messages
}

/// Waits until every message is delivered, with time moved for those whose lease nobody will use, as after a commit
/// whose answer was cut off: their leases end now, not after two minutes.
pub async fn end_lost_leases(app: &TestApp) {
    app.triaged().await;
    wait::until_true("end of every delivery", async || {
        end_leases_of_the_past(app);
        tokio::time::sleep(LOOK_EVERY).await;
        app.admin("/v1/admin/outbox?state=pending&limit=1").await.expect(200)["items"] == Value::Array(Vec::new())
    })
    .await;
}

fn end_leases_of_the_past(app: &TestApp) {
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let lost = now_ms + LEASE_MS - LEASE_LOST_AFTER_MS;
    app.execute(&format!("UPDATE outbox SET due_at = 0 WHERE state = 'pending' AND due_at < {lost}"));
}

/// Both hold the same, each once.
fn expect_same(what: &str, promised: &[String], found: &[String]) {
    let (promised_set, found_set): (HashSet<_>, HashSet<_>) = (promised.iter().collect(), found.iter().collect());
    assert_eq!(promised_set.len(), promised.len(), "{what} were promised twice");
    assert_eq!(found_set.len(), found.len(), "{what} are there twice");
    let lost: Vec<_> = promised_set.difference(&found_set).collect();
    let strange: Vec<_> = found_set.difference(&promised_set).collect();
    assert!(lost.is_empty() && strange.is_empty(), "{what}: lost {lost:?}, nobody knows {strange:?}");
}

fn texts(items: &[Value], member: &str) -> Vec<String> {
    items.iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}
