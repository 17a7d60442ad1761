//! Cases that become one, and one that becomes two.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::Backend;
use serde_json::{Value, json};

use super::{ANN, Shop};

fn response_ids(case: &Value) -> Vec<String> {
    let responses = case["responses"].as_array().unwrap().iter();
    responses.map(|response| response["response_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn merged_case_hands_its_responses_over_and_a_split_takes_one_back() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let (first, kept) = shop.unhappy(json!({ "comment": "Late" })).await;
        let (second, moved) = shop.unhappy(json!({ "comment": "Still late" })).await;
        assert_ne!(first, second);

        let merged = shop.act(second, ANN, json!({ "action": "merge", "into": first })).await;

        assert_eq!((&merged["case"]["state"], &merged["case"]["merged_into"]), (&json!("closed"), &json!(first)));
        let case = shop.look(first).await;
        assert_eq!(response_ids(&case), [kept.clone(), moved.clone()], "{backend:?}");
        assert_eq!(case["response_count"], 2, "{backend:?}");
        assert_eq!(response_ids(&shop.look(second).await), Vec::<String>::new(), "{backend:?}");
        let of_moved = shop.app.admin(&format!("/v1/admin/responses/{moved}")).await.expect(200);
        assert_eq!(of_moved["case"], first, "{backend:?}");
        let refused = shop.try_act(second, ANN, json!({ "action": "acknowledge" })).await;
        assert!(refused.expect_problem(ProblemCode::CaseRefused).detail.contains(&format!("case {first}")));

        let split = shop.act(first, ANN, json!({ "action": "split", "response_id": moved })).await;

        let third = split["split_off"].as_i64().unwrap();
        assert!(third > second, "{backend:?}: numbers are never given again: {split}");
        assert_eq!(response_ids(&shop.look(first).await), std::slice::from_ref(&kept), "{backend:?}");
        let off = shop.look(third).await;
        assert_eq!((response_ids(&off), &off["state"]), (vec![moved], &json!("open")), "{backend:?}");
        assert_eq!(shop.happened(second).await, ["opened", "merged"], "{backend:?}");
        assert_eq!(shop.happened(first).await, ["opened", "case_joined", "response_split"], "{backend:?}");
        let alone = shop.try_act(first, ANN, json!({ "action": "split", "response_id": kept })).await;
        alone.expect_problem(ProblemCode::CaseRefused);
        // Ended cases have nothing split off, and nothing is merged into them.
        shop.act(first, ANN, json!({ "action": "nothing_to_do", "reason": "test" })).await;
        let refused = shop.try_act(third, ANN, json!({ "action": "merge", "into": first })).await;
        refused.expect_problem(ProblemCode::CaseRefused);
    }
}

#[tokio::test]
async fn responses_of_a_case_that_is_spam_count_nowhere() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let (number, response_id) = shop.unhappy(json!({})).await;
        assert_eq!(shop.app.admin("/v1/admin/summary").await.expect(200)["count"], 1, "{backend:?}");

        shop.act(number, ANN, json!({ "action": "nothing_to_do", "reason": "spam", "mark_spam": true })).await;

        assert_eq!(shop.app.admin("/v1/admin/summary").await.expect(200)["count"], 0, "{backend:?}");
        let held = shop.app.admin_items("/v1/admin/responses?held=true").await;
        assert_eq!((held.len(), &held[0]["response_id"], &held[0]["case"]), (1, &json!(response_id), &json!(number)));
    }
}
