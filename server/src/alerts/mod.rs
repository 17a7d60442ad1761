//! Which responses somebody is told about.

use counterbell_shared::Score;
use counterbell_shared::metric::Band;

/// A condition on a response; when it holds, the site's recipients are told by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// Unique within the site.
    pub name: String,
    /// A score in one of these bands fires it.
    pub bands: Vec<Band>,
}

impl AlertRule {
    /// What every site starts with: CSAT 1 or 2, NPS 0 to 6.
    pub fn default_rule() -> Self {
        Self { name: "unhappy".to_owned(), bands: Band::UNHAPPY.to_vec() }
    }

    /// Whether a response with this score fires it.
    pub fn fires(&self, score: Score) -> bool {
        score.band().is_some_and(|band| self.bands.contains(&band))
    }
}

#[cfg(test)]
mod tests {
    use counterbell_shared::Metric;

    use super::*;

    #[test]
    fn default_rule_fires_for_unhappy_customers_only() {
        let rule = AlertRule::default_rule();
        let fires = |metric: Metric| -> Vec<u8> {
            let scores = metric.scale().scores();
            scores.filter(|value| rule.fires(Score::new(i64::from(*value), metric).unwrap())).collect()
        };
        assert_eq!(fires(Metric::Csat), [1, 2]);
        assert_eq!(fires(Metric::Nps), [0, 1, 2, 3, 4, 5, 6]);
        assert!(fires(Metric::Ces).is_empty());
        assert!(fires(Metric::Expectation).is_empty());
    }
}
