//! What is left of cases when responses of theirs are deleted.

use super::*;

impl Shop {
    async fn note(&self, number: i64, text: &str) {
        self.act(number, ANN, json!({ "action": "note", "text": text, "mentions": [BEN] })).await;
    }

    async fn delete(&self, id: &str, by_command: bool) {
        if by_command {
            let done = self.app.cli(&["response", "delete", id, "--site", &self.app.site_key]);
            assert!(done.status.success(), "{done:?}");
        } else {
            let path = format!("/v1/admin/responses/{id}");
            let request = self.app.request(Method::DELETE, &path).bearer_auth(&self.app.api_key);
            assert_eq!(self.app.send(request).await.status, 204);
        }
    }

    async fn all_sent(&self) {
        wait::until_true("all mails", async || {
            self.app.count("outbox WHERE state <> 'delivered'") == 0
                && i64::try_from(self.app.mail_files().len()) == Ok(self.app.count("outbox"))
        })
        .await;
    }

    /// Whether this stands in a note, in what was done, in a message, or in a mail.
    fn is_left(&self, word: &str) -> bool {
        let rows =
            ["text FROM case_notes", "action_taken FROM cases WHERE action_taken IS NOT NULL", "payload FROM outbox"];
        let texts =
            rows.map(|row| row.split_once(" FROM ").unwrap()).map(|(column, table)| self.app.texts(&[column], table));
        let mails = self.app.mail_files();
        texts.concat().iter().any(|text| text.contains(word)) || mails.iter().any(|mail| mail.text().contains(word))
    }
}

#[tokio::test]
async fn words_on_a_case_that_was_merged_go_with_the_last_response_that_it_had() {
    for backend in Backend::ALL {
        for by_command in [false, true] {
            let shop = Shop::on(backend).await;
            let (first, one) = shop.unhappy(json!({ "comment": "Onager" })).await;
            let (second, two) = shop.unhappy(json!({ "comment": "Tapir" })).await;
            let (third, three) = shop.unhappy(json!({ "comment": "Quokka" })).await;
            for (number, word) in [(first, "Onager"), (second, "Tapir"), (third, "Quokka")] {
                shop.note(number, &format!("{word} rang")).await;
            }
            let resolve = json!({ "action": "resolve", "root_cause": "other", "action_taken": "Rang Onager" });
            shop.act(first, ANN, resolve).await;
            shop.all_sent().await;
            shop.act(first, BEN, json!({ "action": "merge", "into": second })).await;
            shop.act(second, BEN, json!({ "action": "merge", "into": third })).await;
            shop.all_sent().await;
            assert!(["Onager", "Tapir", "Quokka"].iter().all(|word| shop.is_left(word)), "{backend:?}");

            shop.delete(&one, by_command).await;
            assert!(!shop.is_left("Onager"), "{backend:?}: {:?}", shop.app.texts(&["text"], "case_notes"));
            assert_eq!(shop.app.count("case_notes WHERE text LIKE '%rang'"), 2, "{backend:?}");
            shop.delete(&three, by_command).await;
            assert_eq!(shop.look(third).await["state"], "open", "{backend:?}");
            shop.delete(&two, by_command).await;

            for word in ["Onager", "Tapir", "Quokka"] {
                assert!(!shop.is_left(word), "{backend:?}: {word}");
            }
            let case = shop.look(third).await;
            assert_eq!((&case["state"], &case["nothing_to_do"]), (&json!("closed"), &json!("erased")), "{backend:?}");
            assert!(shop.app.cli(&["verify", "--json"]).status.success(), "{backend:?}");
        }
    }
}

#[tokio::test]
async fn what_waits_to_be_told_of_other_responses_stays() {
    for backend in Backend::ALL {
        for erased in [0, 1] {
            let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let shop =
                Shop::set_up(TestApp::on(backend).setting("COUNTERBELL_SMTP_URL", &format!("smtp://{gone}"))).await;
            let (number, first) = shop.unhappy(json!({ "order_ref": "A-1001" })).await;
            shop.act(number, BEN, json!({ "action": "acknowledge" })).await;
            let (joined, second) = shop.unhappy(json!({ "order_ref": "A-1001" })).await;
            assert_eq!(joined, number);
            shop.note(number, "Rang").await;
            let told = || shop.app.texts(&["payload"], "outbox WHERE kind = 'case_mail' ORDER BY created_at");
            assert_eq!(told().len(), 2, "{backend:?}");

            shop.delete([&first, &second][erased], false).await;

            let waits = |message: &str| told().iter().any(|payload| payload.contains(&format!("\"{message}\"")));
            assert!(waits("mentioned"), "{backend:?}: {:?}", told());
            // It is looked at when it is tried again.
            shop.app.execute("UPDATE outbox SET due_at = 0 WHERE NOT leased");
            let joined = erased == 0;
            wait::until_true("what is told", async || waits("response_joined") == joined && waits("mentioned")).await;
        }
    }
}

#[tokio::test]
async fn case_without_a_response_has_nothing_to_do_and_escalates_no_more() {
    for backend in Backend::ALL {
        for by_command in [false, true] {
            let shop = Shop::on(backend).await;
            let (number, id) = shop.unhappy(json!({})).await;
            let (kept, _) = shop.unhappy(json!({})).await;
            let timers = || shop.app.count("timers WHERE kind LIKE 'case%'");
            let before = timers();

            shop.delete(&id, by_command).await;

            let case = shop.look(number).await;
            assert_eq!((&case["state"], &case["nothing_to_do"]), (&json!("closed"), &json!("erased")), "{backend:?}");
            assert_eq!(shop.happened(number).await, ["opened", "nothing_to_do"], "{backend:?}");
            assert_eq!(shop.timeline(number).await[1]["data"]["reason"], "erased", "{backend:?}");
            assert_eq!((timers(), shop.app.count("outbox WHERE kind = 'case_mail'")), (before / 2, 0), "{backend:?}");
            assert_eq!(shop.look(kept).await["state"], "open", "{backend:?}");
        }
        let shop = Shop::on(backend).await;
        let number = shop.case().await;
        let erased = json!({ "action": "nothing_to_do", "reason": "erased" });
        shop.expect_wrong(number, erased, "/reason").await;
    }
}

#[tokio::test]
async fn case_whose_responses_are_spam_escalates_no_more_until_one_is_released() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let id = sample::response_id();
        let answer = async |revision: i64, more: Value| {
            let step = json!({ "response_id": id, "revision": revision, "score": 1, "complete": false });
            shop.app.respond(&sample::with(step, more)).await;
            shop.app.end_silence().await;
        };
        answer(0, json!({})).await;
        assert_eq!(shop.app.count("timers WHERE kind = 'case_step'"), 1, "{backend:?}");

        answer(1, json!({ "website": "https://pills.example" })).await;

        let case = shop.look(1).await;
        assert_eq!((&case["state"], &case["nothing_to_do"]), (&json!("closed"), &json!("spam")), "{backend:?}");
        assert_eq!(shop.app.count("timers WHERE kind LIKE 'case%'"), 0, "{backend:?}");

        shop.send(Method::POST, &format!("/v1/admin/responses/{id}/release"), &json!({})).await;
        shop.app.triaged().await;

        assert_eq!(shop.look(1).await["state"], "open", "{backend:?}");
        assert_eq!(shop.happened(1).await, ["opened", "nothing_to_do", "reopened"], "{backend:?}");
        assert_eq!(shop.app.count("timers WHERE kind = 'case_step'"), 1, "{backend:?}");
    }
}
