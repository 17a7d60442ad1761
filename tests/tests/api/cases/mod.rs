//! Cases by API and command line.

mod absent;
mod again;
mod cli;
mod erase;
mod figures;
mod level;
mod list;
mod many;
mod merge;
mod root_causes;
mod take;
mod words;

use counterbell_shared::problem::{Problem, ProblemCode};
use counterbell_tests::{Answer, Backend, Setup, TestApp, sample, wait};
use reqwest::Method;
use serde_json::{Value, json};

/// A shop whose staff are Ann, who is told of unhappy customers, and Ben.
struct Shop {
    app: TestApp,
}

/// The number of the person whom a new site tells.
const ANN: i64 = 1;
const BEN: i64 = 2;
const BEN_EMAIL: &str = "ben@shop.example";

impl Shop {
    async fn on(backend: Backend) -> Self {
        Self::set_up(TestApp::on(backend)).await
    }

    async fn set_up(setup: Setup) -> Self {
        let app = setup.await;
        let people = format!("/v1/admin/sites/{}/staff", app.site_key);
        let ben = json!({ "email": BEN_EMAIL, "name": "Ben Okoro" });
        let added = app.send(app.request(Method::POST, &people).bearer_auth(&app.api_key).json(&ben)).await.expect(201);
        assert_eq!(added["person_id"], BEN);
        Self { app }
    }

    /// The case of an unhappy response with these members beside; its number, and the id of the response.
    async fn unhappy(&self, more: Value) -> (i64, String) {
        let response = sample::with(sample::response(1), more);
        self.app.respond(&response).await.expect(201);
        self.app.triaged().await;
        let id = response["response_id"].as_str().unwrap().to_owned();
        let stored = self.app.admin(&format!("/v1/admin/responses/{id}")).await.expect(200);
        (stored["case"].as_i64().unwrap(), id)
    }

    /// The number of a new case.
    async fn case(&self) -> i64 {
        self.unhappy(json!({})).await.0
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.app.send(self.app.request(method, path).bearer_auth(&self.app.api_key).json(body)).await
    }

    /// Somebody does something of a case.
    async fn try_act(&self, number: i64, person_id: i64, body: Value) -> Answer {
        let body = sample::with(body, json!({ "person_id": person_id }));
        self.send(Method::POST, &format!("/v1/admin/cases/{number}/actions"), &body).await
    }

    /// What the case is afterwards.
    async fn act(&self, number: i64, person_id: i64, body: Value) -> Value {
        self.try_act(number, person_id, body).await.expect(200)
    }

    /// Does what is refused with a pointer to what is wrong.
    async fn expect_wrong(&self, number: i64, body: Value, pointer: &str) -> Problem {
        let told = body.to_string();
        let problem = self.try_act(number, ANN, body).await.expect_problem(ProblemCode::InvalidAction);
        assert_eq!(problem.errors.iter().map(|error| &*error.pointer).collect::<Vec<_>>(), [pointer], "{told}");
        problem
    }

    async fn look(&self, number: i64) -> Value {
        self.app.admin(&format!("/v1/admin/cases/{number}")).await.expect(200)
    }

    async fn timeline(&self, number: i64) -> Vec<Value> {
        let page = self.app.admin(&format!("/v1/admin/cases/{number}/timeline")).await.expect(200);
        page["items"].as_array().unwrap().clone()
    }

    /// What happened to a case, without "case.".
    async fn happened(&self, number: i64) -> Vec<String> {
        let kind = |entry: &Value| entry["kind"].as_str().unwrap().trim_start_matches("case.").to_owned();
        self.timeline(number).await.iter().map(kind).collect()
    }

    /// Numbers of the cases of a list.
    async fn numbers(&self, query: &str) -> Vec<i64> {
        let items = self.app.admin_items(&format!("/v1/admin/cases?{query}")).await;
        items.iter().map(|case| case["number"].as_i64().unwrap()).collect()
    }

    /// Runs `case` with these words, as Ben.
    fn cli(&self, args: &[&str]) -> counterbell_tests::CliOutput {
        self.app.cli(&[&["case"], args, &["--site", &self.app.site_key]].concat())
    }
}
