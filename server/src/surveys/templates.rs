//! The surveys every site has until it publishes its own of that name: `server/surveys/`.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::{VersionedSurvey, parse_document};

include!(concat!(env!("OUT_DIR"), "/surveys.rs"));

/// Version of the templates; raised with every change of wording, so that scores to different questions can be told
/// apart. The versions a site makes of a template's name count on from here.
pub const TEMPLATE_VERSION: i32 = 1;

static TEMPLATES: LazyLock<BTreeMap<&str, Arc<VersionedSurvey>>> = LazyLock::new(|| {
    let read = |(name, document): &(&'static str, &str)| {
        let survey = parse_document(document.as_bytes());
        let survey = survey.unwrap_or_else(|errors| unreachable!("a test reads each template: {name}: {errors:?}"));
        (*name, Arc::new(VersionedSurvey::new(survey, TEMPLATE_VERSION)))
    };
    SURVEYS.iter().map(read).collect()
});

/// The template of this name.
pub fn template(name: &str) -> Option<&'static Arc<VersionedSurvey>> {
    TEMPLATES.get(name)
}

/// Every template, by name.
pub fn templates() -> impl Iterator<Item = &'static Arc<VersionedSurvey>> {
    TEMPLATES.values()
}

/// The text of the template of this name.
pub fn template_document(name: &str) -> Option<&'static str> {
    SURVEYS.iter().find(|(known, _)| *known == name).map(|(_, document)| *document)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use counterbell_shared::survey::{Ask, LocalText};
    use serde_json::Value;

    use super::super::words::tests::LANGUAGES;
    use super::*;

    /// Every text below `value`: an object of texts by language.
    fn texts<'a>(value: &'a Value, at: &str, found: &mut Vec<(String, &'a serde_json::Map<String, Value>)>) {
        match value {
            Value::Object(members) if members.contains_key("en") => found.push((at.to_owned(), members)),
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| texts(value, &format!("{at}/{name}"), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(place, value)| texts(value, &format!("{at}/{place}"), found));
            }
            _ => {}
        }
    }

    #[test]
    fn each_file_is_a_survey_of_its_name() {
        assert!(template("csat").is_some());
        for (name, document) in SURVEYS {
            let survey = parse_document(document.as_bytes()).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
            assert_eq!(survey.name, *name);
        }
    }

    #[test]
    fn each_text_is_there_in_every_language() {
        for (name, document) in SURVEYS {
            let document: Value = serde_json::from_str(document).unwrap();
            let mut found = Vec::new();
            texts(&document, name, &mut found);
            assert!(found.len() > 3, "{name}");
            for (at, text) in found {
                let languages: BTreeSet<_> = text.keys().map(String::as_str).collect();
                assert_eq!(languages, BTreeSet::from(LANGUAGES), "{at}");
                let distinct: BTreeSet<_> = text.values().map(ToString::to_string).collect();
                // One word may be the same in two languages; a text that was never translated is the same in many.
                assert!(distinct.len() >= LANGUAGES.len() - 2, "{at}: {text:?}");
            }
        }
    }

    #[test]
    fn each_score_is_thanked_for_and_asked_about() {
        for template in templates() {
            let survey = &template.survey;
            for score in survey.metric.scale().scores() {
                assert!(survey.thanks.iter().any(|thanks| thanks.scores.contains(&score)), "{} {score}", survey.name);
                assert!(survey.steps.iter().any(|step| step.scores.contains(&score)), "{} {score}", survey.name);
            }
            let lowest = survey.metric.scale().min;
            let asks = survey.steps.iter().filter(|step| step.scores.contains(&lowest)).flat_map(|step| &step.ask);
            let asks: Vec<_> = asks.collect();
            assert!(asks.iter().any(|ask| matches!(ask, Ask::Comment { .. })), "{}", survey.name);
            let consent = asks.iter().any(|ask| matches!(ask, Ask::Contact { .. }));
            // Staff can be found without an address.
            assert!(consent || survey.name == "staff", "{}", survey.name);
        }
    }

    #[test]
    fn best_language_of_a_text_is_found() {
        let question: &LocalText = &template("csat").unwrap().survey.question;
        assert_eq!(question.resolve("pt-BR", "en"), question.resolve("pt", "en"));
        assert_ne!(question.resolve("pt", "en"), question.resolve("en", "en"));
    }
}
