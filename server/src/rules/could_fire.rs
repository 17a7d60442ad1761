//! Which responses a rule could fire for: what can be told without a database.

use counterbell_shared::answers::{Answer, Answers};
use counterbell_shared::{Metric, Score};

use super::{Condition, Rule, When};

/// Scores of one metric, 0 to 10.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScoreSet(u16);

impl ScoreSet {
    /// Whether this score is one of them.
    pub fn contains(self, score: impl TryInto<u32>) -> bool {
        score.try_into().is_ok_and(|score| self.0.checked_shr(score).is_some_and(|set| set & 1 == 1))
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those on the metric's scale that `is_in` takes.
    pub fn of(metric: Metric, is_in: impl Fn(Score) -> bool) -> Self {
        let scores = metric.scale().scores().filter_map(|value| Score::new(i64::from(value), metric).ok());
        Self(scores.filter(|score| is_in(*score)).fold(0, |set, score| set | 1 << score.value()))
    }
}

/// Outside of this a rule fires for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CouldFire {
    /// In the order of [`Metric::ALL`].
    scores: [ScoreSet; 4],
    /// Only when the customer wrote something, as a comment or beside the choices.
    pub needs_words: bool,
    /// Only when the customer chose something.
    pub needs_choices: bool,
}

impl CouldFire {
    pub(super) fn of(condition: &Condition) -> Self {
        Self {
            scores: Metric::ALL.map(|metric| ScoreSet::of(metric, |score| condition.allows(score))),
            needs_words: !condition.words.is_empty(),
            needs_choices: !condition.choices.is_empty(),
        }
    }

    /// The scores of a metric at which it could.
    pub fn scores(&self, metric: Metric) -> ScoreSet {
        self.scores[metric as usize]
    }

    /// Whether it could for a response of which only this is known. A later revision may have more.
    pub fn holds(&self, score: Score, has_comment: bool, answers: Option<&Answers>) -> bool {
        let any = |is_so: fn(&Answer) -> bool| answers.is_some_and(|answers| answers.iter().any(|(_, one)| is_so(one)));
        self.scores(score.metric()).contains(score.value())
            && (!self.needs_words || has_comment || any(|answer| answer.other.is_some()))
            && (!self.needs_choices || any(|answer| !answer.choices.is_empty()))
    }

    /// Whether it fires for no response at all, as rules do that a timer looks after.
    pub fn is_never(&self) -> bool {
        self.scores.iter().all(|scores| scores.is_empty())
    }
}

/// Which responses the rule could fire for: at least those for which [`evaluate`](super::evaluate) finds it.
pub fn could_fire(rule: &Rule) -> CouldFire {
    let When::Response(condition) = &rule.when else { return CouldFire::default() };
    CouldFire::of(condition)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::{Condition, Facts, Phrase, ScoreRange, evaluate, strategies};

    #[test]
    fn set_has_the_scores_that_it_was_made_of() {
        let set = ScoreSet::of(Metric::Nps, |score| score.value() % 5 == 0);
        let scores: Vec<u8> = (0..=u8::MAX).filter(|score| set.contains(*score)).collect();
        assert_eq!(scores, [0, 5, 10]);
        assert!(ScoreSet::default().is_empty() && !set.is_empty());
    }

    #[test]
    fn rule_is_narrowed_by_scores_and_by_what_it_needs() {
        let condition = |condition| Rule { when: When::Response(condition), ..Rule::unhappy() };
        let score = Some(ScoreRange { min: 2, max: 4 });
        let words = vec![Phrase::new("late").unwrap()];
        let fire = could_fire(&condition(Condition { unhappy: true, score, words, ..Condition::default() }));
        let of = |metric: Metric| -> Vec<u8> { (0..=10).filter(|one| fire.scores(metric).contains(*one)).collect() };
        assert_eq!(Metric::ALL.map(of), [vec![2], vec![2, 3, 4], vec![2, 3], vec![]]);
        assert!(fire.needs_words && !fire.needs_choices);

        let two = Score::new(2, Metric::Csat).unwrap();
        let other = Answers::from_json(r#"{"reasons":{"other":"late"}}"#);
        let chosen = Answers::from_json(r#"{"reasons":{"choices":["late"]}}"#);
        assert!(fire.holds(two, true, None) && fire.holds(two, false, other.as_ref()));
        assert!(!fire.holds(two, false, None) && !fire.holds(two, false, chosen.as_ref()));
    }

    proptest! {
        #[test]
        fn no_response_is_missed_for_which_a_rule_fires(rule in strategies::rule(), known in strategies::known()) {
            let facts = known.facts();
            if !evaluate(std::slice::from_ref(&rule), &facts).is_empty() {
                let could = could_fire(&rule);
                prop_assert!(could.holds(facts.score, facts.comment.is_some(), facts.answers));
                prop_assert!(!could.is_never());
            }
        }

        #[test]
        fn without_words_and_answers_a_score_fires_where_it_could(rule in strategies::rule(), known in strategies::known()) {
            let When::Response(condition) = &rule.when else { unreachable!("all are") };
            let score_alone = Condition { unhappy_again: None, touchpoints: vec![], words: vec![], choices: vec![],
                channels: vec![], languages: vec![], ..condition.clone() };
            let again = condition.unhappy_again.is_some();
            let rule = Rule { when: When::Response(Condition { unhappy: condition.unhappy || again, ..score_alone }), ..rule };
            let facts: Facts<'_> = known.facts();
            let fires = !evaluate(std::slice::from_ref(&rule), &facts).is_empty();
            prop_assert_eq!(fires, could_fire(&rule).holds(facts.score, false, None));
        }
    }
}
