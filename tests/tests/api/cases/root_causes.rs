//! What cases can be resolved with.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::Backend;
use reqwest::Method;
use serde_json::json;

use super::{ANN, Shop};

#[tokio::test]
async fn root_causes_come_and_go_and_cases_keep_theirs() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let own = "/v1/admin/root-causes/rude-staff";
        let names = async || {
            let page = shop.app.admin("/v1/admin/root-causes").await.expect(200);
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names().await.first().map(String::as_str), Some("product"), "{backend:?}");

        for (label, status) in [("Rude staff", 201), ("Unfriendly staff", 200), ("Unfriendly staff", 200)] {
            let stored = shop.send(Method::PUT, own, &json!({ "label": label })).await.expect(status);
            assert_eq!(stored, json!({ "name": "rude-staff", "label": label }), "{backend:?}");
        }
        let number = shop.case().await;
        let resolve = json!({ "action": "resolve", "root_cause": "rude-staff", "action_taken": "Talked" });
        shop.act(number, ANN, resolve.clone()).await;
        for _ in 0..2 {
            assert_eq!(shop.send(Method::DELETE, own, &json!({})).await.status, 204, "{backend:?}");
        }

        assert_eq!(shop.look(number).await["root_cause"], "rude-staff", "{backend:?}");
        assert!(!names().await.contains(&"rude-staff".to_owned()), "{backend:?}");
        shop.expect_wrong(number, resolve, "/root_cause").await;
        let refused = shop.send(Method::PUT, own, &json!({ "label": " ", "name": "x" })).await;
        let problem = refused.expect_problem(ProblemCode::InvalidRootCause);
        assert_eq!(problem.errors.iter().map(|error| &*error.pointer).collect::<Vec<_>>(), ["/name", "/label"]);
        let entries =
            shop.app.texts(&["kind", "actor"], "journal WHERE subject = 'root_cause/rude-staff' ORDER BY seq");
        let kinds: Vec<_> = entries.iter().map(|entry| entry.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(entries.len(), 3, "{backend:?}: {kinds:?}");
        assert!(entries.iter().all(|entry| entry.contains("key/")), "{entries:?}");

        let cli = |args: &[&str]| shop.app.cli(&[&["root-cause"], args, &["--site", &shop.app.site_key]].concat());
        let put = cli(&["put", "rude-staff", "--label", "Rude", "--json"]).json();
        assert_eq!(put, json!({ "name": "rude-staff", "label": "Rude" }), "{backend:?}");
        assert!(cli(&["list"]).stdout.contains("rude-staff  Rude"), "{backend:?}");
        assert!(cli(&["remove", "rude-staff"]).status.success());
        let gone = cli(&["remove", "rude-staff"]);
        assert!(!gone.status.success() && gone.stderr.contains("root-cause list"), "{gone:?}");
    }
}
