//! Surveys: a versioned question with one metric.

use crate::metric::Metric;

/// A survey every site has, ready to use. Named after its metric.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(feature = "wire", derive(serde::Serialize))]
pub struct Survey {
    /// The name a script tag or a request asks for it by.
    pub name: &'static str,
    /// Raised with every change of wording, so that scores to different questions can be told apart.
    pub version: u16,
    /// What it measures.
    pub metric: Metric,
    /// The question asked.
    pub question: &'static str,
    /// What the lowest score means, in words.
    pub low_label: &'static str,
    /// What the highest score means, in words.
    pub high_label: &'static str,
}

/// Positively phrased, one per metric; the first is asked when none is named.
static READY_MADE: [Survey; 4] = [
    Survey {
        name: "csat",
        version: 1,
        metric: Metric::Csat,
        question: "How satisfied are you with your purchase today?",
        low_label: "Very dissatisfied",
        high_label: "Very satisfied",
    },
    Survey {
        name: "nps",
        version: 1,
        metric: Metric::Nps,
        question: "How likely are you to recommend us to a friend?",
        low_label: "Not at all likely",
        high_label: "Extremely likely",
    },
    Survey {
        name: "ces",
        version: 1,
        metric: Metric::Ces,
        question: "It was easy to get what I came for.",
        low_label: "Strongly disagree",
        high_label: "Strongly agree",
    },
    Survey {
        name: "expectation",
        version: 1,
        metric: Metric::Expectation,
        question: "Did we meet your expectations?",
        low_label: "Below",
        high_label: "Exceeded",
    },
];

impl Survey {
    /// The survey asked when none is named.
    pub fn default_survey() -> &'static Self {
        &READY_MADE[0]
    }

    /// The survey of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        READY_MADE.iter().find(|survey| survey.name == name)
    }

    /// Every survey, in the order they are listed to people.
    pub fn all() -> &'static [Self] {
        &READY_MADE
    }
}
