//! From the bytes of a body to a valid response.

use counterbell_shared::SiteKey;
use counterbell_shared::problem::{FieldError, ProblemCode};
use counterbell_shared::response::{NewResponse, Response};

use super::twice::{pointer_to, pointers_given_twice};
use crate::api::ApiError;

/// Why bytes are no response.
#[derive(Debug, PartialEq, Eq)]
pub enum ParseError {
    /// They are no JSON; why, and where in the text.
    Json(String),
    /// They are JSON, but no response; at least one field is named.
    Fields(Vec<FieldError>),
}

impl From<ParseError> for ApiError {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::Json(reason) => Self::new(ProblemCode::MalformedJson, format!("Not JSON: {reason}.")),
            ParseError::Fields(errors) => Self::invalid_response(errors),
        }
    }
}

/// Reads the body of `POST /v1/responses`.
///
/// # Errors
/// [`ParseError`]: that it is no JSON, or every field that is wrong.
pub fn parse_response(body: &[u8]) -> Result<(SiteKey, Response), ParseError> {
    match serde_json::from_slice::<NewResponse<'_>>(body) {
        Ok(new) => new.parse().map_err(ParseError::Fields),
        // Read a second time, whole: what fits no response may still be JSON, and then every bad field is named.
        Err(_) => Err(match serde_json::from_slice(body) {
            Ok(json) => ParseError::Fields(all_errors(json, pointers_given_twice(body))),
            Err(error) => ParseError::Json(error.to_string()),
        }),
    }
}

/// Most fields named in one answer: a body can hold thousands of wrong ones, and an answer must not be many times its
/// size.
const ERRORS_MAX: usize = 50;

/// The fields and what each must be; only consulted for a body that does not fit.
const FIELDS: [(&str, Kind, bool); 17] = [
    ("site_key", Kind::Text, true),
    ("response_id", Kind::Text, false),
    ("touchpoint", Kind::Text, false),
    ("survey", Kind::Text, false),
    ("score", Kind::Integer, true),
    ("comment", Kind::Text, false),
    ("order_ref", Kind::Text, false),
    ("customer_ref", Kind::Text, false),
    ("contact", Kind::Object, false),
    ("locale", Kind::Text, false),
    ("page_url", Kind::Text, false),
    ("channel", Kind::Text, false),
    ("created_at", Kind::Text, false),
    ("elapsed_ms", Kind::Integer, false),
    ("website", Kind::Text, false),
    ("complete", Kind::Boolean, false),
    ("revision", Kind::Integer, false),
];

const CONTACT_FIELDS: [(&str, Kind, bool); 2] = [("email", Kind::Text, true), ("consent", Kind::Boolean, true)];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Boolean,
    Object,
}

impl Kind {
    fn fits(self, value: &serde_json::Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Integer => value.is_i64(),
            Self::Boolean => value.is_boolean(),
            Self::Object => value.is_object(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::Object => "an object",
        }
    }
}

/// Every field that is missing, unknown, of the wrong type or of the wrong value: serde stops at the first.
fn all_errors(json: serde_json::Value, given_twice: Vec<String>) -> Vec<FieldError> {
    let serde_json::Value::Object(mut fields) = json else {
        return vec![FieldError::new("", "must be a JSON object")];
    };
    let mut errors: Vec<_> =
        given_twice.into_iter().map(|pointer| FieldError::new(pointer, "is given twice")).collect();
    check_fields(&mut fields, &FIELDS, "", &mut errors);
    if let Some(serde_json::Value::Object(contact)) = fields.get_mut("contact") {
        check_fields(contact, &CONTACT_FIELDS, "/contact", &mut errors);
    }
    // What is left has the right shape; its values may still be wrong.
    let text = serde_json::Value::Object(fields).to_string();
    if let Ok(new) = serde_json::from_str::<NewResponse<'_>>(&text) {
        errors.extend(new.parse().err().unwrap_or_default());
    }
    if errors.is_empty() {
        errors.push(FieldError::new("", "does not have the form of a response: see docs/API.md"));
    }
    errors.truncate(ERRORS_MAX);
    errors
}

type Fields = serde_json::Map<String, serde_json::Value>;

/// Names what does not fit, and puts what would fit in its place.
fn check_fields(given: &mut Fields, known: &[(&str, Kind, bool)], parent: &str, errors: &mut Vec<FieldError>) {
    for (name, kind, required) in known {
        let wrong = match given.get(*name) {
            None if *required => "is missing".to_owned(),
            Some(value) if !kind.fits(value) && (*required || !value.is_null()) => format!("must be {}", kind.name()),
            _ => continue,
        };
        errors.push(FieldError::new(format!("{parent}/{name}"), wrong));
        given.remove(*name);
        if *required {
            given.insert((*name).to_owned(), valid_value(name));
        }
    }
    given.retain(|name, _| {
        let known = known.iter().any(|(known, ..)| known == name);
        if !known {
            errors.push(FieldError::new(pointer_to(parent, name), "is not a field of a response"));
        }
        known
    });
}

/// A value for a required field that nothing is wrong with.
fn valid_value(name: &str) -> serde_json::Value {
    match name {
        "site_key" => "site_0000000000000000".into(),
        "email" => "a@b".into(),
        "consent" => true.into(),
        // A score on every scale.
        _ => 1.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(body: &str) -> Vec<String> {
        match parse_response(body.as_bytes()) {
            Err(ParseError::Fields(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn wrong_shapes_and_wrong_values_are_named_together() {
        assert_eq!(pointers(r#"{"site_key":"x","score":"5","a/b~c":1}"#), ["/score", "/a~1b~0c", "/site_key"]);
        assert_eq!(pointers("{}"), ["/site_key", "/score"]);
        assert_eq!(pointers(r#"{"site_key":1,"score":4.5,"survey":"fax"}"#), ["/site_key", "/score", "/survey"]);
        assert_eq!(
            pointers(r#"{"site_key":"site_0000000000000000","score":1,"contact":{"email":7,"to":1}}"#),
            ["/contact/email", "/contact/consent", "/contact/to"]
        );
        assert_eq!(
            pointers(r#"{"site_key":"site_0000000000000000","score":1,"contact":{"email":"x"}}"#),
            ["/contact/consent", "/contact/email"]
        );
    }

    #[test]
    fn what_is_no_object_is_wrong_as_a_whole() {
        assert_eq!(pointers("[]"), [""]);
    }

    #[test]
    fn field_given_twice_is_named_and_not_repeated() {
        let body = r#"{"score":"my secret","score":1,"site_key":"site_0000000000000000"}"#;
        assert_eq!(pointers(body), ["/score"]);
        assert!(!format!("{:?}", parse_response(body.as_bytes())).contains("my secret"));
    }
}
