//! Bodies at a limit of their schema and just beyond it, made from the document.

use counterbell_tests::Contract;
use serde_json::{Value, json};

/// Begins the rule of a member that is unknown; those that are known follow.
pub const BESIDE: &str = "unknown beside ";

/// One change of a body.
pub struct Case {
    /// Where: a JSON pointer.
    pub at: String,
    /// What of the schema is tried there.
    pub rule: String,
    /// The whole body.
    pub body: Value,
    /// Whether it still is what the schema says.
    pub fits: bool,
}

/// Makes cases of a body.
pub struct Cases<'a> {
    contract: &'a Contract,
    body: &'a Value,
    made: Vec<Case>,
}

impl<'a> Cases<'a> {
    /// Every limit of the schema that some value in `body` has.
    pub fn of(contract: &'a Contract, schema: &'a Value, body: &'a Value) -> Vec<Case> {
        let mut cases = Self { contract, body, made: Vec::new() };
        cases.walk(schema, body, "");
        cases.made
    }

    fn add(&mut self, at: &str, rule: &str, value: Value, fits: bool) {
        let mut body = self.body.clone();
        *body.pointer_mut(at).unwrap() = value;
        self.made.push(Case { at: at.to_owned(), rule: rule.to_owned(), body, fits });
    }

    /// Of an object, of which `name` is wrong.
    fn add_member(&mut self, at: &str, name: &str, rule: &str, object: Value) {
        self.add(at, rule, object, false);
        self.made.last_mut().unwrap().at = format!("{at}/{name}");
    }

    fn walk(&mut self, schema: &'a Value, value: &'a Value, at: &str) {
        let null = json!({ "type": "null" });
        let several = schema["oneOf"].as_array().or(schema["type"].as_array());
        let takes_null = several.is_some_and(|several| several.contains(&null) || several.contains(&null["type"]));
        let schema = self.chosen(schema, value);
        let wrong_type = if value.is_string() { json!(7) } else { json!("text") };
        if !at.is_empty() {
            self.add(at, "type", wrong_type, false);
            self.add(at, "null", Value::Null, takes_null);
        }
        match value {
            Value::Object(_) => self.walk_object(schema, value, at),
            Value::Array(items) => self.walk_list(schema, items, at),
            Value::String(_) => self.walk_text(schema, at),
            Value::Number(_) => self.walk_number(schema, at),
            _ => {}
        }
    }

    /// The schema, or the one of several that the value is of.
    fn chosen(&self, schema: &'a Value, value: &Value) -> &'a Value {
        let schema = self.contract.resolve(schema);
        match schema["oneOf"].as_array() {
            Some(several) => {
                let found = several.iter().find(|one| self.contract.validator(one)(value).is_empty());
                self.contract.resolve(found.unwrap_or_else(|| panic!("{value} is none of {schema}")))
            }
            None => schema,
        }
    }

    fn walk_object(&mut self, schema: &'a Value, value: &'a Value, at: &str) {
        let with = |name: &str, member: Value| {
            let mut object = value.clone();
            object[name] = member;
            object
        };
        for name in schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()) {
            let mut object = value.clone();
            object.as_object_mut().unwrap().remove(name);
            self.add_member(at, name, "required", object);
        }
        if schema["additionalProperties"] == false {
            let mut known: Vec<_> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
            known.sort_unstable();
            self.add_member(at, "unknown", &format!("{BESIDE}{}", known.join(", ")), with("unknown", json!(1)));
        }
        if schema["propertyNames"].is_object() {
            let first = value.as_object().unwrap().values().next().unwrap();
            self.add_member(at, "No name!", "propertyNames", with("No name!", first.clone()));
            let max = schema["maxProperties"].as_u64().unwrap() as usize;
            for (count, fits) in [(max, true), (max + 1, false)] {
                let letters = || (b'a'..=b'z').map(char::from);
                let names = letters().flat_map(|one| letters().map(move |other| format!("{one}{other}")));
                let mut map = value.clone();
                for name in names {
                    if map.as_object().unwrap().len() < count {
                        map[name] = first.clone();
                    }
                }
                self.add(at, "maxProperties", map, fits);
            }
        }
        for (name, member) in value.as_object().unwrap() {
            let described = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
            self.walk(described, member, &format!("{at}/{name}"));
        }
    }

    fn walk_list(&mut self, schema: &'a Value, items: &'a [Value], at: &str) {
        let (min, max) =
            (schema["minItems"].as_u64().unwrap_or(0) as usize, schema["maxItems"].as_u64().unwrap() as usize);
        let list = |length: usize| (0..length).map(|place| renumbered(items[0].clone(), place)).collect::<Value>();
        for (rule, length) in [("minItems", min), ("maxItems", max)] {
            self.add(at, rule, list(length), true);
        }
        if min > 0 {
            self.add(at, "minItems", list(min - 1), false);
        }
        self.add(at, "maxItems", list(max + 1), false);
        for (place, item) in items.iter().enumerate() {
            self.walk(&schema["items"], item, &format!("{at}/{place}"));
        }
    }

    fn walk_text(&mut self, schema: &'a Value, at: &str) {
        if let Some(max) = schema["maxLength"].as_u64() {
            let max = max as usize;
            self.add(at, "maxLength", long_text(schema, max).into(), true);
            self.add(at, "maxLength", long_text(schema, max + 1).into(), false);
        }
        if schema["minLength"].as_u64() > Some(0) {
            self.add(at, "minLength", "".into(), false);
        }
        if schema["pattern"].is_string() {
            self.add(at, "pattern", "!?;".into(), false);
        }
        if schema["format"].is_string() {
            self.add(at, "format", "yesterday".into(), false);
        }
        if let Some(words) = schema["enum"].as_array() {
            words.iter().for_each(|word| self.add(at, &format!("enum {word}"), word.clone(), true));
            self.add(at, "enum", "no such word".into(), false);
        }
    }

    fn walk_number(&mut self, schema: &'a Value, at: &str) {
        for (rule, step) in [("minimum", -1), ("maximum", 1)] {
            if let Some(limit) = schema[rule].as_i64() {
                self.add(at, rule, limit.into(), true);
                self.add(at, rule, (limit + step).into(), false);
            }
        }
        self.add(at, "whole", json!(1.5), false);
    }
}

/// A text of this length, of the form that the schema's pattern asks for.
fn long_text(schema: &Value, length: usize) -> String {
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    let start = if pattern.contains("https?") {
        "https://shop.example/"
    } else if pattern.contains('@') {
        "a@"
    } else if pattern.contains("{2,8}") {
        return format!("en{}", "-abcdefgh".repeat(length)).chars().take(length - 1).chain(['x']).collect();
    } else {
        ""
    };
    format!("{start}{}", "x".repeat(length - start.len()))
}

/// The same with other ids, so that none comes twice.
fn renumbered(mut value: Value, number: usize) -> Value {
    match &mut value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member.as_str() {
                    Some(id) if name == "id" => *member = format!("{id}-{number}").into(),
                    _ => *member = renumbered(member.take(), number),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = renumbered(item.take(), number)),
        _ => {}
    }
    value
}
