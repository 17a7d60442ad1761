//! Which rules fire for a response.

use std::cell::LazyCell;

use counterbell_shared::answers::Answers;
use counterbell_shared::{Channel, Score};

use super::{Rule, When, Words};

/// What is known of a response and its customer.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The score, on its metric's scale.
    pub score: Score,
    /// The customer's own words.
    pub comment: Option<&'a str>,
    /// Answers to further questions.
    pub answers: Option<&'a Answers>,
    /// Where it was asked.
    pub touchpoint: &'a str,
    /// How it came; `None` is a way that a newer version knows.
    pub channel: Option<Channel>,
    /// BCP 47 tag of the language it was asked in.
    pub locale: Option<&'a str>,
    /// When it came (Unix ms).
    pub at: i64,
    /// When earlier responses came in which this customer was unhappy (Unix ms), in any order; later ones do not count.
    pub earlier_unhappy: &'a [i64],
}

/// The rules that fire, in their order. Those that a timer looks after never do.
pub fn evaluate<'r, R: AsRef<Rule>>(rules: &'r [R], facts: &Facts<'_>) -> Vec<&'r R> {
    let words = LazyCell::new(|| Words::new(facts.comment, facts.answers));
    let fires = |rule: &&R| match &rule.as_ref().when {
        When::Response(condition) => condition.holds(facts, || &*words),
        When::NoResponse { .. } | When::Falling { .. } => false,
    };
    rules.iter().filter(fires).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use counterbell_shared::Metric;
    use counterbell_shared::time::DAY_MS;
    use serde_json::{Value, json};

    use super::*;

    static FACTS: LazyLock<Facts<'_>> = LazyLock::new(|| Facts {
        score: Score::new(1, Metric::Csat).unwrap(),
        comment: Some("The parcel came LATE, I want my money back."),
        answers: None,
        touchpoint: "checkout",
        channel: Some(Channel::Kiosk),
        locale: Some("de-AT"),
        at: 100 * DAY_MS,
        earlier_unhappy: &[],
    });

    fn rule(when: Value) -> Rule {
        let document = json!({ "name": "tried", "when": when, "who": [{ "team": "alerts" }] });
        Rule::parse(document.to_string().as_bytes()).unwrap()
    }

    fn fires(when: Value, facts: &Facts<'_>) -> bool {
        !evaluate(&[rule(when)], facts).is_empty()
    }

    fn score(metric: Metric, value: i64) -> Facts<'static> {
        Facts { score: Score::new(value, metric).unwrap(), ..*FACTS }
    }

    #[test]
    fn conditions_go_by_what_is_known_of_the_response() {
        for (when, holds) in [
            (json!({ "unhappy": true }), true),
            (json!({ "metrics": ["csat"] }), true),
            (json!({ "metrics": ["nps", "ces"] }), false),
            (json!({ "bands": ["dissatisfied"] }), true),
            (json!({ "bands": ["neutral", "promoter"] }), false),
            (json!({ "score": { "max": 1 } }), true),
            (json!({ "score": { "min": 2 } }), false),
            (json!({ "touchpoints": ["store-12", "checkout"] }), true),
            (json!({ "touchpoints": ["check"] }), false),
            (json!({ "words": ["refund", "Money back"] }), true),
            (json!({ "words": ["parcels"] }), false),
            (json!({ "channels": ["kiosk"] }), true),
            (json!({ "channels": ["web"] }), false),
            (json!({ "languages": ["de"] }), true),
            (json!({ "languages": ["DE-at"] }), true),
            (json!({ "languages": ["dea", "de-DE", "de-AT-1996"] }), false),
            (json!({ "choices": [{ "question": "reasons", "any_of": ["late"] }] }), false),
            (json!({ "unhappy": true, "bands": ["dissatisfied"], "words": ["late"], "languages": ["de"] }), true),
            (json!({ "unhappy": true, "bands": ["dissatisfied"], "words": ["late"], "languages": ["fr"] }), false),
        ] {
            assert_eq!(fires(when.clone(), &FACTS), holds, "{when}");
        }
        assert!(!fires(json!({ "languages": ["de"] }), &Facts { locale: None, ..*FACTS }));
        assert!(!fires(json!({ "words": ["late"] }), &Facts { comment: None, ..*FACTS }));
    }

    #[test]
    fn default_rule_fires_for_unhappy_customers_of_every_metric() {
        let fires = |metric: Metric| -> Vec<u8> {
            let fires = |value: &u8| !evaluate(&[Rule::unhappy()], &score(metric, i64::from(*value))).is_empty();
            metric.scale().scores().filter(fires).collect()
        };
        assert_eq!(Metric::ALL.map(fires), [vec![1, 2], (0..=6).collect(), vec![1, 2, 3], vec![1]]);
    }

    #[test]
    fn each_question_needs_one_of_its_choices() {
        let answers = Answers::from_json(r#"{"reasons":{"choices":["late","cold"]},"mood":{"choices":["bad"]}}"#);
        let facts = Facts { answers: answers.as_ref(), ..*FACTS };
        let chosen = |question: &str, any_of: &[&str]| json!({ "question": question, "any_of": any_of });
        assert!(fires(json!({ "choices": [chosen("reasons", &["wrong", "cold"])] }), &facts));
        assert!(fires(json!({ "choices": [chosen("reasons", &["late"]), chosen("mood", &["bad"])] }), &facts));
        assert!(!fires(json!({ "choices": [chosen("reasons", &["late"]), chosen("mood", &["good"])] }), &facts));
        assert!(!fires(json!({ "choices": [chosen("mood", &["late"])] }), &facts));
    }

    #[test]
    fn unhappy_again_counts_this_response_and_those_of_the_days_before() {
        let third = json!({ "unhappy_again": { "times": 3, "days": 30 } });
        let (day, edge) = (FACTS.at - DAY_MS, FACTS.at - 30 * DAY_MS);
        for (earlier, holds) in [
            (&[day, edge][..], true),
            (&[FACTS.at, day], true),
            (&[day], false),
            (&[day, edge - 1], false),
            (&[day, FACTS.at + 1], false),
            (&[edge, day, day - 5], true),
        ] {
            assert_eq!(fires(third.clone(), &Facts { earlier_unhappy: earlier, ..*FACTS }), holds, "{earlier:?}");
        }
        let happy = Facts { earlier_unhappy: &[day, edge], ..score(Metric::Csat, 5) };
        assert!(!fires(third, &happy), "this customer is content now");
    }

    #[test]
    fn rules_fire_in_their_order_and_those_of_timers_do_not() {
        let named = |name: &str, when| Rule { name: name.to_owned(), ..rule(when) };
        let rules = [
            named("b", json!({ "words": ["late"] })),
            named("silent", json!({ "no_response": { "days": 3 } })),
            named("happy", json!({ "bands": ["satisfied"] })),
            named("a", json!({ "unhappy": true })),
        ];
        let names: Vec<_> = evaluate(&rules, &FACTS).iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
    }
}
