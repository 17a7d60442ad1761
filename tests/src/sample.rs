//! Things to send.

use std::time::{SystemTime, UNIX_EPOCH};

use counterbell_shared::ResponseId;
use serde_json::{Value, json};

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

/// `base` with the members of `more` in it.
pub fn with(mut base: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("not an object: {more}") };
    base.as_object_mut().unwrap().extend(more);
    base
}
