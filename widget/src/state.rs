//! What the customer has done and is shown: a pure reducer, so that it is tested without a browser.

/// Everything the card's looks depend on, apart from the survey's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// What was picked; kept when sending fails.
    pub score: Option<u8>,
    /// Where the customer is: 0 at the score, else a step's place in the survey, counted from 1.
    pub step: usize,
    /// Steps on which something was answered, a bit each.
    pub answered: u32,
    /// How far the customer got.
    pub phase: Phase,
    /// What is wrong, if anything.
    pub alert: Option<Alert>,
}

/// How far the customer got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Choosing, typing.
    #[default]
    Asking,
    /// The response is on its way; the server has not said it has it.
    Sending,
    /// The server has it.
    Thanked,
    /// The browser has it and will send it later.
    Kept,
}

/// What is wrong. Each is the name of the words that say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// The customer was to go on before a score was chosen.
    Choose,
    /// The e-mail address is none.
    EmailInvalid,
    /// An address without consent to use it.
    ConsentNeeded,
    /// It may work when tried again.
    Failed,
    /// It will not.
    Refused,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The customer moved to a score with the keyboard.
    Pick(u8),
    /// The customer tapped or clicked a score, which leads on.
    Tap(u8),
    /// Something was typed or chosen on the step that is shown.
    Answer,
    /// Next or Send was pressed, and what is shown has this fault, if any.
    Next(Option<Alert>),
    /// Back was pressed.
    Back,
    /// The request is over.
    Sent(Outcome),
}

/// How sending ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server has the response, now or since an earlier try.
    Stored,
    /// The browser keeps it and sends it later.
    Kept,
    /// Neither.
    Failed,
    /// An answer that will be the same next time.
    Refused,
}

impl Action {
    /// What the page's script (`page/card.js`) tells by two numbers; `None` for what it never tells.
    pub fn of(kind: u32, value: u32) -> Option<Self> {
        Some(match (kind, value) {
            (0, score) => Self::Pick(score as u8),
            (1, score) => Self::Tap(score as u8),
            (2, _) => Self::Answer,
            (3, 0) => Self::Next(None),
            (3, 1) => Self::Next(Some(Alert::EmailInvalid)),
            (3, _) => Self::Next(Some(Alert::ConsentNeeded)),
            (4, _) => Self::Back,
            (5, 0) => Self::Sent(Outcome::Stored),
            (5, 1) => Self::Sent(Outcome::Kept),
            (5, 2) => Self::Sent(Outcome::Refused),
            (5, _) => Self::Sent(Outcome::Failed),
            _ => return None,
        })
    }
}

/// Lowest and highest score after which a step is shown.
pub type Scores = (u8, u8);

impl State {
    /// The state after this action, in a survey with these steps.
    pub fn reduce(self, action: Action, steps: &[Scores]) -> Self {
        match (self.phase, action) {
            (Phase::Asking, Action::Pick(score)) => self.pick(score),
            (Phase::Asking, Action::Tap(score)) => {
                let picked = self.pick(score);
                Self { step: picked.next(steps).unwrap_or(0), ..picked }
            }
            (Phase::Asking, Action::Answer) => Self { answered: self.answered | self.bit(), ..self },
            (Phase::Asking, Action::Next(_)) if self.score.is_none() => Self { alert: Some(Alert::Choose), ..self },
            (Phase::Asking, Action::Next(fault @ Some(_))) => Self { alert: fault, ..self },
            // The alert is taken away so that the same words, put there again, are announced again.
            (Phase::Asking, Action::Next(None)) => match self.next(steps) {
                Some(step) => Self { step, alert: None, ..self },
                None => Self { phase: Phase::Sending, alert: None, ..self },
            },
            (Phase::Asking, Action::Back) => {
                let step = self.before(steps).last().unwrap_or(0);
                Self { step, alert: None, ..self }
            }
            (Phase::Sending, Action::Sent(outcome)) => match outcome {
                Outcome::Stored => Self { phase: Phase::Thanked, ..self },
                Outcome::Kept => Self { phase: Phase::Kept, ..self },
                Outcome::Failed => Self { phase: Phase::Asking, alert: Some(Alert::Failed), ..self },
                Outcome::Refused => Self { phase: Phase::Asking, alert: Some(Alert::Refused), ..self },
            },
            // A second press of Send, or a score moved to while sending: what is being sent stays what is shown.
            _ => self,
        }
    }

    /// Whether a step is for the score picked.
    pub fn is_for(&self, (min, max): Scores) -> bool {
        self.score.is_some_and(|score| min <= score && score <= max)
    }

    /// The step after the one that is shown; `None` at the last.
    pub fn next(&self, steps: &[Scores]) -> Option<usize> {
        self.shown(steps).find(|step| *step > self.step)
    }

    /// The steps before the one that is shown.
    pub fn before(&self, steps: &[Scores]) -> impl Iterator<Item = usize> {
        self.shown(steps).filter(|step| *step < self.step)
    }

    /// The steps that are for the score picked, in order.
    pub fn shown(&self, steps: &[Scores]) -> impl Iterator<Item = usize> {
        (1..).zip(steps).filter(|(_, scores)| self.is_for(**scores)).map(|(step, _)| step)
    }

    /// Whether something was answered on the step that is shown.
    pub fn has_answered(&self) -> bool {
        self.answered & self.bit() != 0
    }

    fn bit(&self) -> u32 {
        1_u32.wrapping_shl(self.step as u32)
    }

    fn pick(self, score: u8) -> Self {
        // "Choose a score first" is settled; that sending failed stays true until the next try.
        let alert = self.alert.filter(|alert| *alert != Alert::Choose);
        Self { score: Some(score), alert, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two steps for the dissatisfied, one for the satisfied, none between.
    const STEPS: [Scores; 3] = [(1, 2), (4, 5), (1, 2)];

    fn after(actions: &[Action]) -> State {
        actions.iter().fold(State::default(), |state, action| state.reduce(*action, &STEPS))
    }

    #[test]
    fn moving_over_scores_goes_nowhere() {
        let state = after(&[Action::Pick(1), Action::Pick(2), Action::Pick(3)]);
        assert_eq!(state, State { score: Some(3), ..State::default() });
    }

    #[test]
    fn tap_leads_to_the_first_step_for_the_score() {
        for (score, step) in [(1, 1), (2, 1), (3, 0), (4, 2), (5, 2)] {
            assert_eq!(after(&[Action::Tap(score)]).step, step, "{score}");
        }
    }

    #[test]
    fn next_and_back_pass_only_steps_for_the_score() {
        let mut state = after(&[Action::Tap(2)]);
        let mut walked = vec![state.step];
        for action in [Action::Next(None), Action::Back, Action::Back, Action::Back] {
            state = state.reduce(action, &STEPS);
            walked.push(state.step);
        }
        assert_eq!(walked, [1, 3, 1, 0, 0]);
        assert_eq!(state.phase, Phase::Asking);
    }

    #[test]
    fn next_at_the_last_step_sends() {
        for actions in [
            &[Action::Tap(3), Action::Next(None)][..],
            &[Action::Tap(5), Action::Next(None)],
            &[Action::Tap(1), Action::Next(None), Action::Next(None)],
        ] {
            assert_eq!(after(actions).phase, Phase::Sending, "{actions:?}");
        }
    }

    #[test]
    fn next_without_score_asks_for_one_until_one_is_chosen() {
        let state = after(&[Action::Next(None)]);
        assert_eq!(state, State { alert: Some(Alert::Choose), ..State::default() });
        assert_eq!(state.reduce(Action::Pick(4), &STEPS).alert, None);
    }

    #[test]
    fn fault_holds_the_customer_until_it_is_mended() {
        let state = after(&[Action::Tap(5), Action::Next(Some(Alert::EmailInvalid))]);
        assert_eq!((state.step, state.phase, state.alert), (2, Phase::Asking, Some(Alert::EmailInvalid)));
        assert_eq!(state.reduce(Action::Next(None), &STEPS).alert, None);
    }

    #[test]
    fn thanks_come_only_once_the_response_is_safe() {
        let sending = after(&[Action::Tap(3), Action::Next(None)]);
        for (outcome, phase) in [(Outcome::Stored, Phase::Thanked), (Outcome::Kept, Phase::Kept)] {
            assert_eq!(sending.clone().reduce(Action::Sent(outcome), &STEPS).phase, phase);
        }
    }

    #[test]
    fn failure_keeps_the_answers_and_can_be_tried_again() {
        for (outcome, alert) in [(Outcome::Failed, Alert::Failed), (Outcome::Refused, Alert::Refused)] {
            let state = after(&[Action::Tap(3), Action::Answer, Action::Next(None), Action::Sent(outcome)]);
            let kept = State { score: Some(3), answered: 1, alert: Some(alert), ..State::default() };
            assert_eq!(state, kept);
            assert_eq!(state.reduce(Action::Next(None), &STEPS), State { phase: Phase::Sending, alert: None, ..kept });
        }
    }

    #[test]
    fn nothing_changes_what_is_being_sent_or_was_thanked_for() {
        let sending = after(&[Action::Tap(3), Action::Next(None)]);
        let thanked = sending.clone().reduce(Action::Sent(Outcome::Stored), &STEPS);
        for state in [sending, thanked] {
            for action in [Action::Pick(5), Action::Tap(5), Action::Next(None), Action::Back, Action::Answer] {
                assert_eq!(state.clone().reduce(action, &STEPS), state, "{action:?}");
            }
        }
    }

    #[test]
    fn late_answer_changes_nothing() {
        let asking = after(&[Action::Pick(2)]);
        assert_eq!(asking.clone().reduce(Action::Sent(Outcome::Stored), &STEPS), asking);
    }
}
