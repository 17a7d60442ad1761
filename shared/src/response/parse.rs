//! Checks every field of what a customer sent.

use super::{Channel, NewResponse, Parsed, Response};
use crate::contact::ContactEmail;
use crate::ids::{ResponseId, SiteKey};
use crate::limits::{PAGE_URL_MAX_BYTES, REVISION_MAX};
use crate::metric::{Metric, Score};
use crate::problem::FieldError;
use crate::survey::{DEFAULT_SURVEY, SurveyVersion};
use crate::text::{Comment, InvalidText, Locale, Reference, Touchpoint, changes_direction};
use crate::time::UnixMillis;

impl NewResponse<'_> {
    /// The site it is for, when the key can be one.
    pub fn site_key(&self) -> Option<SiteKey> {
        self.site_key.parse().ok()
    }

    /// Checks every field. `find` gives the survey of a name in the version that is in force, or tells what the
    /// name must be.
    ///
    /// What a shop says beside the customer's answer (touchpoint, references, language, page, channel) must not cost
    /// the customer's words: where it does not fit it is left out. It is never cut, since a reference that is cut
    /// may be another customer's.
    ///
    /// # Errors
    /// One entry for each other bad field, in the order the fields are documented.
    pub fn parse(&self, find: impl FnOnce(&str) -> Result<SurveyVersion, String>) -> Result<Parsed, Vec<FieldError>> {
        self.read(find).map_err(|(errors, _)| errors)
    }

    /// As [`Self::parse`], for whoever can correct what does not fit and send it again.
    ///
    /// # Errors
    /// One entry for each bad field.
    pub fn parse_strictly(
        &self,
        find: impl FnOnce(&str) -> Result<SurveyVersion, String>,
    ) -> Result<Response, Vec<FieldError>> {
        match self.read(find) {
            Ok(Parsed { response, ignored, .. }) if ignored.is_empty() => Ok(response),
            Ok(Parsed { ignored, .. }) => Err(ignored),
            Err((errors, ignored)) => Err([errors, ignored].concat()),
        }
    }

    /// # Errors
    /// What is wrong, and what would have been left out.
    fn read(
        &self,
        find: impl FnOnce(&str) -> Result<SurveyVersion, String>,
    ) -> Result<Parsed, (Vec<FieldError>, Vec<FieldError>)> {
        let mut errors = Errors(Vec::new());
        let mut ignored = Errors(Vec::new());
        let site_key = errors.check("/site_key", Some(site_key(&self.site_key)));
        let response_id = errors.check("/response_id", self.response_id.as_deref().map(response_id));
        let touchpoint = ignored.check("/touchpoint", self.touchpoint.as_deref().map(Touchpoint::new));
        let survey = errors.check("/survey", Some(find(self.survey.as_deref().unwrap_or(DEFAULT_SURVEY))));
        let version = errors.check("/survey_version", self.survey_version.map(survey_version));
        let metric = survey.as_ref().map_or(Metric::Csat, |survey| survey.metric);
        let score = errors.check("/score", Some(score(self.score, metric)));
        let comment = errors.check("/comment", self.comment.as_deref().map(Comment::new)).flatten();
        let answers = self.answers.as_ref().and_then(|answers| answers.parse(&mut errors.0));
        let order_ref = ignored.check("/order_ref", self.order_ref.as_deref().map(Reference::new));
        let customer_ref = ignored.check("/customer_ref", self.customer_ref.as_deref().map(Reference::new));
        let consented = self.contact.as_ref().filter(|contact| contact.consent);
        let contact_email = errors.check("/contact/email", consented.map(|contact| email(&contact.email)));
        let locale = ignored.check("/locale", self.locale.as_deref().map(Locale::read));
        let page_url = ignored.check("/page_url", self.page_url.as_deref().map(page_url));
        let channel = ignored.check("/channel", self.channel.as_deref().map(channel));
        let created_at = errors.check("/created_at", self.created_at.as_deref().map(created_at));
        let elapsed_ms = errors.check("/elapsed_ms", self.elapsed_ms.map(elapsed_ms));
        let revision = errors.check("/revision", self.revision.map(revision));
        let (Errors(errors), Errors(ignored)) = (errors, ignored);
        match (site_key, survey, score) {
            (Some(site_key), Some(survey), Some(score)) if errors.is_empty() => {
                let response = Response {
                    response_id,
                    touchpoint: touchpoint.unwrap_or_default(),
                    survey: SurveyVersion { version: version.unwrap_or(survey.version), ..survey },
                    score,
                    comment,
                    answers,
                    order_ref,
                    customer_ref,
                    contact_email,
                    locale,
                    page_url,
                    channel: channel.unwrap_or_default(),
                    created_at,
                    elapsed_ms,
                    honeypot: self.website.as_deref().is_some_and(|text| !text.is_empty()),
                    complete: self.complete.unwrap_or(true),
                    revision: revision.unwrap_or(0),
                };
                Ok(Parsed { site_key, response, ignored })
            }
            _ => Err((errors, ignored)),
        }
    }
}

/// Collects what is wrong instead of stopping at the first.
struct Errors(Vec<FieldError>);

impl Errors {
    fn check<T, E: std::fmt::Display>(&mut self, pointer: &str, parsed: Option<Result<T, E>>) -> Option<T> {
        parsed?.map_err(|error| self.0.push(FieldError::new(pointer, error))).ok()
    }
}

fn site_key(text: &str) -> Result<SiteKey, &'static str> {
    text.parse().map_err(|_| "must be a site key such as \"site_0123456789abcdef\"")
}

fn response_id(text: &str) -> Result<ResponseId, &'static str> {
    text.parse().map_err(|_| "must be a UUID, preferably version 7 (RFC 9562)")
}

fn survey_version(value: i64) -> Result<i32, &'static str> {
    i32::try_from(value).ok().filter(|version| *version > 0).ok_or("must be a survey version (1 or higher)")
}

fn score(value: i64, metric: Metric) -> Result<Score, String> {
    Score::new(value, metric).map_err(|scale| format!("must be from {} to {}", scale.min, scale.max))
}

fn email(text: &str) -> Result<ContactEmail, &'static str> {
    text.parse().map_err(|_| "must be an e-mail address such as \"name@example.com\"")
}

fn channel(name: &str) -> Result<Channel, String> {
    let known = || names(Channel::ALL.iter().map(|channel| channel.as_str()));
    name.parse().map_err(|_| format!("must be one of {}", known()))
}

fn created_at(text: &str) -> Result<UnixMillis, &'static str> {
    let time = text.parse::<UnixMillis>().ok().filter(|time| time.0 >= 0);
    time.ok_or("must be an RFC 3339 time such as \"2026-11-21T14:05:00Z\", not before 1970")
}

fn elapsed_ms(value: i64) -> Result<i64, &'static str> {
    if value < 0 { Err("must not be negative") } else { Ok(value) }
}

fn revision(value: i64) -> Result<u16, String> {
    let revision = u16::try_from(value).ok().filter(|revision| *revision <= REVISION_MAX);
    revision.ok_or_else(|| format!("must be from 0 to {REVISION_MAX}"))
}

fn names(names: impl Iterator<Item = &'static str>) -> String {
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// Without query and fragment: order pages carry names and tokens there.
fn page_url(text: &str) -> Result<String, InvalidPageUrl> {
    let kept = text.trim().split(['?', '#']).next().unwrap_or_default();
    let rest = kept.strip_prefix("https://").or_else(|| kept.strip_prefix("http://")).ok_or(InvalidPageUrl::Scheme)?;
    if rest.is_empty() || kept.chars().any(|c| c.is_control() || c.is_whitespace() || changes_direction(c)) {
        return Err(InvalidPageUrl::Scheme);
    }
    if kept.len() > PAGE_URL_MAX_BYTES {
        return Err(InvalidPageUrl::Length(InvalidText::TooLong(PAGE_URL_MAX_BYTES)));
    }
    // What stands before an `@` is a user name and a password.
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.is_empty() {
        return Err(InvalidPageUrl::Scheme);
    }
    Ok(format!("{}{host}{path}", &kept[..kept.len() - rest.len()]))
}

enum InvalidPageUrl {
    Scheme,
    Length(InvalidText),
}

impl std::fmt::Display for InvalidPageUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scheme => f.write_str("must be an http or https URL"),
            Self::Length(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "site_0123456789abcdef";

    fn read(json: &str) -> Result<Parsed, (Vec<FieldError>, Vec<FieldError>)> {
        let body: NewResponse<'_> = serde_json::from_str(json).unwrap();
        body.read(|name: &str| {
            let metric = name.parse().map_err(|_| "must be a survey".to_owned())?;
            Ok(SurveyVersion { name: name.into(), version: 7, metric })
        })
    }

    fn parse(json: &str) -> Result<Response, Vec<String>> {
        read(json).map(|parsed| parsed.response).map_err(|(errors, _)| texts(&errors))
    }

    fn texts(errors: &[FieldError]) -> Vec<String> {
        errors.iter().map(|error| format!("{} {}", error.pointer, error.detail)).collect()
    }

    #[test]
    fn site_key_and_score_are_enough() {
        let response = parse(&format!(r#"{{"site_key":"{KEY}","score":4}}"#)).unwrap();
        assert_eq!(response.touchpoint.as_str(), "default");
        assert_eq!((&*response.survey.name, response.survey.version), ("csat", 7));
        assert_eq!(response.channel, Channel::Api);
        assert_eq!(response.response_id, None);
        assert_eq!((response.complete, response.revision), (true, 0));
    }

    #[test]
    fn version_is_kept_as_sent() {
        let response = parse(&format!(r#"{{"site_key":"{KEY}","score":4,"survey_version":3}}"#)).unwrap();
        assert_eq!(response.survey.version, 3);
    }

    #[test]
    fn every_bad_field_is_named_and_every_extra_left_out() {
        let extras = r#""touchpoint":" ","order_ref":"a\u0000","customer_ref":"","locale":"_","page_url":"ftp://x",
            "channel":"fax""#;
        let (errors, ignored) = read(&format!(
            r#"{{"site_key":"x","response_id":"1","survey":"nps","survey_version":0,"score":11,"answers":{{"A":{{}}}},
                "contact":{{"email":"nobody","consent":true}},"created_at":"yesterday","revision":1001,{extras}}}"#
        ))
        .unwrap_err();
        assert_eq!(
            texts(&errors),
            [
                r#"/site_key must be a site key such as "site_0123456789abcdef""#,
                "/response_id must be a UUID, preferably version 7 (RFC 9562)",
                "/survey_version must be a survey version (1 or higher)",
                "/score must be from 0 to 10",
                "/answers/A must be named by the question's id: lowercase letters and digits, with hyphens between words",
                r#"/contact/email must be an e-mail address such as "name@example.com""#,
                r#"/created_at must be an RFC 3339 time such as "2026-11-21T14:05:00Z", not before 1970"#,
                "/revision must be from 0 to 1000",
            ]
        );
        let left_out = [
            "/touchpoint must not be empty; leave the field out instead",
            "/order_ref must not contain control characters",
            "/customer_ref must not be empty; leave the field out instead",
            r#"/locale must be a language tag such as "en" or "pt-BR""#,
            "/page_url must be an http or https URL",
            r#"/channel must be one of "web", "kiosk", "link", "email", "import", "api""#,
        ];
        assert_eq!(texts(&ignored), left_out);

        let parsed = read(&format!(r#"{{"site_key":"{KEY}","score":1,"comment":"Late",{extras}}}"#)).unwrap();
        assert_eq!(texts(&parsed.ignored), left_out);
        let alone = parse(&format!(r#"{{"site_key":"{KEY}","score":1,"comment":"Late"}}"#)).unwrap();
        assert_eq!(parsed.response, alone);
    }

    #[test]
    fn address_without_consent_is_not_kept() {
        let contact = |consent: bool| {
            let json = format!(
                r#"{{"site_key":"{KEY}","score":1,"contact":{{"email":"ann@example.com","consent":{consent}}}}}"#
            );
            parse(&json).unwrap().contact_email
        };
        assert_eq!(contact(true), Some("ann@example.com".parse().unwrap()));
        assert_eq!(contact(false), None);
    }

    #[test]
    fn page_url_keeps_neither_query_nor_fragment_nor_user() {
        let kept = |text| page_url(text).ok();
        assert_eq!(kept("https://shop.example/done?name=Ann#x").as_deref(), Some("https://shop.example/done"));
        assert_eq!(kept("https://ann:pw@shop.example/@x").as_deref(), Some("https://shop.example/@x"));
        assert_eq!(kept("http://localhost:8081").as_deref(), Some("http://localhost:8081"));
        assert_eq!(kept("javascript:alert(1)"), None);
        for without_host in ["https://?x", "https://ann:pw@?x", "https:///done", "http://@/"] {
            assert_eq!(kept(without_host), None, "{without_host}");
        }
    }
}
