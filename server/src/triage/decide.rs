//! Which rules fire for a response, and who is told.

use counterbell_shared::{AlertRule, Score};

/// What is known when it is decided.
pub struct Facts<'a> {
    /// The score; `None` when the response counts nowhere: it is held back.
    pub score: Option<Score>,
    /// The site's rules.
    pub rules: &'a [AlertRule],
    /// Names of the rules that fired before, the first one first.
    pub fired: &'a [String],
    /// Who is told of unhappy customers.
    pub recipients: &'a [String],
    /// Who was told of this one, or will be.
    pub told: &'a [String],
}

/// What follows.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// These rules fire now, and these people are to be told. Both may be none.
    Tell {
        /// Rules that had not fired before.
        rules: Vec<String>,
        /// The rule they are told by: the first that ever fired.
        by: String,
        /// Who was not told before.
        recipients: Vec<String>,
    },
    /// Nothing fires, or not any more: what nobody was told of yet is taken back.
    Withdraw,
    /// Nothing fires, and nothing did.
    Nothing,
}

/// Nobody is told twice of the same response, however often a rule fires for it: one message per recipient.
pub fn decide(facts: &Facts<'_>) -> Decision {
    let fires = |rule: &&AlertRule| facts.score.is_some_and(|score| rule.fires(score));
    let firing: Vec<_> = facts.rules.iter().filter(fires).map(|rule| rule.name.clone()).collect();
    let Some(by) = facts.fired.first().or(firing.first()).cloned() else { return Decision::Nothing };
    if firing.is_empty() {
        return Decision::Withdraw;
    }
    let is_new = |old: &[String], one: &String| !old.contains(one);
    Decision::Tell {
        by,
        rules: firing.into_iter().filter(|rule| is_new(facts.fired, rule)).collect(),
        recipients: facts.recipients.iter().filter(|recipient| is_new(facts.told, recipient)).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use counterbell_shared::Metric;
    use counterbell_shared::metric::Band;

    use super::*;

    fn rules() -> Vec<AlertRule> {
        vec![
            AlertRule::default_rule(),
            AlertRule { name: "lukewarm".to_owned(), bands: vec![Band::Neutral, Band::Dissatisfied] },
        ]
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    fn decided(score: Option<i64>, fired: &[&str], told: &[&str]) -> Decision {
        decide(&Facts {
            score: score.map(|score| Score::new(score, Metric::Csat).unwrap()),
            rules: &rules(),
            fired: &texts(fired),
            recipients: &texts(&["a@x.example", "b@x.example"]),
            told: &texts(told),
        })
    }

    fn tell(rules: &[&str], by: &str, recipients: &[&str]) -> Decision {
        Decision::Tell { rules: texts(rules), by: by.to_owned(), recipients: texts(recipients) }
    }

    #[test]
    fn every_rule_that_fires_is_recorded_and_everybody_told_once() {
        assert_eq!(
            decided(Some(1), &[], &[]),
            tell(&["unhappy", "lukewarm"], "unhappy", &["a@x.example", "b@x.example"])
        );
        assert_eq!(decided(Some(4), &[], &[]), Decision::Nothing);
        assert_eq!(decided(None, &[], &[]), Decision::Nothing);
    }

    #[test]
    fn rule_that_fires_at_a_later_revision_is_recorded_and_tells_only_who_was_not_told() {
        assert_eq!(decided(Some(3), &[], &[]), tell(&["lukewarm"], "lukewarm", &["a@x.example", "b@x.example"]));
        assert_eq!(
            decided(Some(1), &["lukewarm"], &["a@x.example", "b@x.example"]),
            tell(&["unhappy"], "lukewarm", &[])
        );
        assert_eq!(decided(Some(1), &["lukewarm"], &["a@x.example"]), tell(&["unhappy"], "lukewarm", &["b@x.example"]));
        let both = ["lukewarm", "unhappy"];
        assert_eq!(decided(Some(2), &both, &["a@x.example", "b@x.example"]), tell(&[], "lukewarm", &[]));
    }

    #[test]
    fn what_no_longer_fires_is_taken_back() {
        assert_eq!(decided(Some(5), &["unhappy"], &["a@x.example"]), Decision::Withdraw);
        assert_eq!(decided(None, &["unhappy"], &[]), Decision::Withdraw);
    }
}
