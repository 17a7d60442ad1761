//! Surveys: documents with one metric, steps that depend on the score, and every text in one or more languages.
//!
//! docs/SURVEYS.md shows the document by example; [`Survey::parse`] is its one reader.

mod parse;
mod read_text;
mod text;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::Serialize;

use crate::limits::SLUG_MAX_CHARS;
use crate::metric::Metric;
pub(crate) use read_text::{Name, read_text};
pub use text::{LocalText, lookup, without_name};

/// The survey asked when none is named.
pub const DEFAULT_SURVEY: &str = "csat";

/// Stands for the customer's name in a text.
pub const NAME_PLACE: &str = "{name}";

/// A survey's document, every member valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// A slug, unique within the site: what a script tag or a request asks for it by.
    pub name: String,
    /// What it measures; the same in every version of the name.
    pub metric: Metric,
    /// How the scores are drawn.
    pub display: ScoreDisplay,
    /// BCP 47 tag of the language that every text has.
    pub default_locale: String,
    /// The question the score answers.
    pub question: LocalText,
    /// What the lowest score means, in words.
    pub low_label: LocalText,
    /// What the highest score means, in words.
    pub high_label: LocalText,
    /// The screens after the score, in the order they are shown.
    pub steps: Vec<Step>,
    /// What is said at the end: the first that is for the score.
    pub thanks: Vec<Thanks>,
    /// The survey's wording for some of [`crate::widget_config::WORDS`].
    pub texts: BTreeMap<String, LocalText>,
}

/// How the scores are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ScoreDisplay {
    /// A row of stars.
    Stars,
    /// Faces from sad to glad.
    Faces,
    /// The numbers of the scale.
    Numbers,
    /// Thumb down, score 1, and thumb up, score 5; no score between.
    Thumbs,
}

impl ScoreDisplay {
    /// Every way, in the order they are listed to people.
    pub const ALL: [Self; 4] = [Self::Stars, Self::Faces, Self::Numbers, Self::Thumbs];

    /// The name in a document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stars => "stars",
            Self::Faces => "faces",
            Self::Numbers => "numbers",
            Self::Thumbs => "thumbs",
        }
    }

    /// The ways that suit this metric's scale; the first is taken when a document names none. More than five stars or
    /// faces cannot be told apart, and two thumbs are no more than the ends of a scale of satisfaction.
    pub const fn of(metric: Metric) -> &'static [Self] {
        match metric {
            Metric::Csat => &[Self::Stars, Self::Faces, Self::Numbers, Self::Thumbs],
            Metric::Nps | Metric::Ces => &[Self::Numbers],
            Metric::Expectation => &[Self::Numbers, Self::Faces],
        }
    }
}

/// One screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Scores after which it is shown.
    pub scores: RangeInclusive<u8>,
    /// What is asked on it; at least one.
    pub ask: Vec<Ask>,
}

/// A question that needs no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The customer's own words. At most one is shown after any score.
    Comment {
        /// The question.
        question: LocalText,
    },
    /// Choices.
    Choice(Choice),
    /// An e-mail address, taken only with consent. At most one is shown after any score.
    Contact {
        /// The question.
        question: LocalText,
        /// What the customer agrees to; the widget's own words when left out.
        consent: Option<LocalText>,
    },
}

/// A question with choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// A slug, unique within the survey: answers name it.
    pub id: String,
    /// Whether more than one can be chosen.
    pub many: bool,
    /// The question.
    pub question: LocalText,
    /// At least one.
    pub choices: Vec<Labelled>,
    /// Whether the customer may write something else.
    pub other: bool,
}

/// One of the choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// A slug, unique within the question.
    pub id: String,
    /// What the customer reads.
    pub label: LocalText,
}

/// What is said at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thanks {
    /// Scores it is for.
    pub scores: RangeInclusive<u8>,
    /// The heading.
    pub title: LocalText,
    /// What happens next.
    pub text: Option<LocalText>,
    /// Somewhere to go.
    pub link: Option<Link>,
}

/// A link in the thanks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What the customer reads.
    pub label: LocalText,
    /// An http or https address.
    pub url: String,
}

/// A version of a survey, as a response names it; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyVersion {
    /// The survey's name.
    pub name: Arc<str>,
    /// Counts from 1.
    pub version: i32,
    /// What it measures.
    pub metric: Metric,
}

impl Survey {
    /// The question with choices that answers name by this id.
    pub fn choice(&self, id: &str) -> Option<&Choice> {
        let asks = self.steps.iter().flat_map(|step| &step.ask);
        asks.filter_map(|ask| if let Ask::Choice(choice) = ask { Some(choice) } else { None })
            .find(|choice| choice.id == id)
    }
}

/// Whether this is a name for programs: lowercase letters and digits in words with a hyphen between them, at most
/// [`SLUG_MAX_CHARS`] characters.
pub fn is_slug(text: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.len() <= SLUG_MAX_CHARS && text.split('-').all(word)
}
