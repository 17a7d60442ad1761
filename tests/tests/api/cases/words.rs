//! What staff write, and the ids by which it is known again.

use super::*;

#[tokio::test]
async fn other_words_by_an_id_that_was_used_are_refused() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let number = shop.case().await;
        for (first, other) in [
            (
                json!({ "action": "note", "text": "Rang twice" }),
                json!({ "action": "note", "text": "Rang three times" }),
            ),
            (
                json!({ "action": "assign", "to_id": BEN, "reason": "Knows it" }),
                json!({ "action": "assign", "team": "alerts", "reason": "Knows it" }),
            ),
            (json!({ "action": "priority", "priority": "high" }), json!({ "action": "priority", "priority": "low" })),
            (json!({ "action": "spoke" }), json!({ "action": "note", "text": "x" })),
        ] {
            let id = json!({ "entry_id": sample::response_id() });
            let [first, other] = [first, other].map(|body| sample::with(body, id.clone()));
            assert_eq!(shop.act(number, ANN, first.clone()).await["changed"], true, "{backend:?}: {first}");
            let before = shop.happened(number).await;

            let refused = shop.try_act(number, ANN, other.clone()).await;

            refused.expect_problem(ProblemCode::EntryIdUsed);
            assert_eq!(shop.happened(number).await, before, "{backend:?}: {other}");
            let again = sample::with(first, json!({}));
            assert_eq!(shop.act(number, ANN, again).await["changed"], false, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn control_characters_are_refused_with_the_field_and_blank_words_are_none() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let number = shop.case().await;
        for bad in ["Rang\0twice", "\0", "Rang\u{1b}[2J", "a\u{85}b", "a\u{7f}"] {
            for (action, field) in [("note", "text"), ("spoke", "text"), ("not_for_me", "reason")] {
                let problem =
                    shop.expect_wrong(number, json!({ "action": action, field: bad }), &format!("/{field}")).await;
                assert_eq!(&*problem.errors[0].detail, "must not contain control characters", "{backend:?}: {bad:?}");
            }
            let resolve = json!({ "action": "resolve", "root_cause": "other", "action_taken": bad });
            shop.expect_wrong(number, resolve, "/action_taken").await;
            let label = json!({ "label": format!("Label {bad} ends") });
            shop.send(Method::PUT, "/v1/admin/root-causes/moon", &label)
                .await
                .expect_problem(ProblemCode::InvalidRootCause);
        }
        for blank in [" ", "\u{200b}", "\u{2060}\u{200b} \n"] {
            shop.expect_wrong(number, json!({ "action": "note", "text": blank }), "/text").await;
            let resolve = json!({ "action": "resolve", "root_cause": "other", "action_taken": blank });
            shop.expect_wrong(number, resolve, "/action_taken").await;
        }
        let done = shop.cli(&["note", &number.to_string(), "--text", "a\u{1b}b", "--as", BEN_EMAIL]);
        assert!(!done.status.success() && done.stderr.contains("must not contain control characters"), "{done:?}");
        assert_eq!(shop.happened(number).await, ["opened"], "{backend:?}");

        shop.act(number, ANN, json!({ "action": "spoke", "text": "\u{200b}" })).await;
        shop.act(number, ANN, json!({ "action": "note", "text": " Rang\r\ntwice\u{2060}" })).await;
        assert_eq!(shop.app.texts(&["text"], "case_notes"), ["Rang\ntwice"], "{backend:?}");
    }
}
