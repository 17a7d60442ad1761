//! Things to send.

use std::time::{SystemTime, UNIX_EPOCH};

use counterbell_shared::ResponseId;
use serde_json::{Value, json};

use crate::environment;

/// The only origin of a [`TestApp`](crate::TestApp)'s site, unless the test names others.
pub const ORIGIN: &str = "https://shop.example";
/// Who is told about unhappy customers, unless the test names others.
pub const RECIPIENT: &str = "staff@shop.example";

/// A client-made id, new every time.
pub fn response_id() -> String {
    let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    ResponseId::v7(u64::try_from(unix_ms).unwrap(), std::array::from_fn(|_| fastrand::u8(..))).to_string()
}

/// A response with an id of its own; the site key is the app's to add.
pub fn response(score: i64) -> Value {
    json!({ "response_id": response_id(), "score": score })
}

/// A survey's document of this name, on CSAT.
pub fn survey(name: &str) -> Value {
    let text = json!({ "en": "Text" });
    json!({ "name": name, "metric": "csat", "question": text, "low_label": text, "high_label": text })
}

/// A rule's document of this name, which tells the team "alerts".
pub fn rule(name: &str, when: Value) -> Value {
    json!({ "name": name, "when": when, "who": [{ "team": "alerts" }] })
}

/// The script tag a retailer writes, as the README shows it, for this server and site.
pub fn script_tag(server: &str, site_key: &str) -> String {
    let readme = std::fs::read_to_string(environment::workspace().join("README.md")).unwrap();
    let tag = readme.lines().map(str::trim).find(|line| line.starts_with("<script ") && line.contains("/widget.js"));
    let tag = tag.expect("the README shows the script tag");
    filled(&filled(tag, "src=\"", "/widget.js\"", server), "data-site=\"", "\"", site_key)
}

/// `text` with `new` between the first `before` and the `after` that follows it.
fn filled(text: &str, before: &str, after: &str, new: &str) -> String {
    let start = text.find(before).unwrap() + before.len();
    let end = start + text[start..].find(after).unwrap();
    format!("{}{new}{}", &text[..start], &text[end..])
}

/// `base` with the members of `more` in it.
pub fn with(mut base: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("not an object: {more}") };
    base.as_object_mut().unwrap().extend(more);
    base
}
