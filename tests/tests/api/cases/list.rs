//! Which cases are listed, in which order.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, TestApp};
use serde_json::json;

use super::{ANN, BEN, Shop};

/// Makes open cases of the first site past the server, numbered on from 1: one opened each second, due a day later.
pub fn insert_cases(app: &TestApp, count: u32) {
    let id = if app.database_url().starts_with("postgres") { "decode(md5(n::text), 'hex')" } else { "randomblob(16)" };
    app.execute(&format!(
        "INSERT INTO cases (site_id, case_id, number, state, priority, rule, rule_version, touchpoint, metric, score, \
         opened_at, acknowledge_by, answer_by, response_count, version, details) \
         WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {count}) \
         SELECT 1, {id}, n, 'open', 'normal', 'unhappy', 1, 'till', 'csat', 1, 1795000000000 + n * 1000, \
         1795086400000 + n * 1000, 1795172800000 - n * 1000, 1, 1, '{{}}' FROM counted"
    ));
    app.execute(&format!("UPDATE site_counters SET case_number = {count} WHERE site_id = 1"));
}

#[tokio::test]
async fn every_filter_narrows_the_list_down() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let mut all = Vec::new();
        for touchpoint in ["till", "web", "till", "phone", "till"] {
            all.push(shop.unhappy(json!({ "touchpoint": touchpoint })).await.0);
        }
        let [open, assigned, answered, resolved, nothing] = all[..] else { panic!("{all:?}") };
        shop.act(assigned, ANN, json!({ "action": "assign", "team": "alerts" })).await;
        shop.act(answered, BEN, json!({ "action": "acknowledge" })).await;
        shop.act(answered, BEN, json!({ "action": "wait" })).await;
        shop.act(resolved, ANN, json!({ "action": "resolve", "root_cause": "price", "action_taken": "x" })).await;
        shop.act(resolved, ANN, json!({ "action": "customer_answered", "text": "Thanks!" })).await;
        shop.act(nothing, ANN, json!({ "action": "nothing_to_do", "reason": "test" })).await;
        shop.act(open, ANN, json!({ "action": "priority", "priority": "urgent" })).await;
        shop.app.execute(&format!("UPDATE cases SET acknowledge_by = 1000 WHERE number = {open}"));
        shop.app.execute(&format!("UPDATE cases SET answer_by = 1000 WHERE number = {answered}"));
        shop.app.execute(&format!("UPDATE cases SET opened_at = 1000 WHERE number = {assigned}"));

        for (query, expected) in [
            ("", vec![nothing, resolved, answered, open, assigned]),
            ("state=open", vec![open, assigned]),
            ("state=waiting,resolved", vec![resolved, answered]),
            ("state=closed", vec![nothing]),
            ("owner=none", vec![open, assigned]),
            ("owner=2", vec![answered]),
            ("owner=99", vec![]),
            ("team=alerts", vec![assigned]),
            ("touchpoint=till", vec![nothing, answered, open]),
            ("priority=urgent", vec![open]),
            ("root_cause=price", vec![resolved]),
            ("overdue=acknowledge", vec![open]),
            ("overdue=answer", vec![answered]),
            ("customer_answered=true", vec![resolved]),
            ("customer_answered=false&touchpoint=till", vec![nothing, answered, open]),
            ("to=2020-01-01", vec![assigned]),
            ("from=2020-01-01&state=open", vec![open]),
            ("sort=due&state=open,in_progress,waiting&owner=none", vec![open, assigned]),
        ] {
            assert_eq!(shop.numbers(query).await, expected, "{backend:?}: {query}");
        }
        let late = shop.app.admin_items("/v1/admin/cases?overdue=acknowledge").await;
        assert_eq!(late[0]["overdue"], json!(["acknowledge"]), "{backend:?}");
        assert!(shop.look(open).await["late"]["acknowledge_ms"].as_i64().unwrap() > 0, "{backend:?}");
        for query in [
            "state=opened",
            "state=",
            "owner=ann",
            "owner=0",
            "team=No%20team",
            "priority=big",
            "overdue=both",
            "customer_answered=1",
            "sort=oldest",
            "cursor=00",
            "limit=0",
            "from=yesterday",
        ] {
            let refused = shop.app.admin(&format!("/v1/admin/cases?{query}")).await;
            let problem = refused.expect_problem(ProblemCode::InvalidParameter);
            assert!(problem.detail.contains(query.split('=').next().unwrap()), "{query}: {problem:?}");
        }
    }
}

#[tokio::test]
async fn pages_have_each_case_once_in_either_order() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        insert_cases(&shop.app, 450);
        // Several at the same moment, and some on which no clock runs.
        shop.app.execute("UPDATE cases SET opened_at = 1795000007000 WHERE number BETWEEN 100 AND 350");
        shop.app.execute("UPDATE cases SET acknowledge_by = NULL, answer_by = NULL WHERE number % 2 = 0");
        let mut newest: Vec<i64> = (1..=450).collect();
        newest.sort_by_key(|number| {
            let opened = if (100..=350).contains(number) { 7 } else { *number };
            std::cmp::Reverse((opened, *number))
        });
        assert_eq!(shop.numbers("").await, newest, "{backend:?}");
        let mut due: Vec<i64> = (1..=450).collect();
        due.sort_by_key(|number| {
            if number % 2 == 0 { (i64::MAX, *number) } else { ((86_400 + number).min(172_800 - number), *number) }
        });
        assert_eq!(shop.numbers("sort=due").await, due, "{backend:?}");

        let page = shop.app.admin("/v1/admin/cases?limit=2").await.expect(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        let other_order = shop.app.admin(&format!("/v1/admin/cases?sort=due&cursor={cursor}")).await;
        other_order.expect_problem(ProblemCode::InvalidParameter);
    }
}

#[tokio::test]
async fn key_of_several_sites_lists_the_cases_of_all_and_names_the_site_of_one() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let other = shop.app.create_site("https://other.example", "staff@other.example");
        let number = shop.case().await;
        let elsewhere =
            counterbell_tests::sample::with(counterbell_tests::sample::response(1), json!({ "site_key": other }));
        shop.app.respond(&elsewhere).await.expect(201);
        shop.app.triaged().await;
        assert_eq!(shop.numbers("").await, [number], "{backend:?}");
        let key = shop.app.cli(&["key", "create", "--all-sites", "--json"]).json();
        let get = async |path: &str| {
            let request = shop.app.request(reqwest::Method::GET, path);
            shop.app.send(request.bearer_auth(key["api_key"].as_str().unwrap())).await
        };
        let both = get("/v1/admin/cases").await.expect(200);
        let keys: Vec<_> = both["items"].as_array().unwrap().iter().map(|case| &case["site_key"]).collect();
        assert_eq!(keys, [&json!(other), &json!(shop.app.site_key)], "{backend:?}");
        get(&format!("/v1/admin/cases/{number}")).await.expect_problem(ProblemCode::InvalidParameter);
        for spelled in ["01", "+1", "0x1"] {
            get(&format!("/v1/admin/cases/{spelled}?site={other}")).await.expect_problem(ProblemCode::NotFound);
        }
        let one = get(&format!("/v1/admin/cases/1?site={other}")).await.expect(200);
        assert_eq!(one["site_key"], json!(other), "{backend:?}");
        let forbidden = shop.app.admin(&format!("/v1/admin/cases/1?site={other}")).await;
        forbidden.expect_problem(ProblemCode::Forbidden);
    }
}
