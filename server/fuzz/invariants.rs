//! What must hold of `parse_response` for any bytes; for the fuzz target and for the tests that stand in for it.

use counterbell::http::public::{ParseError, parse_response};
use counterbell::surveys::TEMPLATES_ONLY;
use counterbell_shared::answers::NewAnswers;
use counterbell_shared::limits::{
    BODY_MAX_BYTES, CHOICES_MAX, COMMENT_MAX_CHARS, EMAIL_MAX_BYTES, LOCALE_MAX_BYTES, OTHER_MAX_CHARS,
    PAGE_URL_MAX_BYTES, REFERENCE_MAX_CHARS, TOUCHPOINT_MAX_CHARS,
};
use counterbell_shared::problem::FieldError;
use counterbell_shared::response::{NewContact, NewResponse, Parsed, Response};
use counterbell_shared::survey::is_slug;
use counterbell_shared::{Channel, Touchpoint};

/// Parses `body`, as long as the HTTP layer would let it through; whether it is a response.
///
/// # Panics
/// When an invariant does not hold.
pub fn check(body: &[u8]) -> bool {
    if body.len() > BODY_MAX_BYTES {
        return false;
    }
    match parse_response(body, &TEMPLATES_ONLY) {
        Ok(Parsed { site_key, response, ignored }) => {
            check_limits(&response);
            check_ignored(&response, &ignored);
            check_round_trip(site_key.as_str(), response);
            true
        }
        Err(ParseError::Fields(errors)) => {
            assert!(!errors.is_empty() && errors.len() <= 50, "{} errors", errors.len());
            for error in errors {
                // RFC 6901: empty, or begins with a slash; and a tilde only as ~0 or ~1.
                assert!(error.pointer.is_empty() || error.pointer.starts_with('/'), "{error:?}");
                let mut escapes = error.pointer.split('~').skip(1);
                assert!(escapes.all(|rest| rest.starts_with(['0', '1'])), "{error:?}");
                assert!(!error.detail.is_empty(), "{error:?}");
                assert!(!EXTRAS.contains(&&*error.pointer) || error.detail == "is given twice", "{error:?}");
            }
            false
        }
        Err(ParseError::Json(reason)) => {
            assert!(!reason.is_empty());
            false
        }
    }
}

/// What does not fit and costs nobody's words.
pub const EXTRAS: [&str; 6] = ["/touchpoint", "/order_ref", "/customer_ref", "/locale", "/page_url", "/channel"];

/// What is left out is an extra, is told once, and is as if it had not been sent: never a part of it.
fn check_ignored(response: &Response, ignored: &[FieldError]) {
    for (place, FieldError { pointer, detail }) in ignored.iter().enumerate() {
        assert!(!detail.is_empty() && EXTRAS.contains(&&**pointer), "{pointer} {detail}");
        assert!(ignored[..place].iter().all(|other| other.pointer != *pointer), "{pointer} is told twice");
        let is_left_out = match pointer.as_str() {
            "/touchpoint" => response.touchpoint.as_str() == Touchpoint::DEFAULT,
            "/order_ref" => response.order_ref.is_none(),
            "/customer_ref" => response.customer_ref.is_none(),
            "/locale" => response.locale.is_none(),
            "/page_url" => response.page_url.is_none(),
            _ => response.channel == Channel::default(),
        };
        assert!(is_left_out, "{pointer}: {response:?}");
    }
}

fn check_limits(response: &Response) {
    let Response {
        touchpoint,
        survey,
        score,
        comment,
        answers,
        order_ref,
        customer_ref,
        contact_email,
        locale,
        page_url,
        ..
    } = response;
    for (id, answer) in answers.iter().flat_map(|answers| answers.iter()) {
        assert!(is_slug(id) && answer.choices.iter().all(|id| is_slug(id)), "{answer:?}");
        assert!(answer.choices.len() <= CHOICES_MAX, "{answer:?}");
        assert!(answer.other.as_ref().is_none_or(|words| words.as_str().chars().count() <= OTHER_MAX_CHARS));
        assert!(answer.other.is_some() || !answer.choices.is_empty(), "{answer:?}");
    }
    let one_line = |text: &str, max_chars: usize| {
        assert!(!text.trim().is_empty() && text.trim() == text, "{text:?}");
        assert!(text.chars().count() <= max_chars && !text.chars().any(char::is_control), "{text:?}");
        let turns = ['\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}'];
        assert!(!text.contains(turns) && !text.contains(['\u{2028}', '\u{2029}']), "{text:?}");
    };
    one_line(touchpoint.as_str(), TOUCHPOINT_MAX_CHARS);
    for reference in order_ref.iter().chain(customer_ref) {
        one_line(reference.as_str(), REFERENCE_MAX_CHARS);
    }
    if let Some(comment) = comment {
        let text = comment.as_str();
        assert!(!text.is_empty() && text.chars().count() <= COMMENT_MAX_CHARS);
        // PostgreSQL stores no NUL.
        assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
    }
    if let Some(email) = contact_email {
        let text = email.as_str();
        assert!(text.len() <= EMAIL_MAX_BYTES && text.contains('@') && !text.contains(['\r', '\n', ' ']), "{text:?}");
    }
    if let Some(locale) = locale {
        assert!(locale.as_str().len() <= LOCALE_MAX_BYTES && locale.as_str().is_ascii());
    }
    if let Some(url) = page_url {
        assert!(url.len() <= PAGE_URL_MAX_BYTES, "{url:?}");
        assert!(url.starts_with("https://") || url.starts_with("http://"), "{url:?}");
        assert!(!url.contains(['?', '#']) && !url.chars().any(|c| c.is_control() || c.is_whitespace()), "{url:?}");
    }
    assert_eq!(score.metric(), survey.metric);
}

/// What was taken can be sent again as it was taken, fits into a body, and means the same.
fn check_round_trip(site_key: &str, response: Response) {
    let text = |text: &str| Some(text.to_owned().into());
    let again = NewResponse {
        site_key: site_key.into(),
        response_id: response.response_id.and_then(|id| text(&id.to_string())),
        touchpoint: text(response.touchpoint.as_str()),
        survey: text(&response.survey.name),
        survey_version: Some(response.survey.version.into()),
        score: response.score.value().into(),
        comment: response.comment.as_ref().and_then(|comment| text(comment.as_str())),
        answers: response.answers.as_ref().map(NewAnswers::from),
        order_ref: response.order_ref.as_ref().and_then(|reference| text(reference.as_str())),
        customer_ref: response.customer_ref.as_ref().and_then(|reference| text(reference.as_str())),
        contact: response
            .contact_email
            .as_ref()
            .map(|email| NewContact { email: email.as_str().to_owned().into(), consent: true }),
        locale: response.locale.as_ref().and_then(|locale| text(locale.as_str())),
        page_url: response.page_url.as_ref().and_then(|url| text(url)),
        channel: Some(response.channel.as_str().into()),
        created_at: response.created_at.and_then(|time| text(&time.to_string())),
        elapsed_ms: response.elapsed_ms,
        website: response.honeypot.then(|| "filled in".into()),
        complete: Some(response.complete),
        revision: Some(response.revision.into()),
    };
    let body = serde_json::to_vec(&again).unwrap_or_default();
    assert!(body.len() <= BODY_MAX_BYTES, "{} bytes", body.len());
    let parsed = parse_response(&body, &TEMPLATES_ONLY);
    let again = parsed.ok().map(|parsed| (parsed.response, parsed.ignored));
    assert_eq!(again, Some((response, Vec::new())), "{}", String::from_utf8_lossy(&body));
}
