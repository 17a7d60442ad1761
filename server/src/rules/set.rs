//! The rules of a site, read once.

use counterbell_shared::answers::Answers;
use counterbell_shared::{Metric, Score};

use super::{CouldFire, Rule, ScoreSet, When, could_fire};

/// A version of a rule as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRule {
    /// A slug.
    pub name: String,
    /// Counts from 1.
    pub version: i32,
    /// Which [`Rule::parse`] reads, unless somebody else wrote it.
    pub document: String,
}

impl StoredRule {
    /// The rule; `None` when the document is none of this name.
    pub fn read(&self) -> Option<Rule> {
        Rule::parse(self.document.as_bytes()).ok().filter(|rule| rule.name == self.name)
    }
}

/// A rule that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedRule {
    /// Counts from 1.
    pub version: i32,
    /// What it says.
    pub rule: Rule,
}

impl AsRef<Rule> for VersionedRule {
    fn as_ref(&self) -> &Rule {
        &self.rule
    }
}

/// All rules of a site that are in force.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    stored: Vec<StoredRule>,
    in_force: Vec<VersionedRule>,
    unreadable: Vec<String>,
    could_fire: Vec<CouldFire>,
    /// Scores at which one of them could fire, in the order of [`Metric::ALL`].
    scores: [ScoreSet; 4],
}

impl RuleSet {
    /// Of what is stored. Urgent rules come first, each kind in the order it is stored in.
    pub fn new(stored: Vec<StoredRule>) -> Self {
        let mut set = Self::default();
        for one in &stored {
            match one.read() {
                Some(rule) => set.in_force.push(VersionedRule { version: one.version, rule }),
                None => set.unreadable.push(one.name.clone()),
            }
        }
        set.in_force.sort_by_key(|one| !one.rule.urgent);
        set.could_fire = set.in_force.iter().map(|one| could_fire(&one.rule)).filter(|one| !one.is_never()).collect();
        let fires_at = |score: Score| {
            // Nobody knows at which scores a rule fires that cannot be read.
            let fires = |one: &CouldFire| one.scores(score.metric()).contains(score.value());
            !set.unreadable.is_empty() || set.could_fire.iter().any(fires)
        };
        set.scores = Metric::ALL.map(|metric| ScoreSet::of(metric, fires_at));
        Self { stored, ..set }
    }

    /// What it was made of.
    pub fn stored(&self) -> &[StoredRule] {
        &self.stored
    }

    /// Those that can be read.
    pub fn in_force(&self) -> &[VersionedRule] {
        &self.in_force
    }

    /// The one of this name that is in force and can be read.
    pub fn named(&self, name: &str) -> Option<&VersionedRule> {
        self.in_force.iter().find(|one| one.rule.name == name)
    }

    /// Names of those that cannot: without them nothing can be decided.
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// Whether one of them counts earlier responses of the customer.
    pub fn counts_earlier(&self) -> bool {
        let counts = |one: &VersionedRule| match &one.rule.when {
            When::Response(condition) => condition.unhappy_again.is_some(),
            When::NoResponse { .. } | When::Falling { .. } => false,
        };
        self.in_force.iter().any(counts)
    }

    /// Whether one of them could fire for a response of which this is known: it may for no other. A later revision may
    /// have more.
    pub fn could_fire(&self, score: Score, has_comment: bool, answers: Option<&Answers>) -> bool {
        self.scores[score.metric() as usize].contains(score.value())
            && (!self.unreadable.is_empty() || self.could_fire.iter().any(|one| one.holds(score, has_comment, answers)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::{UNHAPPY, evaluate, strategies};

    fn stored(name: &str, document: &str) -> StoredRule {
        StoredRule { name: name.to_owned(), version: 3, document: document.to_owned() }
    }

    fn set_of(rules: &[Rule]) -> RuleSet {
        RuleSet::new(rules.iter().map(|rule| stored(&rule.name, &rule.to_string())).collect())
    }

    #[test]
    fn rule_that_cannot_be_read_could_fire_for_anything() {
        let other_name = stored("angry", &Rule::unhappy().to_string());
        let set = RuleSet::new(vec![
            stored("bogus", "dissatisfied"),
            other_name,
            stored(UNHAPPY, &Rule::unhappy().to_string()),
        ]);
        assert_eq!(set.unreadable(), ["bogus", "angry"]);
        assert_eq!(set.in_force(), [VersionedRule { version: 3, rule: Rule::unhappy() }]);
        assert!(set.could_fire(Score::new(5, Metric::Csat).unwrap(), false, None));
        assert!(!RuleSet::default().could_fire(Score::new(1, Metric::Csat).unwrap(), true, None));
    }

    #[test]
    fn urgent_rules_come_first() {
        let named = |name: &str, urgent| Rule {
            name: name.to_owned(),
            urgent,
            soon: crate::rules::Soon::Now,
            ..Rule::unhappy()
        };
        let set = set_of(&[named("a", false), named("b", true), named("c", false), named("d", true)]);
        assert_eq!(set.in_force().iter().map(|one| one.rule.name.as_str()).collect::<Vec<_>>(), ["b", "d", "a", "c"]);
    }

    #[test]
    fn every_site_of_an_earlier_version_gets_the_first_rules() {
        for migration in [
            include_str!("../../../migrations/sqlite/0025_rules/up.sql"),
            include_str!("../../../migrations/postgres/0025_rules/up.sql"),
        ] {
            assert!(migration.contains(&format!("THEN '{}'", Rule::unhappy())));
        }
        for migration in [
            include_str!("../../../migrations/sqlite/0030_touchpoint_alerts/up.sql"),
            include_str!("../../../migrations/postgres/0030_touchpoint_alerts/up.sql"),
        ] {
            assert!(migration.contains(&format!("'{}'", Rule::silent())));
        }
        let carried_over = r#"{"name":"lost","when":{"bands":["detractor","neutral"]},"who":[{"team":"alerts"}]}"#;
        assert!(stored("lost", carried_over).read().is_some());
        let unreadable = r#"{"name":"lost","when":{"bands":["bogus"]},"who":[{"team":"alerts"}]}"#;
        assert_eq!(stored("lost", unreadable).read(), None);
    }

    proptest! {
        #[test]
        fn no_response_is_missed_for_which_one_of_many_fires(
            rules in proptest::collection::vec(strategies::rule(), 0..4),
            known in strategies::known(),
        ) {
            let set = set_of(&rules);
            let facts = known.facts();
            if !evaluate(set.in_force(), &facts).is_empty() {
                prop_assert!(set.could_fire(facts.score, facts.comment.is_some(), facts.answers));
            }
        }
    }
}
