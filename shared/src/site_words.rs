//! A site's own wording for the widget's words, whatever survey is asked.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::document::{Faults, Object};
use crate::problem::FieldError;
use crate::survey::{LocalText, Name, read_text};
use crate::widget_config::WORDS;

/// What the word `step` needs: which step it is, and of how many.
const STEP_PLACES: [&str; 2] = ["{n}", "{count}"];

/// Words by their names in [`WORDS`]; of every other word, and in every other language, the widget has its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteWords(BTreeMap<String, LocalText>);

impl SiteWords {
    /// Reads a document.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer; at most 50.
    pub fn parse(document: &Value) -> Result<Self, Vec<FieldError>> {
        let mut faults = Faults::default();
        let words = faults.object(document, "", &WORDS).map(|object| read(&mut faults, object));
        faults.end(words.map(Self))
    }

    /// Puts the site's words in the place of those in `words`, which are in the language `tag`. `wanted` is the language
    /// to show: in it the site may have what the widget has not.
    pub fn replace_in<'w>(&'w self, words: &mut BTreeMap<&'w str, &'w str>, wanted: &str, tag: &str) {
        let found = self.0.iter().filter_map(|(name, text)| {
            let text = text.find(wanted).or_else(|| text.find(tag))?;
            Some((name.as_str(), text))
        });
        words.extend(found);
    }
}

fn read(faults: &mut Faults, object: Object<'_>) -> BTreeMap<String, LocalText> {
    let known = WORDS.into_iter().filter(|word| object.members.contains_key(*word));
    let mut text = |word: &str| {
        let name = if word == "greeting" { Name::Always } else { Name::Never };
        let text = read_text(faults, object, word, name, "en")?;
        if word == "step" {
            check_step(faults, &object.pointer(word), &text);
        }
        Some((word.to_owned(), text))
    };
    known.filter_map(&mut text).collect()
}

fn check_step(faults: &mut Faults, at: &str, text: &LocalText) {
    for tag in text.locales() {
        let text = text.find(tag).unwrap_or_default();
        if !STEP_PLACES.iter().all(|place| text.contains(place)) {
            faults.tell(format!("{at}/{tag}"), "must hold {n} and {count}: which step it is, and of how many");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_replaced_where_the_site_has_the_language() {
        let document = json!({
            "send": { "en": "Submit", "de": "Absenden" }, "close": { "en": "Shut" }, "skip": { "nl": "Overslaan" },
        });
        let words = SiteWords::parse(&document).unwrap();
        for (wanted, tag, send, close, skip) in [
            ("en-GB", "en", "Submit", "Shut", "own"),
            ("de-CH", "de", "Absenden", "own", "own"),
            // The widget has no Dutch, and shows English beside the site's.
            ("nl", "en", "Submit", "Shut", "Overslaan"),
            ("fr", "fr", "own", "own", "own"),
        ] {
            let mut shown = BTreeMap::from([("send", "own"), ("close", "own"), ("skip", "own")]);
            words.replace_in(&mut shown, wanted, tag);
            assert_eq!(shown, BTreeMap::from([("send", send), ("close", close), ("skip", skip)]), "{wanted}");
        }
    }

    #[test]
    fn each_fault_is_named_beside_the_others() {
        for (pointers, document) in [
            (vec![""], json!("Send")),
            (vec!["/sent", "/close"], json!({ "sent": { "en": "x" }, "close": "Shut" })),
            (vec!["/send/en", "/send/x!"], json!({ "send": { "de": "Ab", "en": " ", "x!": "x" } })),
            (vec!["/greeting/en"], json!({ "greeting": { "en": "Hello" } })),
            (vec!["/send/en"], json!({ "send": { "en": "Send, {name}" } })),
            (vec!["/step/en"], json!({ "step": { "en": "Step {n}", "de": "{n} von {count}" } })),
        ] {
            let errors = SiteWords::parse(&document).unwrap_err();
            let found: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
            assert_eq!(found, pointers, "{document}: {errors:?}");
        }
        assert_eq!(SiteWords::parse(&json!({})), Ok(SiteWords::default()));
    }
}
