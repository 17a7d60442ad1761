//! Which screen the customer is on.

use counterbell_shared::widget_config::{WidgetAsk, WidgetConfig};

use super::form::Form;

/// A survey, screen by screen.
pub struct Screens<'a> {
    /// What is asked, and every word to show.
    pub config: WidgetConfig<'a>,
    /// What is asked together with the score.
    first: Vec<WidgetAsk<'a>>,
}

/// One screen of the survey.
#[derive(Clone, Copy)]
pub enum Screen<'a> {
    /// The question with the score.
    Score {
        /// What is asked beside it.
        asks: &'a [WidgetAsk<'a>],
    },
    /// What is asked after it.
    Step {
        /// The questions.
        asks: &'a [WidgetAsk<'a>],
        /// Counts from 1; the score is the first.
        number: usize,
        /// Of all screens before the thanks.
        count: usize,
    },
    /// The end: everything is stored.
    Thanks,
}

impl<'a> Screens<'a> {
    /// The screens of what is asked.
    pub fn new(config: WidgetConfig<'a>) -> Self {
        // A survey that asks nothing after the score leaves room for words beside it, as the card does.
        let question = config.texts.get("comment").copied().unwrap_or_default();
        let first = config.survey.steps.is_empty().then_some(WidgetAsk::Comment { question });
        Self { config, first: first.into_iter().collect() }
    }

    /// What is asked after this score, a screen each.
    pub fn after(&'a self, score: Option<i64>) -> Vec<&'a [WidgetAsk<'a>]> {
        let Some(score) = score.and_then(|score| u8::try_from(score).ok()) else { return Vec::new() };
        let steps = self.config.survey.steps.iter().filter(|step| step.scores.scores().contains(&score));
        steps.map(|step| step.ask.as_slice()).collect()
    }

    /// The first screen.
    pub fn score(&'a self) -> Screen<'a> {
        Screen::Score { asks: &self.first }
    }

    /// The screen that asks what the form is to bring next; never the thanks.
    pub fn asking(&'a self, form: &Form) -> Screen<'a> {
        let steps = self.after(form.score());
        let place = form.step.min(steps.len());
        match place.checked_sub(1).and_then(|place| steps.get(place)) {
            Some(asks) => Screen::Step { asks, number: place + 1, count: steps.len() + 1 },
            None => self.score(),
        }
    }
}

impl<'a> Screen<'a> {
    /// What is asked on it beside the score.
    pub fn asks(self) -> &'a [WidgetAsk<'a>] {
        match self {
            Self::Score { asks } | Self::Step { asks, .. } => asks,
            Self::Thanks => &[],
        }
    }
}
