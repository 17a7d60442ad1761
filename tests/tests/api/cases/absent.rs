//! Who is told of a case while whoever has it is away.

use counterbell_tests::Backend;
use serde_json::{Value, json};

use super::{ANN, BEN, BEN_EMAIL, Shop};

const CLEO: i64 = 3;
const CLEO_EMAIL: &str = "cleo@shop.example";

/// Whom messages about cases go to, what they say and why, since the last time.
fn told(shop: &Shop) -> Vec<(i64, String, Value)> {
    let rows = "outbox WHERE kind = 'case_mail' ORDER BY created_at, message_id";
    let told = shop.app.texts(&["payload"], rows).into_iter().map(|payload| {
        let payload: Value = serde_json::from_str(&payload).unwrap();
        let text = |name: &str| payload[name].as_str().unwrap().to_owned();
        (payload["person"].as_i64().unwrap(), text("message"), payload["why"].clone())
    });
    let told = told.collect();
    shop.app.execute("DELETE FROM attempts");
    shop.app.execute("DELETE FROM outbox WHERE kind = 'case_mail'");
    told
}

fn set(shop: &Shop, email: &str, args: &[&str]) {
    let output = shop.app.cli(&[&["staff", "set", "--site", &shop.app.site_key, "--email", email], args].concat());
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn manager_of_an_absent_owner_is_told_in_their_place_then_others_and_at_last_they() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let cleo = ["staff", "add", "--site", &shop.app.site_key, "--email", CLEO_EMAIL];
        assert!(shop.app.cli(&cleo).status.success());
        set(&shop, BEN_EMAIL, &["--manager", CLEO_EMAIL, "--absent-from", "2020-01-01"]);
        let order = json!({ "order_ref": "A-1" });
        let (number, _) = shop.unhappy(order.clone()).await;
        let joined = |person: i64, why: Value| vec![(person, "response_joined".to_owned(), why)];
        told(&shop);

        // To act while away is fine.
        shop.act(number, BEN, json!({ "action": "acknowledge" })).await;
        shop.unhappy(order.clone()).await;
        assert_eq!(told(&shop), joined(CLEO, json!({ "in_place_of": BEN })), "{backend:?}");
        shop.act(number, ANN, json!({ "action": "priority", "priority": "urgent" })).await;
        assert_eq!(told(&shop), [(CLEO, "urgent".to_owned(), json!({ "in_place_of": BEN }))], "{backend:?}");
        let other = shop.case().await;
        shop.act(other, ANN, json!({ "action": "assign", "to_id": BEN })).await;
        assert_eq!(told(&shop), [(CLEO, "assigned".to_owned(), json!({ "in_place_of": BEN }))], "{backend:?}");
        // She knows what she did: he finds it when he is back.
        let third = shop.case().await;
        shop.act(third, CLEO, json!({ "action": "assign", "to_id": BEN })).await;
        assert_eq!(told(&shop), [(BEN, "assigned".to_owned(), json!("named"))], "{backend:?}");
        // Of what needs nothing done nobody is told in his place.
        shop.act(number, ANN, json!({ "action": "take_over" })).await;
        assert_eq!(told(&shop), [(BEN, "taken_over".to_owned(), json!("named"))], "{backend:?}");

        shop.act(number, BEN, json!({ "action": "take_over" })).await;
        told(&shop);
        set(&shop, BEN_EMAIL, &["--manager", ""]);
        shop.unhappy(order.clone()).await;
        assert_eq!(told(&shop), joined(ANN, json!("alerts_team")), "{backend:?}");
        for email in [CLEO_EMAIL, counterbell_tests::sample::RECIPIENT] {
            set(&shop, email, &["--absent-from", "2020-01-01"]);
        }
        shop.unhappy(order).await;
        assert_eq!(told(&shop), joined(BEN, json!("nobody_there")), "{backend:?}");
    }
}
