//! How fast cases are taken, answered and resolved.

use counterbell_tests::{Backend, TestApp};
use serde_json::{Value, json};

use super::Shop;
use super::list::insert_cases;

const MINUTE: i64 = 60_000;

/// Ten cases opened at the same moment, of which nine were acknowledged, after 1, 2, ... 9 minutes, the last two of these late;
/// four answered, after 10, 20, 40 and 80 minutes, the last one late; two resolved, after 100 and 200 minutes.
fn make_cases(app: &TestApp) {
    let opened = 1_795_000_000_000_i64;
    insert_cases(app, 12);
    app.execute(&format!(
        "UPDATE cases SET opened_at = {opened}, acknowledge_by = 1000, answer_by = 1000, team = 'alerts'"
    ));
    let set =
        |columns: String, number: i64| app.execute(&format!("UPDATE cases SET {columns} WHERE number = {number}"));
    for number in 1..=9 {
        let at = opened + number * MINUTE;
        let late = if number > 7 { 60_000 } else { 0 };
        set(
            format!(
                "state = 'in_progress', owner_id = 1, first_acknowledged_at = {at}, acknowledged_at = {at}, acknowledge_by = NULL, acknowledge_late_ms = {late}"
            ),
            number,
        );
    }
    for (number, minutes, late) in [(1, 10, 0), (2, 20, 0), (3, 40, 0), (4, 80, 5)] {
        let at = opened + minutes * MINUTE;
        set(format!("first_answer_at = {at}, answer_by = NULL, answer_late_ms = {late}"), number);
    }
    for (number, minutes) in [(1, 100), (2, 200)] {
        let at = opened + minutes * MINUTE;
        set(format!("state = 'resolved', resolved_at = {at}, first_resolved_at = {at}, root_cause = 'price'"), number);
    }
    // Resolved, and opened again.
    set("state = 'in_progress', resolved_at = NULL, touchpoint = 'web', team = NULL, owner_id = 2".to_owned(), 2);
    // Nothing to do, and merged: they count apart.
    set(
        "state = 'closed', closed_at = 1795000600000, nothing_to_do = 'test', acknowledge_by = NULL, answer_by = NULL"
            .to_owned(),
        11,
    );
    set(
        "state = 'closed', closed_at = 1795000600000, merged_into = 1, acknowledge_by = NULL, answer_by = NULL"
            .to_owned(),
        12,
    );
}

/// By hand: of 1 to 9 minutes the median is 5, and 0.9 * 8 = 7.2, so 8 + 0.2. Of 10, 20, 40, 80: between 20 and 40, and
/// 0.9 * 3 = 2.7, so 40 + 0.7 * 40. Of 100, 200: 150, and 100 + 0.9 * 100. In time: 7 of 9 and one that is overdue; 3 of 4 and
/// six that are overdue.
fn expected() -> Value {
    json!({
        "opened": 11, "open": 9, "overdue_acknowledge": 1, "overdue_answer": 6, "resolved": 1, "reopened": 1,
        "nothing_to_do": 1, "merged": 1,
        "acknowledge": {
            "count": 9, "median_ms": 5 * MINUTE, "p90_ms": 492_000, "in_time": 7, "late": 3, "in_time_percent": 70.0,
        },
        "first_answer": {
            "count": 4, "median_ms": 30 * MINUTE, "p90_ms": 68 * MINUTE, "in_time": 3, "late": 7, "in_time_percent": 30.0,
        },
        "resolve": { "count": 2, "median_ms": 150 * MINUTE, "p90_ms": 190 * MINUTE },
    })
}

#[tokio::test]
async fn figures_are_those_computed_by_hand() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        make_cases(&shop.app);

        let all = shop.app.admin("/v1/admin/loop").await.expect(200);

        assert_eq!((&all["total"], &all["groups"]), (&expected(), &json!([])), "{backend:?}");
        let groups = async |by: &str| {
            let view = shop.app.admin(&format!("/v1/admin/loop?by={by}")).await.expect(200);
            assert_eq!(view["total"], expected(), "{backend:?}");
            let groups = view["groups"].as_array().unwrap().clone();
            let of =
                |group: &Value| (group["label"].clone(), group["name"].clone(), group["figures"]["opened"].as_i64());
            groups.iter().map(of).collect::<Vec<_>>()
        };
        let none = Value::Null;
        let group = |label: &Value, name: &Value, opened| (label.clone(), name.clone(), Some(opened));
        assert_eq!(groups("touchpoint").await, [group(&none, &json!("till"), 10), group(&none, &json!("web"), 1)]);
        let team = shop.app.admin(&format!("/v1/admin/sites/{}/teams/alerts", shop.app.site_key)).await.expect(200);
        assert_eq!(groups("team").await, [group(&team["label"], &json!("alerts"), 10), group(&none, &none, 1)]);
        assert_eq!(groups("root_cause").await, [group(&none, &none, 8), group(&json!("Price"), &json!("price"), 2)]);
        let ann = json!(counterbell_tests::sample::RECIPIENT);
        assert_eq!(
            groups("owner").await,
            [group(&ann, &none, 8), group(&none, &none, 2), group(&json!("Ben Okoro"), &none, 1)]
        );

        for (query, opened) in [
            ("from=2026-11-01", 11),
            ("to=2026-11-01", 0),
            ("from=2026-11-18T11:06:40Z&to=2026-11-18T11:06:40.001Z", 11),
        ] {
            let view = shop.app.admin(&format!("/v1/admin/loop?{query}")).await.expect(200);
            assert_eq!(view["total"]["opened"], opened, "{backend:?}: {query}");
        }
        let report = shop.app.cli(&["report", "--site", &shop.app.site_key, "--json"]).json();
        assert_eq!(report["total"], expected(), "{backend:?}");
        let text = shop.app.cli(&["report", "--site", &shop.app.site_key, "--by", "root_cause"]).stdout;
        assert!(text.contains("Price") && text.contains("5 min") && text.contains("70 %"), "{text}");
    }
}

/// What is kept of how late a case was, is written where it is acted on.
#[tokio::test]
async fn what_was_in_time_is_known_after_the_clocks_have_stopped() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let (in_time, late) = (shop.case().await, shop.case().await);
        shop.app.execute("UPDATE cases SET acknowledge_by = 9000000000000, answer_by = 9000000000000");
        shop.app.execute(&format!("UPDATE cases SET acknowledge_by = 1000, answer_by = 1000 WHERE number = {late}"));
        for number in [in_time, late] {
            shop.act(number, super::ANN, json!({ "action": "acknowledge" })).await;
            shop.act(number, super::ANN, json!({ "action": "spoke" })).await;
            shop.act(number, super::ANN, json!({ "action": "unacknowledge" })).await;
        }

        let total = shop.app.admin("/v1/admin/loop").await.expect(200)["total"].clone();

        for clock in ["acknowledge", "first_answer"] {
            let figures = &total[clock];
            assert_eq!((&figures["in_time"], &figures["late"]), (&json!(1), &json!(1)), "{backend:?}: {total}");
            assert_eq!(figures["in_time_percent"], 50.0, "{backend:?}: {total}");
        }
    }
}
