//! Bodies with every member that they can have.

use counterbell_tests::{TestApp, sample};
use serde_json::{Value, json};

/// A response to the template of this name.
pub fn response(app: &TestApp, survey: &str) -> Value {
    json!({
        "site_key": app.site_key, "response_id": sample::response_id(), "touchpoint": "store 12", "survey": survey,
        "survey_version": 1, "score": 2, "comment": "Late", "order_ref": "A-1001", "customer_ref": "C-7",
        "answers": { "reasons": { "choices": ["late"], "other": "cold" } },
        "contact": { "email": "ann@mail.example", "consent": true }, "locale": "pt-BR",
        "page_url": "https://shop.example/done", "channel": "kiosk",
        "created_at": counterbell_shared::time::UnixMillis::now().to_string(), "elapsed_ms": 5000, "website": "",
        "complete": true, "revision": 0,
    })
}

/// A survey whose steps are for all scores of NPS, and one on which every display suits.
pub fn surveys() -> [Value; 2] {
    let text = || json!({ "en": "Text" });
    let choice = |id: &str, kind: &str| {
        let choices = json!([{ "id": "late", "label": text() }]);
        json!({ "kind": kind, "id": id, "question": text(), "choices": choices, "other": true })
    };
    let mut texts: Value = counterbell_shared::widget_config::WORDS.iter().map(|word| (*word, text())).collect();
    texts["greeting"] = json!({ "en": "Hello {name}," });
    let whole = json!({
        "name": "own-nps", "metric": "nps", "default_locale": "en", "question": text(), "low_label": text(),
        "high_label": text(),
        "steps": [
            { "scores": { "min": 0, "max": 10 }, "ask": [choice("reasons", "many")] },
            { "ask": [choice("one", "one"), { "kind": "comment", "question": text() }] },
            { "ask": [{ "kind": "contact", "question": text(), "consent": text() }] },
        ],
        "thanks": [{
            "scores": { "min": 0, "max": 10 }, "title": text(), "text": text(),
            "link": { "label": text(), "url": "https://reviews.example/shop" },
        }],
        "texts": texts,
    });
    [whole, sample::with(sample::survey("own-csat"), json!({ "display": "numbers" }))]
}

/// Touchpoints of which the first person of the staff and the team "alerts" take care.
pub fn touchpoints(app: &TestApp) -> [Value; 2] {
    let email = app.texts(&["email"], "person_addresses").remove(0);
    let touchpoint = json!({ "label": "Till", "zone": "UTC", "team": "alerts", "calendar": calendar() });
    let more = [json!({ "owner": email }), json!({ "owner_id": 1, "calendar": "always" })];
    more.map(|more| sample::with(touchpoint.clone(), more))
}

/// Opening hours.
pub fn calendar() -> Value {
    let span = || json!(["09:00-17:00"]);
    json!({
        "hours": {
            "mon": span(), "tue": span(), "wed": span(), "thu": span(), "fri": span(), "sat": span(), "sun": span()
        },
        "closed": ["2026-12-25", "2027-01-01/2027-01-05"],
    })
}

/// The person who is told of unhappy customers.
pub fn person(manager_id: i64) -> Value {
    json!({
        "email": sample::RECIPIENT, "aliases": ["ann@home.example"], "name": "Ann Lee", "language": "pt-BR",
        "zone": "Europe/Berlin", "manager_id": manager_id, "absent_from": "2026-12-24", "absent_to": "2027-01-01",
    })
}

/// That person's team.
pub fn team() -> Value {
    json!({ "label": "At the counter", "members": [1] })
}

/// A theme.
pub fn theme() -> Value {
    json!({
        "accent": "#2f4a3c", "on_accent": "#fff", "accent_dark": "#8fc7a8", "on_accent_dark": "#10241a", "radius": 12,
        "font": "Inter, serif", "density": "compact", "scheme": "dark",
    })
}

/// Every action on a case, as the first person of the staff: on the second case of a site, of which `response_id` is the second
/// of two responses.
pub fn actions(response_id: &str) -> Vec<Value> {
    let words = "Rang the carrier";
    let own = [
        json!({ "action": "acknowledge" }),
        json!({ "action": "take_over" }),
        json!({ "action": "assign", "to": sample::RECIPIENT, "reason": words }),
        json!({ "action": "assign", "to_id": 1, "reason": words }),
        json!({ "action": "assign", "team": "alerts", "reason": words }),
        json!({ "action": "not_for_me", "reason": words }),
        json!({ "action": "unacknowledge" }),
        json!({ "action": "note", "text": words, "mentions": [1] }),
        json!({ "action": "spoke", "text": words }),
        json!({ "action": "wait" }),
        json!({ "action": "customer_answered", "text": words }),
        json!({ "action": "dismiss_answer" }),
        json!({ "action": "priority", "priority": "high" }),
        json!({ "action": "remind", "at": "2999-01-01T00:00:00Z" }),
        json!({ "action": "resolve", "root_cause": "delivery", "action_taken": words }),
        json!({ "action": "nothing_to_do", "reason": "test", "mark_spam": false }),
        json!({ "action": "close" }),
        json!({ "action": "reopen" }),
        json!({ "action": "merge", "into": 1 }),
        json!({ "action": "split", "response_id": response_id }),
        json!({ "action": "link", "other": 1 }),
        json!({ "action": "revoke_links" }),
    ];
    let by = |body: Value| {
        let entry_id = sample::response_id();
        let by_id = sample::with(body.clone(), json!({ "person_id": 1, "entry_id": entry_id }));
        [by_id, sample::with(body, json!({ "person": sample::RECIPIENT }))]
    };
    own.into_iter().flat_map(by).collect()
}

/// Those that can be done to many.
pub fn actions_on_many() -> Vec<Value> {
    let many = ["acknowledge", "assign", "priority", "resolve", "nothing_to_do", "close"];
    let of_many = actions("").into_iter().filter(|body| many.iter().any(|action| body["action"] == **action));
    of_many
        .map(|mut body| {
            body.as_object_mut().unwrap().remove("entry_id");
            sample::with(body, json!({ "numbers": [2, 1] }))
        })
        .collect()
}
