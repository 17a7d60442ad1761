//! Which responses somebody is told about.

use crate::metric::{Band, Score};

/// A condition on a response; when it holds, the site's recipients are told by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// Unique within the site.
    pub name: String,
    /// A score in one of these bands fires it; so does every unhappy score, for the rule named [`Self::UNHAPPY`].
    pub bands: Vec<Band>,
}

impl AlertRule {
    /// Name of the rule that every site starts with. It is read by its name: sites of earlier versions have it too, and
    /// effort (CES) and expectation have no bands that could be stored with it.
    pub const UNHAPPY: &str = "unhappy";

    /// What every site starts with: CSAT 1 or 2, NPS 0 to 6, CES 1 to 3, expectation below.
    pub fn default_rule() -> Self {
        Self { name: Self::UNHAPPY.to_owned(), bands: Band::UNHAPPY.to_vec() }
    }

    /// Whether a response with this score fires it.
    pub fn fires(&self, score: Score) -> bool {
        let is_in_band = score.band().is_some_and(|band| self.bands.contains(&band));
        is_in_band || (self.name == Self::UNHAPPY && score.is_unhappy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Metric;

    fn fires(rule: &AlertRule, metric: Metric) -> Vec<u8> {
        let scores = metric.scale().scores();
        scores.filter(|value| rule.fires(Score::new(i64::from(*value), metric).unwrap())).collect()
    }

    #[test]
    fn default_rule_fires_for_unhappy_customers_of_every_metric() {
        let rule = AlertRule::default_rule();
        assert_eq!(fires(&rule, Metric::Csat), [1, 2]);
        assert_eq!(fires(&rule, Metric::Nps), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(fires(&rule, Metric::Ces), [1, 2, 3]);
        assert_eq!(fires(&rule, Metric::Expectation), [1]);
    }

    #[test]
    fn rule_of_another_name_fires_for_its_bands_only() {
        let rule = AlertRule { name: "lost".to_owned(), bands: vec![Band::Detractor, Band::Neutral] };
        assert_eq!(fires(&rule, Metric::Csat), [3]);
        assert_eq!(fires(&rule, Metric::Nps), [0, 1, 2, 3, 4, 5, 6]);
        assert!(fires(&rule, Metric::Ces).is_empty() && fires(&rule, Metric::Expectation).is_empty());
    }
}
