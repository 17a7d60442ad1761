//! The document of the HTTP API against the API itself.

mod answers;
mod bodies;
mod cases;
mod samples;

use std::collections::BTreeSet;

use counterbell_tests::{Backend, TestApp, sample};
use reqwest::Method;
use serde_json::Value;

async fn document(app: &TestApp) -> Value {
    app.send(app.request(Method::GET, "/openapi.json")).await.expect(200)
}

/// Method, address and description of every operation.
fn operations(document: &Value) -> Vec<(Method, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &Value)| {
        let one = |(method, operation): (&String, &Value)| {
            (method.to_uppercase().parse().unwrap(), path.clone(), operation.clone())
        };
        methods.as_object().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

/// Every `$ref` below a value.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn document_is_whole() {
    let app = TestApp::on(Backend::Sqlite).await;
    let document = document(&app).await;

    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{method} {path}");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let names: BTreeSet<_> = parameters.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), parameters.len(), "{method} {path}: {names:?}");
        for part in path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
            assert!(names.contains(part), "{method} {path} does not describe {part}");
        }
    }
}

#[tokio::test]
async fn every_operation_of_the_document_is_there_and_asks_who_asks() {
    let app = TestApp::on(Backend::Sqlite).await;
    for (method, path, operation) in operations(&document(&app).await) {
        let address = path
            .replace("{site_key}", &app.site_key)
            .replace("{response_id}", &sample::response_id())
            .replace("{message_id}", &sample::response_id())
            .replace(['{', '}'], "");
        let answer = app.send(app.request(method.clone(), &address)).await;
        let place = format!("{method} {address}: {answer:?}");
        if operation["security"].is_array() {
            assert_eq!((answer.status, answer.json()["code"].as_str()), (401, Some("unauthorized")), "{place}");
            assert!(operation["responses"]["401"].is_object(), "{place}");
            // With a key, whatever is asked is answered as the document says.
            let nonsense = path.split('/').map(|part| if part.starts_with('{') { "%ff" } else { part });
            let nonsense = nonsense.collect::<Vec<_>>().join("/");
            for address in
                [address.clone(), nonsense, format!("{address}?unknown=1"), format!("{address}?site=nonsense")]
            {
                let answer = app.send(app.request(method.clone(), &address).bearer_auth(&app.api_key)).await;
                let told = &operation["responses"][answer.status.to_string()];
                assert!(told.is_object(), "{method} {address}, with a key: {answer:?}");
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            if !parameters.iter().any(|one| one["name"] == "site") {
                let address = format!("{address}?site={}", app.site_key);
                let answer = app.send(app.request(method.clone(), &address).bearer_auth(&app.api_key)).await;
                assert_eq!(answer.status, 400, "{place}, which takes no site: {answer:?}");
            }
            let unknown =
                app.send(app.request(method, &format!("{address}?unknown=1")).bearer_auth(&app.api_key)).await;
            assert_eq!((unknown.status, unknown.json()["code"].as_str()), (400, Some("invalid_parameter")), "{place}");
        } else {
            let nothing = String::from_utf8_lossy(&answer.body).contains("Nothing lives at this address");
            assert!(answer.status != 405 && !nothing, "{place}");
        }
    }
}
