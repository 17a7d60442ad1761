//! The document of the HTTP API, and what is held against it.

use std::collections::BTreeSet;

use counterbell_shared::problem::PROBLEM_JSON;
use serde_json::{Map, Value, json};

use crate::{Answer, TestApp};

/// Headers that are told of, and there only while a limit is on.
const WHILE_LIMITED: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

/// `/openapi.json` of a server, and which of its operations answered well and badly so far.
pub struct Contract {
    document: Value,
    /// The schemas, no longer open for members that they do not name.
    closed: Value,
    met: BTreeSet<(String, bool)>,
}

impl Contract {
    /// Of this server.
    pub async fn of(app: &TestApp) -> Self {
        let document = app.get("/openapi.json").await.expect(200);
        let mut closed = document["components"]["schemas"].clone();
        let mut composed = BTreeSet::new();
        find_composed(&closed, &mut composed);
        for (name, schema) in closed.as_object_mut().unwrap() {
            close(schema, composed.contains(name));
        }
        Self { document, closed, met: BTreeSet::new() }
    }

    /// The document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// `GET /v1/widget/{site_key}` and what is said of it, for each operation.
    pub fn operations(&self) -> impl Iterator<Item = (String, &Value)> {
        let paths = self.document["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
        })
    }

    fn operation(&self, name: &str) -> &Value {
        let found = self.operations().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("{name} is not in the document")).1
    }

    /// The schema behind a `$ref`, or the one that it is.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(place) => self.document.pointer(place.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    /// Says what is wrong with a value, by a schema of the document.
    pub fn validator(&self, schema: &Value) -> impl Fn(&Value) -> Vec<String> + use<> {
        validator(&self.document["components"]["schemas"], schema)
    }

    /// Holds an answer of an operation against what the document says of it.
    pub fn check(&mut self, operation: &str, answer: &Answer) {
        let place = format!("{operation}: {answer:?}");
        let told = &self.operation(operation)["responses"][answer.status.to_string()];
        assert!(told.is_object(), "not told of in the document: {place}");
        for name in told["headers"].as_object().into_iter().flat_map(Map::keys) {
            let is_there = answer.headers.contains_key(name);
            assert!(is_there || WHILE_LIMITED.contains(&name.as_str()), "{name} is missing: {place}");
        }
        match told["content"].as_object() {
            None => assert!(answer.body.is_empty(), "a body is not told of: {place}"),
            Some(content) => {
                let media_type =
                    answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
                let media = content.get(media_type).unwrap_or_else(|| panic!("no {media_type} is told of: {place}"));
                if let Some(schema) = media.get("schema") {
                    let wrong = validator(&self.closed, schema)(&answer.json());
                    assert!(wrong.is_empty(), "{wrong:?}: {place}");
                }
                if media_type == PROBLEM_JSON {
                    let (json, codes) = (answer.json(), told["description"].as_str().unwrap());
                    let code = json["code"].as_str().unwrap();
                    assert!(codes.split(", ").any(|known| known == code), "{code} is not told of: {place}");
                }
            }
        }
        self.met.insert((operation.to_owned(), answer.status < 400));
    }

    /// Operations of which no good answer was looked at, or no bad one although the client can cause one.
    pub fn unmet(&self) -> Vec<String> {
        let mut unmet = Vec::new();
        for (name, operation) in self.operations() {
            let statuses = operation["responses"].as_object().unwrap().keys();
            // Too many requests are others' doing.
            let can_fail = statuses.into_iter().any(|status| status.starts_with('4') && status != "429");
            if !self.met.contains(&(name.clone(), true)) {
                unmet.push(format!("{name}, well"));
            }
            if can_fail && !self.met.contains(&(name.clone(), false)) {
                unmet.push(format!("{name}, badly"));
            }
        }
        unmet
    }
}

fn validator(schemas: &Value, schema: &Value) -> impl Fn(&Value) -> Vec<String> + use<> {
    let whole = json!({ "allOf": [schema], "components": { "schemas": schemas } });
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&whole).unwrap();
    move |value| validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Names of schemas that others are made of: on their own they cannot tell which members are too many.
fn find_composed(schema: &Value, found: &mut BTreeSet<String>) {
    for part in schema["allOf"].as_array().into_iter().flatten() {
        found.extend(part["$ref"].as_str().and_then(|place| place.rsplit('/').next()).map(str::to_owned));
    }
    match schema {
        Value::Object(members) => members.values().for_each(|member| find_composed(member, found)),
        Value::Array(items) => items.iter().for_each(|item| find_composed(item, found)),
        _ => {}
    }
}

/// Lets objects have the members alone that are named.
fn close(schema: &mut Value, is_part: bool) {
    let Value::Object(members) = schema else { return };
    let is_object = members.contains_key("properties") || members.contains_key("allOf");
    for (name, member) in members.iter_mut() {
        match member {
            Value::Array(parts) => parts.iter_mut().for_each(|part| close(part, name == "allOf")),
            Value::Object(properties) if name == "properties" => {
                properties.values_mut().for_each(|property| close(property, false));
            }
            _ => close(member, false),
        }
    }
    if is_object && !is_part && !members.contains_key("additionalProperties") {
        members.insert("unevaluatedProperties".to_owned(), false.into());
    }
}
