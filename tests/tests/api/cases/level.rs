//! A rule's service level that is changed while cases are open.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, sample};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ANN, BEN_EMAIL, Shop};

const OPEN_CASES: &str = "/v1/admin/rules/unhappy/open-cases";
const MINUTE: i64 = 60_000;

impl Shop {
    /// Has the rule that opened the cases ask for somebody within this time.
    async fn acknowledge_within(&self, period: &str) {
        let path = "/v1/admin/rules/unhappy";
        let document = self.app.admin(path).await.expect(200)["document"].clone();
        let document = sample::with(document, json!({ "acknowledge_within": period }));
        let stored = self.send(Method::PUT, path, &document).await;
        assert!(stored.status < 300, "{stored:?}");
    }

    async fn change_open_cases(&self) -> Value {
        self.send(Method::POST, OPEN_CASES, &json!({ "person_id": ANN })).await.expect(200)
    }
}

fn figures(view: &Value) -> [i64; 3] {
    ["open", "changed", "become_late"].map(|name| view[name].as_i64().unwrap())
}

/// D9 of the acceptance: it is told how many become late before anything is moved, and what is ended keeps its times.
#[tokio::test]
async fn open_cases_get_another_service_level_when_somebody_says_so() {
    for backend in Backend::ALL {
        let shop = Shop::on(backend).await;
        let (one, two, ended) = (shop.case().await, shop.case().await, shop.case().await);
        shop.act(ended, ANN, json!({ "action": "nothing_to_do", "reason": "test" })).await;
        let as_it_ended = shop.look(ended).await;
        shop.acknowledge_within("2h").await;
        assert_eq!(figures(&shop.change_open_cases().await), [2, 2, 0], "{backend:?}");
        // As if the first was opened an hour and a half ago.
        shop.app.execute(&format!(
            "UPDATE cases SET acknowledge_by = acknowledge_by - {} WHERE number = {one}",
            90 * MINUTE
        ));
        shop.acknowledge_within("1h").await;
        let before = shop.look(two).await;

        let told = shop.app.admin(OPEN_CASES).await.expect(200);

        assert_eq!(figures(&told), [2, 2, 1], "{backend:?}: {told}");
        assert_eq!(shop.look(two).await, before, "{backend:?}: asking changed something");
        assert_eq!(shop.numbers("overdue=acknowledge").await, Vec::<i64>::new(), "{backend:?}");
        assert_eq!(shop.change_open_cases().await, told, "{backend:?}");
        assert_eq!(shop.numbers("overdue=acknowledge").await, [one], "{backend:?}");
        assert_eq!(figures(&shop.change_open_cases().await), [2, 0, 0], "{backend:?}");
        assert_eq!(shop.look(ended).await, as_it_ended, "{backend:?}");
        assert_eq!(shop.look(two).await["rule_version"], told["version"], "{backend:?}");
        let changed = shop.timeline(two).await.pop().unwrap();
        assert_eq!(
            (&changed["kind"], &changed["person"]["person_id"]),
            (&json!("case.service_level_changed"), &json!(ANN))
        );

        shop.acknowledge_within("3h").await;
        let level = ["service-level", "--rule", "unhappy", "--as", BEN_EMAIL];
        let asked = shop.cli(&level);
        assert!(asked.status.success() && asked.stdout.contains("Of 2 open cases"), "{backend:?}: {asked:?}");
        assert_eq!(figures(&shop.app.admin(OPEN_CASES).await.expect(200)), [2, 2, 0], "{backend:?}");
        assert_eq!(figures(&shop.cli(&[&level[..], &["--yes", "--json"]].concat()).json()), [2, 2, 0], "{backend:?}");
        assert_eq!(shop.numbers("overdue=acknowledge").await, Vec::<i64>::new(), "{backend:?}");
        shop.app.admin("/v1/admin/rules/none/open-cases").await.expect_problem(ProblemCode::NotFound);
    }
}
