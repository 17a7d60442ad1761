//! Who has a case, and what others are told.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, sample};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ANN, BEN, BEN_EMAIL, Shop};

/// D5 of the acceptance: both at the same moment, and one of them twice.
#[tokio::test]
async fn of_two_who_take_a_case_at_once_one_has_it_and_the_other_learns_who() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let number = shop.case().await;
        let acknowledge = |person_id| shop.try_act(number, person_id, json!({ "action": "acknowledge" }));

        let answers = tokio::join!(acknowledge(ANN), acknowledge(BEN), acknowledge(ANN), acknowledge(BEN));

        let answers = [(ANN, answers.0), (BEN, answers.1), (ANN, answers.2), (BEN, answers.3)];
        let case = shop.look(number).await;
        let owner = case["owner"]["person_id"].as_i64().unwrap();
        let (mine, others): (Vec<_>, Vec<_>) = answers.iter().partition(|(person_id, _)| *person_id == owner);
        let changed: Vec<_> = mine.iter().map(|(_, answer)| answer.expect(200)["changed"].clone()).collect();
        assert_eq!(changed.iter().filter(|changed| **changed == true).count(), 1, "{backend:?}: {changed:?}");
        for (_, answer) in others {
            let taken = answer.expect_problem(ProblemCode::CaseTaken).taken.unwrap();
            assert_eq!((taken.person_id, json!(taken.since)), (owner, case["owned_since"].clone()), "{backend:?}");
        }
        assert_eq!(shop.happened(number).await, ["opened", "acknowledged"], "{backend:?}");
        assert_eq!((&case["state"], &case["acknowledge_by"]), (&json!("in_progress"), &Value::Null), "{backend:?}");

        let other = ANN + BEN - owner;
        shop.act(number, other, json!({ "action": "note", "text": "I know this customer" })).await;
        let taken_over = shop.act(number, other, json!({ "action": "take_over" })).await;
        assert_eq!(taken_over["case"]["owner"]["person_id"], other, "{backend:?}");
        assert_eq!(shop.happened(number).await, ["opened", "acknowledged", "noted", "taken_over"], "{backend:?}");
    }
}

#[tokio::test]
async fn change_of_what_was_not_seen_is_refused_with_the_present_version() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let number = shop.case().await;
        let path = format!("/v1/admin/cases/{number}");
        let seen = shop.app.admin(&path).await.header("etag").unwrap().to_owned();
        assert_eq!(seen, format!("\"{}\"", shop.look(number).await["version"]));
        let send = async |etag: &str, body: Value| {
            let body = sample::with(body, json!({ "person": BEN_EMAIL }));
            let request = shop.app.request(Method::POST, &format!("{path}/actions")).bearer_auth(&shop.app.api_key);
            shop.app.send(request.header("if-match", etag).json(&body)).await
        };
        let entry_id = sample::response_id();
        let note = json!({ "action": "note", "text": "Rang twice", "entry_id": entry_id });

        let noted = send(&seen, note.clone()).await;

        let now = noted.header("etag").unwrap().to_owned();
        assert_eq!((noted.status, now != seen), (200, true), "{backend:?}");
        let late = send(&seen, json!({ "action": "acknowledge" })).await;
        late.expect_problem(ProblemCode::CaseChanged);
        assert_eq!(late.header("etag"), Some(&*now), "{backend:?}");
        for other in [format!("W/{now}"), "\"none\"".to_owned(), now.replace('"', "")] {
            send(&other, json!({ "action": "acknowledge" })).await.expect_problem(ProblemCode::CaseChanged);
        }
        // The answer was lost: the same again is known by its id, and is no change of what was not seen.
        assert_eq!(send(&seen, note).await.expect(200)["changed"], false, "{backend:?}");
        assert_eq!(send(&format!("\"1\", {now}"), json!({ "action": "acknowledge" })).await.status, 200, "{backend:?}");
        assert_eq!(send("*", json!({ "action": "wait" })).await.status, 200, "{backend:?}");
        assert_eq!(shop.happened(number).await, ["opened", "noted", "acknowledged", "waiting"], "{backend:?}");
    }
}

#[tokio::test]
async fn same_again_with_its_id_changes_nothing_whatever_came_between() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let number = shop.case().await;
        for body in [
            json!({ "action": "spoke", "text": "We send a new one" }),
            json!({ "action": "spoke" }),
            json!({ "action": "customer_answered", "text": "Thank you" }),
            json!({ "action": "assign", "to_id": BEN, "reason": "Knows the carrier" }),
            json!({ "action": "priority", "priority": "high" }),
        ] {
            let body = sample::with(body, json!({ "entry_id": sample::response_id() }));
            assert_eq!(shop.act(number, ANN, body.clone()).await["changed"], true, "{backend:?}: {body}");
            shop.act(number, ANN, json!({ "action": "priority", "priority": "low" })).await;
            let before = shop.happened(number).await;
            assert_eq!(shop.act(number, ANN, body.clone()).await["changed"], false, "{backend:?}: {body}");
            assert_eq!(shop.happened(number).await, before, "{backend:?}: {body}");
        }
        let notes = shop.look(number).await["notes"].clone();
        let words: Vec<_> = notes.as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap()).collect();
        assert_eq!(words, ["We send a new one", "Thank you", "Knows the carrier"], "{backend:?}");

        let other = shop.case().await;
        let entry_id = notes[0]["entry_id"].clone();
        let body = json!({ "action": "note", "text": "x", "entry_id": entry_id });
        shop.expect_wrong(other, body, "/entry_id").await;
    }
}

#[tokio::test]
async fn what_names_nobody_or_nothing_is_pointed_at_and_changes_nothing() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let number = shop.case().await;
        let stranger = "eve@elsewhere.example";
        for (body, pointer) in [
            (json!({ "action": "assign", "to": stranger }), "/to"),
            (json!({ "action": "assign", "to_id": 99 }), "/to_id"),
            (json!({ "action": "assign", "team": "none" }), "/team"),
            (json!({ "action": "assign" }), "/to"),
            (json!({ "action": "assign", "to_id": BEN, "team": "alerts" }), "/team"),
            (json!({ "action": "note", "text": "x", "mentions": [ANN, 99] }), "/mentions/1"),
            (json!({ "action": "note", "text": " " }), "/text"),
            (json!({ "action": "resolve", "root_cause": "none", "action_taken": "x" }), "/root_cause"),
            (json!({ "action": "resolve", "root_cause": "delivery" }), "/action_taken"),
            (json!({ "action": "remind", "at": "2020-01-01T00:00:00Z" }), "/at"),
            (json!({ "action": "merge", "into": 99 }), "/into"),
            (json!({ "action": "merge", "into": number }), "/into"),
            (json!({ "action": "link", "other": 99 }), "/other"),
            (json!({ "action": "split", "response_id": sample::response_id() }), "/response_id"),
            (json!({ "action": "shout" }), "/action"),
            (json!({ "action": "close", "text": "x" }), "/text"),
        ] {
            shop.expect_wrong(number, body, pointer).await;
        }
        let path = format!("/v1/admin/cases/{number}/actions");
        for (body, pointer) in [
            (json!({ "action": "acknowledge" }), "/person"),
            (json!({ "action": "acknowledge", "person": stranger }), "/person"),
            (json!({ "action": "acknowledge", "person_id": 99 }), "/person_id"),
            (json!({ "action": "acknowledge", "person": BEN_EMAIL, "person_id": BEN }), "/person_id"),
        ] {
            let problem = shop.send(Method::POST, &path, &body).await.expect_problem(ProblemCode::InvalidAction);
            assert_eq!(problem.errors[0].pointer, pointer, "{body}");
        }
        // Whoever left acts no more.
        let ben = format!("/v1/admin/sites/{}/staff/{BEN}", shop.app.site_key);
        shop.send(Method::DELETE, &ben, &json!({})).await;
        let gone = shop.try_act(number, BEN, json!({ "action": "acknowledge" })).await;
        assert_eq!(gone.expect_problem(ProblemCode::InvalidAction).errors[0].pointer, "/person_id");
        shop.try_act(99, ANN, json!({ "action": "acknowledge" })).await.expect_problem(ProblemCode::NotFound);
        assert_eq!(shop.happened(number).await, ["opened"], "{backend:?}");
    }
}

#[tokio::test]
async fn every_action_is_on_the_timeline_with_who_did_it_and_by_which_key() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let (number, response_id) = shop.unhappy(json!({ "comment": "Late", "touchpoint": "till" })).await;
        let other = shop.case().await;
        for (person_id, body) in [
            (ANN, json!({ "action": "acknowledge" })),
            (ANN, json!({ "action": "unacknowledge" })),
            (ANN, json!({ "action": "assign", "team": "alerts", "reason": "Not mine" })),
            (BEN, json!({ "action": "not_for_me", "reason": "On holiday" })),
            (BEN, json!({ "action": "take_over" })),
            (BEN, json!({ "action": "priority", "priority": "urgent" })),
            (BEN, json!({ "action": "remind", "at": "2999-01-01T00:00:00Z" })),
            (BEN, json!({ "action": "note", "text": "Parcel lost", "mentions": [ANN] })),
            (BEN, json!({ "action": "spoke", "text": "Sorry" })),
            (BEN, json!({ "action": "wait" })),
            (BEN, json!({ "action": "customer_answered", "text": "Thanks" })),
            (BEN, json!({ "action": "link", "other": other })),
            (BEN, json!({ "action": "revoke_links" })),
            (BEN, json!({ "action": "resolve", "root_cause": "delivery", "action_taken": "Sent again" })),
            (BEN, json!({ "action": "close" })),
            (ANN, json!({ "action": "reopen" })),
            (ANN, json!({ "action": "nothing_to_do", "reason": "duplicate" })),
        ] {
            let told = body.to_string();
            assert_eq!(shop.act(number, person_id, body).await["changed"], true, "{backend:?}: {told}");
        }

        let entries = shop.timeline(number).await;

        let happened: Vec<_> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
        let expected = [
            "opened",
            "acknowledged",
            "unacknowledged",
            "assigned",
            "not_for_me",
            "acknowledged",
            "priority_changed",
            "reminder_set",
            "noted",
            "spoken",
            "waiting",
            "customer_answered",
            "linked",
            "links_revoked",
            "resolved",
            "closed",
            "reopened",
        ];
        assert_eq!(happened[..expected.len()], expected.map(|kind| format!("case.{kind}")), "{backend:?}");
        assert!(happened.contains(&"case.nothing_to_do"), "{happened:?}");
        let key_id = shop.app.cli(&["key", "list", "--json"]).json()[0]["key_id"].clone();
        for entry in &entries[1..] {
            assert_eq!((&entry["actor"], &entry["means"]), (&json!("person"), &json!("api")), "{entry}");
            assert_eq!(entry["data"]["key"], key_id, "{entry}");
        }
        assert_eq!((&entries[0]["actor"], &entries[0]["data"]["key"]), (&json!("server"), &Value::Null));
        assert_eq!(entries[5]["person"]["email"], BEN_EMAIL);
        assert_eq!((&entries[3]["text"], &entries[8]["text"]), (&json!("Not mine"), &json!("Parcel lost")));

        let case = shop.look(number).await;
        assert_eq!((&case["state"], &case["nothing_to_do"]), (&json!("closed"), &json!("duplicate")));
        assert_eq!((&case["linked"], &case["touchpoint"]), (&json!([other]), &json!("till")));
        let response = &case["responses"][0];
        assert_eq!((&response["response_id"], &response["comment"]), (&json!(response_id), &json!("Late")));
        let refused = shop.try_act(number, ANN, json!({ "action": "acknowledge" })).await;
        refused.expect_problem(ProblemCode::CaseRefused);
    }
}
