//! Cases that ended, and whose responses count again.

use super::*;
use counterbell_shared::time::UnixMillis;

const HOUR_MS: i64 = 3_600_000;

/// The rule that every site begins with, but that nobody is told by it for now: these are their quiet hours.
fn in_quiet_hours(steps: Value) -> Value {
    let time_of_day = |at: i64| UnixMillis(at).to_string()[11..16].to_owned();
    let now = UnixMillis::now().0;
    let quiet_hours = json!({ "from": time_of_day(now - HOUR_MS), "to": time_of_day(now + 3 * HOUR_MS) });
    let more = json!({ "quiet_hours": quiet_hours, "acknowledge_within": "30m", "steps": steps });
    sample::with(sample::rule("unhappy", json!({ "unhappy": true })), more)
}

impl Shop {
    /// An answer of which the customer sends more.
    async fn answer(&self, id: &str, revision: i64, score: i64) {
        let step = json!({ "response_id": id, "revision": revision, "score": score, "complete": false });
        assert!(matches!(self.app.respond(&step).await.status, 200 | 201));
        self.app.end_silence().await;
    }

    fn messages(&self, kind: &str, message: &str) -> i64 {
        self.app.count(&format!("outbox WHERE kind = '{kind}' AND payload LIKE '%{message}%'"))
    }
}

#[tokio::test]
async fn case_that_was_withdrawn_opens_again_with_its_response() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        shop.app.store_rule(&in_quiet_hours(json!([{ "after": "1h", "who": [{ "team": "alerts" }] }])));
        let id = sample::response_id();
        shop.answer(&id, 0, 1).await;
        assert_eq!(shop.look(1).await["state"], "open", "{backend:?}");

        shop.answer(&id, 1, 5).await;
        let closed = shop.look(1).await;
        assert_eq!((&closed["state"], &closed["nothing_to_do"]), (&json!("closed"), &json!("no_complaint")));
        assert_eq!((shop.app.count("outbox"), shop.app.count("timers WHERE kind LIKE 'case%'")), (0, 0), "{backend:?}");

        shop.answer(&id, 2, 2).await;

        let again = shop.look(1).await;
        assert_eq!(
            (&again["state"], &again["nothing_to_do"], &again["closed_at"]),
            (&json!("open"), &Value::Null, &Value::Null)
        );
        assert!(again["acknowledge_by"].as_str() > closed["opened_at"].as_str(), "{again}");
        assert_eq!(shop.happened(1).await, ["opened", "nothing_to_do", "reopened"], "{backend:?}");
        assert_eq!(shop.app.count("timers WHERE kind = 'case_step'"), 1, "{backend:?}");
        let told = (shop.messages("alert_mail", "unhappy"), shop.messages("case_mail", "reopened"));
        assert_eq!(told, (1, 0), "{backend:?}: nobody had heard of it, so the alert tells them");
    }
}

#[tokio::test]
async fn case_that_somebody_knows_of_is_not_withdrawn() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        shop.app.store_rule(&in_quiet_hours(json!([{ "after": "1h", "who": [{ "team": "alerts" }] }])));
        let noted = sample::response_id();
        shop.answer(&noted, 0, 1).await;
        shop.act(1, BEN, json!({ "action": "note", "text": "I look into it" })).await;

        shop.answer(&noted, 1, 5).await;

        assert_eq!(shop.look(1).await["state"], "open", "{backend:?}");
        assert_eq!(shop.app.count("journal WHERE kind = 'alert.withdrawn'"), 0, "{backend:?}");
    }
}

#[tokio::test]
async fn case_that_was_spam_opens_again_when_its_response_is_released() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let (number, id) = shop.unhappy(json!({})).await;
        let spam = json!({ "action": "nothing_to_do", "reason": "spam", "mark_spam": true });
        shop.act(number, BEN, spam).await;
        assert_eq!(shop.messages("alert_mail", "unhappy"), 1, "{backend:?}");

        for _ in 0..2 {
            shop.send(Method::POST, &format!("/v1/admin/responses/{id}/release"), &json!({})).await;
            shop.app.triaged().await;
        }

        assert_eq!(shop.look(number).await["state"], "open", "{backend:?}");
        assert_eq!(shop.happened(number).await, ["opened", "acknowledged", "nothing_to_do", "reopened"], "{backend:?}");
        let told = (shop.messages("alert_mail", "unhappy"), shop.messages("case_mail", "reopened"));
        assert_eq!(told, (1, 2), "{backend:?}: whom the rule names, and Ben, who had it");
    }
}

#[tokio::test]
async fn owner_hears_once_that_the_customer_wrote_after_the_end() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let id = sample::response_id();
        shop.answer(&id, 0, 1).await;
        shop.act(1, BEN, json!({ "action": "resolve", "root_cause": "other", "action_taken": "Rang back" })).await;

        // The last one comes to a response that takes no changes any more, and is kept beside it.
        for (revision, comment) in [(1, "Still"), (2, "Still nothing"), (3, "I wait")] {
            let more = json!({ "response_id": id, "revision": revision, "score": 1, "comment": comment });
            let more = sample::with(more, json!({ "complete": revision >= 2 }));
            shop.app.respond(&more).await.expect(200);
            shop.app.end_silence().await;
        }

        let case = shop.look(1).await;
        assert_eq!(case["state"], "resolved", "{backend:?}");
        assert!(case["customer_answered_at"].is_string(), "{case}");
        let expected =
            ["opened", "acknowledged", "resolved", "response_changed", "response_changed", "response_changed"];
        assert_eq!(shop.happened(1).await, expected, "{backend:?}");
        assert_eq!(shop.messages("case_mail", "customer_answered"), 1, "{backend:?}");
    }
}

#[tokio::test]
async fn whoever_has_a_case_hears_once_of_what_the_customer_adds_to_it() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let id = sample::response_id();
        let send = async |revision: i32, score: i64, comment: &str| {
            let more = json!({ "response_id": id, "revision": revision, "score": score, "comment": comment });
            let more = sample::with(more, json!({ "complete": revision > 0 }));
            assert!(matches!(shop.app.respond(&more).await.status, 200 | 201), "{backend:?}: {revision}");
            shop.app.end_silence().await;
        };
        send(0, 1, "Late").await;
        send(1, 1, "Late and cold").await;
        assert_eq!(shop.happened(1).await, ["opened"], "{backend:?}: whoever takes it sees it");
        shop.act(1, BEN, json!({ "action": "acknowledge" })).await;

        send(2, 5, "It came after all").await;
        send(3, 5, "Thank you").await;

        let expected = ["opened", "acknowledged", "response_changed", "response_changed"];
        assert_eq!(shop.happened(1).await, expected, "{backend:?}");
        assert_eq!(shop.messages("case_mail", "customer_answered"), 1, "{backend:?}: until somebody reacts");
        wait::until_true("the mail", async || {
            let mails = shop.app.mail_files();
            let told = mails.iter().find(|mail| mail.subject().starts_with("The customer has answered"));
            told.is_some_and(|mail| mail.text().contains("> It came after all") || mail.text().contains("> Thank you"))
        })
        .await;
    }
}

#[tokio::test]
async fn what_staff_took_for_spam_stays_that_whatever_comes_after_it() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let id = sample::response_id();
        shop.answer(&id, 0, 1).await;
        let spam = json!({ "action": "nothing_to_do", "reason": "spam", "mark_spam": true });
        shop.act(1, BEN, spam).await;

        shop.answer(&id, 1, 1).await;

        assert_eq!(shop.app.count("responses WHERE held = 'staff'"), 1, "{backend:?}");
        assert_eq!(shop.look(1).await["state"], "closed", "{backend:?}");
    }
}
