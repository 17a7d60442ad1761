//! A text of a document: one line in one or more languages.

use serde_json::Value;

use super::text::can_lose_name;
use super::{LocalText, NAME_PLACE};
use crate::document::{Faults, Object};
use crate::limits::{LOCALES_MAX, SURVEY_TEXT_MAX_CHARS};
use crate::text::Locale;

/// Where a text may name the customer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Never,
    AfterComma,
    Always,
}

/// The text in every language that is right; what is wrong with the others is told. `example` is a language.
pub(crate) fn read_text(
    faults: &mut Faults,
    object: Object<'_>,
    name: &str,
    names_customer: Name,
    example: &str,
) -> Option<LocalText> {
    let pointer = object.pointer(name);
    let Value::Object(texts) = faults.required(object, name)? else {
        let example = format!("{{\"{example}\": \"...\"}}");
        return faults.wrong(pointer, format!("must be an object of texts by language, such as {example}"));
    };
    if texts.len() > LOCALES_MAX {
        return faults.wrong(pointer, format!("must have at most {LOCALES_MAX} languages"));
    }
    let mut good = Vec::with_capacity(texts.len());
    for (tag, text) in texts {
        let at = Object { members: texts, at: &pointer }.pointer(tag);
        match check_text(tag, text, names_customer) {
            Ok(text) => good.push((tag.clone(), text.to_owned())),
            Err(detail) => faults.tell(at, detail),
        }
    }
    Some(LocalText::new(good))
}

fn check_text<'a>(tag: &str, text: &'a Value, names_customer: Name) -> Result<&'a str, String> {
    if Locale::new(tag).is_err() {
        return Err("must be named by a language tag such as \"en\" or \"pt-BR\"".to_owned());
    }
    let Value::String(text) = text else { return Err("must be a text".to_owned()) };
    let text = text.trim();
    if text.is_empty() {
        return Err("must not be empty".to_owned());
    }
    if text.chars().nth(SURVEY_TEXT_MAX_CHARS).is_some() {
        return Err(format!("must have at most {SURVEY_TEXT_MAX_CHARS} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("must be one line without control characters".to_owned());
    }
    match (names_customer, text.contains(NAME_PLACE)) {
        (Name::Never, true) => {
            Err(format!("cannot hold {NAME_PLACE}: only the question, the thanks and the greeting can"))
        }
        (Name::Always, false) => Err(format!("must hold {NAME_PLACE}: it is shown only when the name is known")),
        (Name::AfterComma, true) if !can_lose_name(text) => Err(format!(
            "must have {NAME_PLACE} behind a comma, so that it reads well without; else use texts.greeting"
        )),
        _ => Ok(text),
    }
}
