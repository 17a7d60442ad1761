//! The same of many cases at once.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ANN, BEN, BEN_EMAIL, Shop};

async fn act(shop: &Shop, body: Value) -> Answer {
    shop.send(Method::POST, "/v1/admin/cases/actions", &body).await
}

fn outcomes(answer: &Value) -> Vec<(i64, &str, Option<&str>)> {
    let items = answer["items"].as_array().unwrap().iter();
    items.map(|one| (one["number"].as_i64().unwrap(), one["outcome"].as_str().unwrap(), one["code"].as_str())).collect()
}

#[tokio::test]
async fn each_case_is_done_by_itself_and_told_of() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let (one, two, taken) = (shop.case().await, shop.case().await, shop.case().await);
        shop.act(taken, BEN, json!({ "action": "acknowledge" })).await;
        let numbers = json!([two, one, 99, taken, one]);
        let all =
            |action: Value| counterbell_tests::sample::with(json!({ "numbers": numbers, "person_id": ANN }), action);

        let acknowledged = act(&shop, all(json!({ "action": "acknowledge" }))).await.expect(200);

        let refused = [(99, "refused", Some("not_found")), (taken, "refused", Some("case_taken"))];
        let expected = [&[(two, "done", None), (one, "done", None)], &refused[..]].concat();
        assert_eq!(outcomes(&acknowledged), expected, "{backend:?}");
        assert!(acknowledged["items"][3]["detail"].as_str().unwrap().starts_with("Ben Okoro has had this case since"));
        assert_eq!(acknowledged["items"][0]["state"], "in_progress");
        let again = act(&shop, all(json!({ "action": "acknowledge" }))).await.expect(200);
        assert_eq!(outcomes(&again)[..2], [(two, "unchanged", None), (one, "unchanged", None)], "{backend:?}");
        for (action, key, value) in [
            (json!({ "action": "priority", "priority": "high" }), "priority", json!("high")),
            (json!({ "action": "assign", "to": BEN_EMAIL }), "state", json!("in_progress")),
            (json!({ "action": "resolve", "root_cause": "delivery", "action_taken": "x" }), "state", json!("resolved")),
            (json!({ "action": "close" }), "state", json!("closed")),
        ] {
            act(&shop, all(action.clone())).await.expect(200);
            for number in [one, two, taken] {
                assert_eq!(shop.look(number).await[key], value, "{backend:?}: {action}");
            }
        }
        let nothing = act(&shop, all(json!({ "action": "nothing_to_do", "reason": "test" }))).await.expect(200);
        assert!(outcomes(&nothing).iter().all(|(_, outcome, _)| *outcome == "refused"), "{backend:?}: {nothing}");
    }
}

#[tokio::test]
async fn what_is_wrong_for_all_of_them_is_done_of_none() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let number = shop.case().await;
        let thousand_and_one: Vec<_> = (1..=1_001).collect();
        for (body, pointer) in [
            (json!({ "numbers": [], "action": "acknowledge" }), "/numbers"),
            (json!({ "numbers": thousand_and_one, "action": "acknowledge" }), "/numbers"),
            (json!({ "numbers": [number, 0], "action": "acknowledge" }), "/numbers/1"),
            (json!({ "numbers": [number], "action": "note", "text": "x" }), "/action"),
            (json!({ "numbers": [99, number], "action": "assign", "team": "none" }), "/team"),
            (
                json!({ "numbers": [number], "action": "resolve", "root_cause": "none", "action_taken": "x" }),
                "/root_cause",
            ),
        ] {
            let body = counterbell_tests::sample::with(body, json!({ "person_id": ANN }));
            let problem = act(&shop, body).await.expect_problem(ProblemCode::InvalidAction);
            assert_eq!(problem.errors[0].pointer, pointer, "{backend:?}");
        }
        assert_eq!(shop.happened(number).await, ["opened"], "{backend:?}");
    }
}

/// A thousand cases in a minute stay a list that can be worked.
#[tokio::test]
async fn a_thousand_cases_are_done_with_one_request() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        super::list::insert_cases(&shop.app, 1_000);
        let numbers = shop.numbers("state=open").await;
        assert_eq!(numbers.len(), 1_000);
        let body = json!({ "numbers": numbers, "action": "acknowledge", "person_id": ANN });

        let done = act(&shop, body).await.expect(200);

        assert!(outcomes(&done).iter().all(|(_, outcome, _)| *outcome == "done"), "{backend:?}");
        assert_eq!(shop.app.count("cases WHERE state = 'in_progress' AND owner_id = 1"), 1_000, "{backend:?}");
        assert_eq!(shop.app.count("journal WHERE kind = 'case.acknowledged'"), 1_000, "{backend:?}");
    }
}
