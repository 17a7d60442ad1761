//! What has to be the case for a rule to fire.

use std::ops::RangeInclusive;

use counterbell_shared::time::DAY_MS;
use counterbell_shared::{Band, Channel, Metric, Score};
use serde::Serialize;

use super::{Facts, Falling, NoResponse, Phrase, Words};

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum When {
    /// A response.
    Response(Condition),
    /// A touchpoint from which nothing comes; a timer looks.
    NoResponse {
        /// How long nothing, and where.
        no_response: NoResponse,
    },
    /// A touchpoint whose scores fall; a timer looks.
    Falling {
        /// How far, and where.
        falling: Falling,
    },
}

/// All of this has to hold of a response; what is empty or `None` holds of any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// The customer is not content: [`Score::is_unhappy`].
    #[serde(skip_serializing_if = "is_false")]
    pub unhappy: bool,
    /// The score is of one of these metrics.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// The score is in one of these bands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<Band>,
    /// The score is in this range, whatever its metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreRange>,
    /// It came from one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub touchpoints: Vec<String>,
    /// The customer wrote one of these, as a comment or beside the choices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Phrase>,
    /// The customer chose one of each of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Chosen>,
    /// It came by one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// It was asked in one of these languages, or a variety of it: `de` means `de-AT`, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// The customer was unhappy before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhappy_again: Option<UnhappyAgain>,
}

/// A range of scores, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ScoreRange {
    /// Lowest score.
    pub min: u8,
    /// Highest score; not below `min`.
    pub max: u8,
}

/// One of these is among what the customer chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// The question's id.
    pub question: String,
    /// Ids of choices; at least one.
    pub any_of: Vec<String>,
}

/// The same customer is unhappy once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UnhappyAgain {
    /// How often, this response included; at least 2.
    pub times: u32,
    /// Within so many days up to this response; at least 1.
    pub days: u8,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Whether a list names `item`, or nothing and so leaves it open.
pub(super) fn leaves_open<T, U: PartialEq<T> + ?Sized>(list: &[T], item: &U) -> bool {
    list.is_empty() || list.iter().any(|one| item == one)
}

impl Condition {
    /// Whether it can hold of a response with this score.
    pub(super) fn allows(&self, score: Score) -> bool {
        let is_unhappy_if_needed = score.is_unhappy() || !(self.unhappy || self.unhappy_again.is_some());
        is_unhappy_if_needed
            && leaves_open(&self.metrics, &score.metric())
            && (self.bands.is_empty() || score.band().is_some_and(|band| self.bands.contains(&band)))
            && self.score.is_none_or(|range| (range.min..=range.max).contains(&score.value()))
    }

    /// `words` are those of the facts.
    pub(super) fn holds<'w>(&self, facts: &Facts<'_>, words: impl FnOnce() -> &'w Words) -> bool {
        self.allows(facts.score)
            && leaves_open(&self.touchpoints, facts.touchpoint)
            && (self.channels.is_empty() || facts.channel.is_some_and(|channel| self.channels.contains(&channel)))
            && (self.languages.is_empty() || facts.locale.is_some_and(|tag| self.has_language(tag)))
            && self.choices.iter().all(|chosen| chosen.holds(facts))
            && self.unhappy_again.is_none_or(|again| again.holds(facts))
            && (self.words.is_empty() || is_any_in(&self.words, words()))
    }

    /// Basic filtering, RFC 4647 section 3.3.1.
    fn has_language(&self, tag: &str) -> bool {
        let is_range_of = |range: &String| {
            let (start, rest) = tag.split_at_checked(range.len()).unwrap_or_default();
            start.eq_ignore_ascii_case(range) && (rest.is_empty() || rest.starts_with('-'))
        };
        self.languages.iter().any(is_range_of)
    }
}

fn is_any_in(phrases: &[Phrase], words: &Words) -> bool {
    phrases.iter().any(|phrase| phrase.is_in(words))
}

impl Chosen {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        let mut answers = facts.answers.into_iter().flat_map(|answers| answers.iter());
        answers.any(|(id, answer)| id == self.question && answer.choices.iter().any(|one| self.any_of.contains(one)))
    }
}

impl UnhappyAgain {
    fn holds(self, facts: &Facts<'_>) -> bool {
        let days = self.window(facts.at);
        let earlier = facts.earlier_unhappy.iter().filter(|at| days.contains(at));
        earlier.count() + 1 >= usize::try_from(self.times).unwrap_or(usize::MAX)
    }

    /// In which earlier responses count with one at `at` (Unix ms).
    pub fn window(self, at: i64) -> RangeInclusive<i64> {
        at.saturating_sub(i64::from(self.days) * DAY_MS)..=at
    }
}
