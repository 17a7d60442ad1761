//! Surveys: the templates every site has, what a site put in their place, and the widget's own words.

mod catalog;
mod labels;
mod site;
mod templates;
mod versions;
mod words;

use counterbell_shared::limits::SURVEY_MAX_BYTES;
use counterbell_shared::problem::FieldError;
use counterbell_shared::{Survey, SurveyVersion};

pub use catalog::{CatalogEntry, CatalogVersion, ShownSurvey, catalog, find_shown, shown_template};
pub use labels::labelled;
pub use site::{SiteSurveys, TEMPLATES_ONLY};
pub use templates::{TEMPLATE_VERSION, template, template_document, templates};
pub use versions::{Put, find_answered, put};
pub use words::{KnownWords, own_words, own_words_document, parse_site_words, words_of};

use crate::document;

/// A version of a survey with its document.
#[derive(Debug)]
pub struct VersionedSurvey {
    /// Which it is.
    pub version: SurveyVersion,
    /// What it asks.
    pub survey: Survey,
}

impl VersionedSurvey {
    /// Of a document and the number it is stored under.
    pub fn new(survey: Survey, version: i32) -> Self {
        let version = SurveyVersion { name: survey.name.as_str().into(), version, metric: survey.metric };
        Self { version, survey }
    }
}

/// Reads a survey's document.
///
/// # Errors
/// What is wrong, each with a JSON pointer.
pub fn parse_document(document: &[u8]) -> Result<Survey, Vec<FieldError>> {
    document::parse(document, SURVEY_MAX_BYTES, Survey::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_of_the_handbook_is_a_survey() {
        let handbook = include_str!("../../../docs/SURVEYS.md");
        let example = handbook.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let survey = parse_document(example.as_bytes()).unwrap();
        assert_eq!((survey.name.as_str(), survey.steps.len(), survey.thanks.len()), ("checkout", 2, 2));
    }

    #[test]
    fn what_is_no_document_is_told_as_a_whole() {
        let pointers = |document: &[u8]| -> Vec<String> {
            parse_document(document).unwrap_err().into_iter().map(|error| error.pointer).collect()
        };
        assert_eq!(pointers(b"{"), [""]);
        assert_eq!(pointers(&[b' '; SURVEY_MAX_BYTES + 1]), [""]);
        assert!(pointers(br#"{"name": "a", "name": "b"}"#).contains(&"/name".to_owned()));
    }
}
