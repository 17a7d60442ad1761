//! From the bytes of a body to a valid response.

use counterbell_shared::SiteKey;
use counterbell_shared::problem::{FieldError, ProblemCode, pointer_to};
use counterbell_shared::response::{NewResponse, Response};

use super::twice::pointers_given_twice;
use crate::api::ApiError;
use crate::surveys::SiteSurveys;

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

/// The body of `POST /v1/responses`, which is JSON at least.
pub struct ResponseBody<'a>(Read<'a>);

#[expect(clippy::large_enum_variant, reason = "lives for one request; a box would be an allocation for each good one")]
enum Read<'a> {
    Response(NewResponse<'a>),
    /// It has the form of something else; the names it gives twice.
    Other(serde_json::Value, Vec<String>),
}

impl<'a> ResponseBody<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// [`ParseError::Json`].
    pub fn read(body: &'a [u8]) -> Result<Self, ParseError> {
        match serde_json::from_slice::<NewResponse<'_>>(body) {
            Ok(new) => Ok(Self(Read::Response(new))),
            // Read a second time, whole: what fits no response may still be JSON, and then every bad field is named.
            Err(_) => match serde_json::from_slice(body) {
                Ok(json) => Ok(Self(Read::Other(json, pointers_given_twice(body)))),
                Err(error) => Err(ParseError::Json(error.to_string())),
            },
        }
    }

    /// The site it is for, when the key can be one: which surveys there are depends on it.
    pub fn site_key(&self) -> Option<SiteKey> {
        match &self.0 {
            Read::Response(new) => new.site_key(),
            Read::Other(json, _) => json.get("site_key")?.as_str()?.parse().ok(),
        }
    }

    /// The response to one of `surveys`.
    ///
    /// # Errors
    /// [`ParseError::Fields`]: every field that is wrong.
    pub fn parse(self, surveys: &SiteSurveys) -> Result<(SiteKey, Response), ParseError> {
        match self.0 {
            Read::Response(new) => new.parse(|name| surveys.version(name)).map_err(|mut errors| {
                errors.truncate(ERRORS_MAX);
                ParseError::Fields(errors)
            }),
            Read::Other(json, twice) => Err(ParseError::Fields(all_errors(json, twice, surveys))),
        }
    }
}

/// Reads a body as a response to one of `surveys`.
///
/// # Errors
/// [`ParseError`]: that it is no JSON, or every field that is wrong.
pub fn parse_response(body: &[u8], surveys: &SiteSurveys) -> Result<(SiteKey, Response), ParseError> {
    ResponseBody::read(body)?.parse(surveys)
}

/// Most fields named in one answer: a body can hold thousands of wrong ones, and an answer must not be many times its
/// size.
const ERRORS_MAX: usize = 50;

/// The fields and what each must be; only consulted for a body that does not fit.
const FIELDS: [(&str, Kind, bool); 19] = [
    ("site_key", Kind::Text, true),
    ("response_id", Kind::Text, false),
    ("touchpoint", Kind::Text, false),
    ("survey", Kind::Text, false),
    ("survey_version", Kind::Integer, false),
    ("score", Kind::Integer, true),
    ("comment", Kind::Text, false),
    ("answers", Kind::Object, false),
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

const ANSWER_FIELDS: [(&str, Kind, bool); 2] = [("choices", Kind::Texts, false), ("other", Kind::Text, false)];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Texts,
    Integer,
    Boolean,
    Object,
}

impl Kind {
    fn fits(self, value: &serde_json::Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Texts => value.as_array().is_some_and(|items| items.iter().all(serde_json::Value::is_string)),
            Self::Integer => value.is_i64(),
            Self::Boolean => value.is_boolean(),
            Self::Object => value.is_object(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Texts => "a list of texts",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::Object => "an object",
        }
    }
}

/// Every field that is missing, unknown, of the wrong type or of the wrong value: serde stops at the first.
fn all_errors(json: serde_json::Value, given_twice: Vec<String>, surveys: &SiteSurveys) -> Vec<FieldError> {
    let serde_json::Value::Object(mut fields) = json else {
        return vec![FieldError::new("", "must be a JSON object")];
    };
    let mut errors: Vec<_> =
        given_twice.into_iter().map(|pointer| FieldError::new(pointer, "is given twice")).collect();
    check_fields(&mut fields, &FIELDS, "", &mut errors);
    if let Some(serde_json::Value::Object(contact)) = fields.get_mut("contact") {
        check_fields(contact, &CONTACT_FIELDS, "/contact", &mut errors);
    }
    if let Some(serde_json::Value::Object(answers)) = fields.get_mut("answers") {
        check_answers(answers, &mut errors);
    }
    // What is left has the right shape; its values may still be wrong.
    let text = serde_json::Value::Object(fields).to_string();
    if let Ok(new) = serde_json::from_str::<NewResponse<'_>>(&text) {
        errors.extend(new.parse(|name| surveys.version(name)).err().unwrap_or_default());
    }
    if errors.is_empty() {
        errors.push(FieldError::new("", "does not have the form of a response: see docs/API.md"));
    }
    errors.truncate(ERRORS_MAX);
    errors
}

/// Those that are no answers are named and taken out.
fn check_answers(answers: &mut Fields, errors: &mut Vec<FieldError>) {
    answers.retain(|id, answer| {
        let at = pointer_to("/answers", id);
        let serde_json::Value::Object(answer) = answer else {
            errors.push(FieldError::new(at, "must be an object"));
            return false;
        };
        check_fields(answer, &ANSWER_FIELDS, &at, errors);
        // An answer may leave it out, but has no null in its place.
        answer.retain(|_, value| !value.is_null());
        true
    });
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
    use crate::surveys::TEMPLATES_ONLY;

    fn pointers(body: &str) -> Vec<String> {
        match parse_response(body.as_bytes(), &TEMPLATES_ONLY) {
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
        assert_eq!(
            pointers(
                r#"{"site_key":"site_0000000000000000","score":1,
                    "answers":{"a":1,"b":{"choices":"x","why":1},"c":{"choices":["B c"]}}}"#
            ),
            ["/answers/a", "/answers/b/choices", "/answers/b/why", "/answers/c/choices/0"]
        );
    }

    #[test]
    fn many_faults_are_told_in_part() {
        let answers: Vec<_> = (0..99).map(|n| format!("\"A{n}\":{{}}")).collect();
        let body = format!(r#"{{"site_key":"site_0000000000000000","score":1,"answers":{{{}}}}}"#, answers.join(","));
        assert_eq!(pointers(&body).len(), ERRORS_MAX);
    }

    #[test]
    fn what_is_no_object_is_wrong_as_a_whole() {
        assert_eq!(pointers("[]"), [""]);
    }

    #[test]
    fn field_given_twice_is_named_and_not_repeated() {
        let body = r#"{"score":"my secret","score":1,"site_key":"site_0000000000000000"}"#;
        assert_eq!(pointers(body), ["/score"]);
        assert!(!format!("{:?}", parse_response(body.as_bytes(), &TEMPLATES_ONLY)).contains("my secret"));
    }
}
