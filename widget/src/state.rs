//! What the customer has done and is shown: a pure reducer, so that it is tested without a browser.

use counterbell_shared::Score;

/// Everything the card's looks depend on, apart from the survey's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// What was picked; kept when sending fails.
    pub score: Option<Score>,
    /// How far the customer got.
    pub phase: Phase,
    /// What is wrong, if anything.
    pub alert: Option<Alert>,
}

/// How far the customer got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Choosing a score, typing a comment.
    #[default]
    Asking,
    /// The response is on its way; the server has not said it has it.
    Sending,
    /// The server has it.
    Thanked,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// Send was pressed before a score was chosen.
    Choose,
    /// It may work when tried again.
    Failed,
    /// It will not.
    Refused,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The customer moved to a score.
    Pick(Score),
    /// The customer pressed Send.
    Send,
    /// The request is over.
    Answered(Answer),
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The server has the response, now or since an earlier try.
    Stored,
    /// No answer, or one that may differ next time.
    Failed,
    /// An answer that will be the same next time.
    Refused,
}

impl Answer {
    /// What an HTTP status means; `None` is no answer in time.
    ///
    /// Of the 4xx, 408, 425 and 429 ask for another try (RFC 9110 section 15.5.9, RFC 8470, RFC 6585).
    pub fn from_status(status: Option<u16>) -> Self {
        match status {
            Some(200..=299) => Self::Stored,
            Some(408 | 425 | 429) => Self::Failed,
            Some(400..=499) => Self::Refused,
            _ => Self::Failed,
        }
    }
}

impl State {
    /// The state after this action.
    pub fn reduce(self, action: Action) -> Self {
        match (self.phase, action) {
            (Phase::Asking, Action::Pick(score)) => {
                // "Choose a score first" is settled; that sending failed stays true until the next try.
                let alert = self.alert.filter(|alert| *alert != Alert::Choose);
                Self { score: Some(score), alert, ..self }
            }
            (Phase::Asking, Action::Send) if self.score.is_none() => Self { alert: Some(Alert::Choose), ..self },
            // The alert is taken away so that the same words, put there again, are announced again.
            (Phase::Asking, Action::Send) => Self { phase: Phase::Sending, alert: None, ..self },
            (Phase::Sending, Action::Answered(answer)) => match answer {
                Answer::Stored => Self { phase: Phase::Thanked, ..self },
                Answer::Failed => Self { phase: Phase::Asking, alert: Some(Alert::Failed), ..self },
                Answer::Refused => Self { phase: Phase::Asking, alert: Some(Alert::Refused), ..self },
            },
            // A second press of Send, or a score moved to while sending: what is being sent stays what is shown.
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use counterbell_shared::Metric;

    use super::*;

    fn score(value: i64) -> Score {
        Score::new(value, Metric::Csat).unwrap()
    }

    fn after(actions: &[Action]) -> State {
        actions.iter().fold(State::default(), |state, action| state.reduce(*action))
    }

    #[test]
    fn moving_over_scores_sends_nothing() {
        let state = after(&[Action::Pick(score(1)), Action::Pick(score(2)), Action::Pick(score(3))]);
        assert_eq!(state, State { score: Some(score(3)), phase: Phase::Asking, alert: None });
    }

    #[test]
    fn send_without_score_asks_for_one_until_one_is_chosen() {
        let state = after(&[Action::Send]);
        assert_eq!(state, State { score: None, phase: Phase::Asking, alert: Some(Alert::Choose) });
        assert_eq!(state.reduce(Action::Pick(score(4))).alert, None);
    }

    #[test]
    fn thanks_come_only_after_the_server_has_the_response() {
        let sending = after(&[Action::Pick(score(5)), Action::Send]);
        assert_eq!(sending.phase, Phase::Sending);
        assert_eq!(sending.reduce(Action::Answered(Answer::Stored)).phase, Phase::Thanked);
    }

    #[test]
    fn failure_keeps_the_score_and_can_be_tried_again() {
        for (answer, alert) in [(Answer::Failed, Alert::Failed), (Answer::Refused, Alert::Refused)] {
            let state = after(&[Action::Pick(score(2)), Action::Send, Action::Answered(answer)]);
            assert_eq!(state, State { score: Some(score(2)), phase: Phase::Asking, alert: Some(alert) });
            let again = state.reduce(Action::Send);
            assert_eq!(again, State { score: Some(score(2)), phase: Phase::Sending, alert: None });
        }
    }

    #[test]
    fn nothing_changes_what_is_being_sent_or_was_thanked_for() {
        let sending = after(&[Action::Pick(score(2)), Action::Send]);
        let thanked = sending.clone().reduce(Action::Answered(Answer::Stored));
        for state in [sending, thanked] {
            assert_eq!(state.clone().reduce(Action::Pick(score(5))), state);
            assert_eq!(state.clone().reduce(Action::Send), state);
        }
    }

    #[test]
    fn late_answer_changes_nothing() {
        let asking = after(&[Action::Pick(score(2))]);
        assert_eq!(asking.clone().reduce(Action::Answered(Answer::Stored)), asking);
    }

    #[test]
    fn status_says_whether_trying_again_helps() {
        let cases = [
            (Some(200), Answer::Stored),
            (Some(201), Answer::Stored),
            (Some(400), Answer::Refused),
            (Some(404), Answer::Refused),
            (Some(408), Answer::Failed),
            (Some(422), Answer::Refused),
            (Some(425), Answer::Failed),
            (Some(429), Answer::Failed),
            (Some(500), Answer::Failed),
            (Some(503), Answer::Failed),
            (Some(0), Answer::Failed),
            (None, Answer::Failed),
        ];
        for (status, answer) in cases {
            assert_eq!(Answer::from_status(status), answer, "{status:?}");
        }
    }
}
