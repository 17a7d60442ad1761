//! What the widget asks the server before it is shown: `GET /v1/widget/{site_key}`.

use serde::Serialize;

use crate::limits::COMMENT_MAX_CHARS;
use crate::metric::{Metric, Scale};
use crate::survey::Survey;

/// The survey to ask, and every word the widget shows, in one language.
#[derive(Debug, Serialize)]
pub struct WidgetConfig {
    /// BCP 47 tag of the language of all texts; the widget sets it as `lang`.
    pub locale: &'static str,
    /// The survey to ask.
    pub survey: WidgetSurvey,
    /// The widget's own words.
    pub texts: &'static WidgetTexts,
    /// Longest comment, in characters.
    pub comment_max_chars: usize,
}

/// A survey as the widget needs it.
#[derive(Debug, Serialize)]
pub struct WidgetSurvey {
    /// Sent back with the response.
    pub name: &'static str,
    /// What it measures.
    pub metric: Metric,
    /// The scores to offer.
    pub scale: Scale,
    /// The question.
    pub question: &'static str,
    /// What the lowest score means.
    pub low_label: &'static str,
    /// What the highest score means.
    pub high_label: &'static str,
}

/// The widget's own words.
#[derive(Debug, Serialize)]
pub struct WidgetTexts {
    /// Label of the comment field.
    pub comment: &'static str,
    /// The button that sends.
    pub send: &'static str,
    /// The same button while it is being sent.
    pub sending: &'static str,
    /// Accessible name of the button that closes.
    pub close: &'static str,
    /// Said when Send is pressed before a score is chosen.
    pub choose: &'static str,
    /// Said when sending failed; what was typed is still there.
    pub failed: &'static str,
    /// Said when the server refused the response for good.
    pub refused: &'static str,
    /// Heading of the thanks.
    pub thanks: &'static str,
    /// What happens next.
    pub thanks_more: &'static str,
}

static ENGLISH: WidgetTexts = WidgetTexts {
    comment: "What is the main reason for your score?",
    send: "Send",
    sending: "Sending\u{2026}",
    close: "Close",
    choose: "Please choose a score first.",
    failed: "That did not go through. Your answer is still here: please try again.",
    refused: "Sorry, we cannot take this answer.",
    thanks: "Thank you!",
    thanks_more: "Your answer has reached the team.",
};

impl WidgetConfig {
    /// What the widget needs to ask `survey`.
    pub fn new(survey: &'static Survey) -> Self {
        let Survey { name, metric, question, low_label, high_label, .. } = *survey;
        Self {
            locale: "en",
            survey: WidgetSurvey { name, metric, scale: metric.scale(), question, low_label, high_label },
            texts: &ENGLISH,
            comment_max_chars: COMMENT_MAX_CHARS,
        }
    }
}
