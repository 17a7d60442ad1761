//! From the bytes of a body to a valid response.

use counterbell_shared::SiteKey;
use counterbell_shared::problem::{FieldError, ProblemCode, pointer_to};
use counterbell_shared::response::{NewResponse, Parsed};
use counterbell_shared::survey::DEFAULT_SURVEY;

use crate::document::pointers_given_twice;
use crate::http::ApiError;
use crate::surveys::SiteSurveys;

/// Why bytes are no response.
#[derive(Debug, PartialEq, Eq)]
pub enum ParseError {
    /// They are no JSON; what is wrong, and where in the text.
    Json(String),
    /// They are JSON, but no response; at least one field is named.
    Fields(Vec<FieldError>),
}

impl From<ParseError> for ApiError {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::Json(detail) => Self::new(ProblemCode::MalformedJson, detail),
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
                Err(error) => Err(ParseError::Json(what_is_wrong(&error, body))),
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

    /// The survey it names, or means.
    pub fn survey(&self) -> &str {
        let named = match &self.0 {
            Read::Response(new) => new.survey.as_deref(),
            Read::Other(json, _) => json.get("survey").and_then(serde_json::Value::as_str),
        };
        named.unwrap_or(DEFAULT_SURVEY)
    }

    /// The response to one of `surveys`.
    ///
    /// # Errors
    /// [`ParseError::Fields`]: every field that is wrong, extras aside.
    pub fn parse(self, surveys: &SiteSurveys) -> Result<Parsed, ParseError> {
        let parsed = match self.0 {
            Read::Response(new) => new.parse(|name| surveys.version(name)),
            Read::Other(json, twice) => parse_other(json, twice, surveys),
        };
        parsed.map_err(|mut errors| {
            errors.truncate(ERRORS_MAX);
            ParseError::Fields(errors)
        })
    }
}

/// Looks whether a survey that is published can be asked.
///
/// # Errors
/// 500: whoever sends an answer keeps it, and sends it again once the survey was put right.
pub fn check_readable(surveys: &SiteSurveys, name: &str) -> Result<(), ApiError> {
    if surveys.is_lost(name) { Err(ApiError::fault("the survey cannot be read")) } else { Ok(()) }
}

fn what_is_wrong(error: &serde_json::Error, body: &[u8]) -> String {
    if body.trim_ascii().is_empty() {
        "The body is empty. Send a JSON object.".to_owned()
    } else if error.is_eof() {
        format!("The body ended early, in line {} at column {}. Send it whole.", error.line(), error.column())
    } else {
        format!("Not JSON: {error}.")
    }
}

/// Reads a body as a response to one of `surveys`.
///
/// # Errors
/// [`ParseError`]: that it is no JSON, or every field that is wrong.
pub fn parse_response(body: &[u8], surveys: &SiteSurveys) -> Result<Parsed, ParseError> {
    ResponseBody::read(body)?.parse(surveys)
}

/// Most fields named in one answer: a body can hold thousands of wrong ones, and an answer must not be many times its
/// size.
const ERRORS_MAX: usize = 50;

/// A field, what it must be, and what becomes of the response when it is not.
type Field = (&'static str, Kind, Need);

/// The fields of a response; only consulted for a body that does not fit.
const FIELDS: [Field; 19] = [
    ("site_key", Kind::Text, Need::Required),
    ("response_id", Kind::Text, Need::Optional),
    ("touchpoint", Kind::Text, Need::Extra),
    ("survey", Kind::Text, Need::Optional),
    ("survey_version", Kind::Integer, Need::Optional),
    ("score", Kind::Integer, Need::Required),
    ("comment", Kind::Text, Need::Optional),
    ("answers", Kind::Object, Need::Optional),
    ("order_ref", Kind::Text, Need::Extra),
    ("customer_ref", Kind::Text, Need::Extra),
    ("contact", Kind::Object, Need::Optional),
    ("locale", Kind::Text, Need::Extra),
    ("page_url", Kind::Text, Need::Extra),
    ("channel", Kind::Text, Need::Extra),
    ("created_at", Kind::Text, Need::Optional),
    ("elapsed_ms", Kind::Integer, Need::Optional),
    ("website", Kind::Text, Need::Optional),
    ("complete", Kind::Boolean, Need::Optional),
    ("revision", Kind::Integer, Need::Optional),
];

const CONTACT_FIELDS: [Field; 2] = [("email", Kind::Text, Need::Required), ("consent", Kind::Boolean, Need::Required)];

const ANSWER_FIELDS: [Field; 2] = [("choices", Kind::Texts, Need::Optional), ("other", Kind::Text, Need::Optional)];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
    /// Left out where it does not fit, as [`NewResponse::parse`] does.
    Extra,
}

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

/// What does not fit as a whole: without its extras of the wrong type it may be a response. Else every field that is
/// missing, unknown, of the wrong type or of the wrong value: serde stops at the first.
fn parse_other(
    json: serde_json::Value,
    given_twice: Vec<String>,
    surveys: &SiteSurveys,
) -> Result<Parsed, Vec<FieldError>> {
    let serde_json::Value::Object(mut fields) = json else {
        return Err(vec![FieldError::new("", "must be a JSON object")]);
    };
    let twice = given_twice.into_iter().map(|pointer| FieldError::new(pointer, "is given twice"));
    let mut faults = Faults { errors: twice.collect(), ignored: Vec::new() };
    faults.check_fields(&mut fields, &FIELDS, "");
    if let Some(serde_json::Value::Object(contact)) = fields.get_mut("contact") {
        faults.check_fields(contact, &CONTACT_FIELDS, "/contact");
    }
    if let Some(serde_json::Value::Object(answers)) = fields.get_mut("answers") {
        faults.check_answers(answers);
    }
    let Faults { mut errors, mut ignored } = faults;
    // What is left has the right shape; its values may still be wrong.
    let text = serde_json::Value::Object(fields).to_string();
    if let Ok(new) = serde_json::from_str::<NewResponse<'_>>(&text) {
        match new.parse(|name| surveys.version(name)) {
            Ok(parsed) if errors.is_empty() => {
                ignored.extend(parsed.ignored);
                return Ok(Parsed { ignored, ..parsed });
            }
            Ok(_) => {}
            Err(wrong) => errors.extend(wrong),
        }
    }
    if errors.is_empty() {
        errors.push(FieldError::new("", "does not have the form of a response: see docs/API.md"));
    }
    Err(errors)
}

type Fields = serde_json::Map<String, serde_json::Value>;

#[derive(Default)]
struct Faults {
    errors: Vec<FieldError>,
    ignored: Vec<FieldError>,
}

impl Faults {
    /// Those that are no answers are named and taken out.
    fn check_answers(&mut self, answers: &mut Fields) {
        answers.retain(|id, answer| {
            let at = pointer_to("/answers", id);
            let serde_json::Value::Object(answer) = answer else {
                self.errors.push(FieldError::new(at, "must be an object"));
                return false;
            };
            self.check_fields(answer, &ANSWER_FIELDS, &at);
            // An answer may leave it out, but has no null in its place.
            answer.retain(|_, value| !value.is_null());
            true
        });
    }

    /// Names what does not fit, and puts what would fit in its place.
    fn check_fields(&mut self, given: &mut Fields, known: &[Field], parent: &str) {
        for (name, kind, need) in known {
            let required = *need == Need::Required;
            let wrong = match given.get(*name) {
                None if required => "is missing".to_owned(),
                Some(value) if !kind.fits(value) && (required || !value.is_null()) => {
                    format!("must be {}", kind.name())
                }
                _ => continue,
            };
            let told = if *need == Need::Extra { &mut self.ignored } else { &mut self.errors };
            told.push(FieldError::new(format!("{parent}/{name}"), wrong));
            given.remove(*name);
            if required {
                given.insert((*name).to_owned(), valid_value(name));
            }
        }
        given.retain(|name, _| {
            let known = known.iter().any(|(known, ..)| known == name);
            if !known {
                self.errors.push(FieldError::new(pointer_to(parent, name), "is not a field of a response"));
            }
            known
        });
    }
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
    fn extra_of_the_wrong_type_is_left_out() {
        let body = r#"{"site_key":"site_0000000000000000","score":1,"comment":"Late","order_ref":7,"locale":"?"}"#;
        let parsed = parse_response(body.as_bytes(), &TEMPLATES_ONLY).unwrap();
        let ignored: Vec<_> = parsed.ignored.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((ignored, parsed.response.order_ref), (vec!["/order_ref", "/locale"], None));
        assert_eq!(parsed.response.comment.map(String::from).as_deref(), Some("Late"));
        // Beside what is wrong it is not worth a word.
        assert_eq!(pointers(&body.replace("\"Late\"", "5")), ["/comment"]);
        // Which one was meant?
        assert_eq!(pointers(&body.replace("\"locale\"", "\"order_ref\"")), ["/order_ref"]);
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
