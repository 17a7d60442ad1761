//! Metrics, their scales, and the scores and bands on them.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// What a survey measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// Customer satisfaction, 1 (very dissatisfied) to 5 (very satisfied).
    Csat,
    /// Likelihood to recommend, 0 to 10 (Reichheld, "The One Number You Need to Grow", HBR 2003).
    Nps,
    /// Customer effort, 1 (strongly disagree that it was easy) to 7 (strongly agree) (CEB, CES 2.0).
    Ces,
    /// Against what was expected: 1 below, 2 met, 3 exceeded.
    Expectation,
}

impl Metric {
    /// Every metric, in the order they are listed to people.
    pub const ALL: [Self; 4] = [Self::Csat, Self::Nps, Self::Ces, Self::Expectation];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csat => "csat",
            Self::Nps => "nps",
            Self::Ces => "ces",
            Self::Expectation => "expectation",
        }
    }

    /// The scores that can be given.
    pub const fn scale(self) -> Scale {
        let (min, max) = match self {
            Self::Csat => (1, 5),
            Self::Nps => (0, 10),
            Self::Ces => (1, 7),
            Self::Expectation => (1, 3),
        };
        Scale { min, max }
    }

    /// The highest score of a customer who is not content: CSAT 2, NPS 6, CES 3 (disagrees that it was easy), expectation
    /// 1 (below). What the thanks of the templates promise to such customers, the first alert rule of a site keeps.
    pub const fn unhappy_max(self) -> u8 {
        match self {
            Self::Csat => 2,
            Self::Nps => 6,
            Self::Ces => 3,
            Self::Expectation => 1,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Metric {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == name).ok_or(UnknownName)
    }
}

/// The range a score is valid in, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scale {
    /// Lowest score.
    pub min: u8,
    /// Highest score.
    pub max: u8,
}

impl Scale {
    /// The scores, lowest first.
    pub fn scores(self) -> RangeInclusive<u8> {
        self.min..=self.max
    }
}

/// A number given on a metric's scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    metric: Metric,
    value: u8,
}

impl Score {
    /// A score on this metric's scale.
    ///
    /// # Errors
    /// The scale, when `value` is off it.
    pub fn new(value: i64, metric: Metric) -> Result<Self, Scale> {
        let scale = metric.scale();
        match u8::try_from(value) {
            Ok(value) if scale.scores().contains(&value) => Ok(Self { metric, value }),
            _ => Err(scale),
        }
    }

    /// The metric it was given on.
    pub fn metric(self) -> Metric {
        self.metric
    }

    /// The number.
    pub fn value(self) -> u8 {
        self.value
    }

    /// Whether the customer is not content: [`Metric::unhappy_max`] or below.
    pub const fn is_unhappy(self) -> bool {
        self.value <= self.metric.unhappy_max()
    }

    /// The band it falls in; none for metrics whose field has no agreed bands (CES, expectation).
    pub fn band(self) -> Option<Band> {
        Band::ALL.into_iter().find(|band| band.metric() == self.metric && band.scores().contains(&self.value))
    }
}

/// A named part of a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Band {
    /// CSAT 1 and 2.
    Dissatisfied,
    /// CSAT 3.
    Neutral,
    /// CSAT 4 and 5.
    Satisfied,
    /// NPS 0 to 6.
    Detractor,
    /// NPS 7 and 8.
    Passive,
    /// NPS 9 and 10.
    Promoter,
}

impl Band {
    /// Every band, lowest first within its metric.
    pub const ALL: [Self; 6] =
        [Self::Dissatisfied, Self::Neutral, Self::Satisfied, Self::Detractor, Self::Passive, Self::Promoter];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dissatisfied => "dissatisfied",
            Self::Neutral => "neutral",
            Self::Satisfied => "satisfied",
            Self::Detractor => "detractor",
            Self::Passive => "passive",
            Self::Promoter => "promoter",
        }
    }

    /// The metric whose scale it is a part of.
    pub const fn metric(self) -> Metric {
        match self {
            Self::Dissatisfied | Self::Neutral | Self::Satisfied => Metric::Csat,
            Self::Detractor | Self::Passive | Self::Promoter => Metric::Nps,
        }
    }

    /// The scores in it.
    pub const fn scores(self) -> RangeInclusive<u8> {
        match self {
            Self::Dissatisfied => 1..=2,
            Self::Neutral => 3..=3,
            Self::Satisfied => 4..=5,
            Self::Detractor => 0..=6,
            Self::Passive => 7..=8,
            Self::Promoter => 9..=10,
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Band {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|band| band.as_str() == name).ok_or(UnknownName)
    }
}

/// No metric, band or channel has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn score_is_on_its_scale_or_is_none() {
        for metric in Metric::ALL {
            let Scale { min, max } = metric.scale();
            assert!(Score::new(i64::from(min), metric).is_ok());
            assert!(Score::new(i64::from(max), metric).is_ok());
            for off in [i64::from(min) - 1, i64::from(max) + 1, i64::MIN, i64::MAX, 257] {
                assert_eq!(Score::new(off, metric), Err(metric.scale()), "{metric} {off}");
            }
        }
    }

    #[test]
    fn bands_cover_csat_and_nps_without_gap_or_overlap() {
        for metric in [Metric::Csat, Metric::Nps] {
            for score in metric.scale().scores() {
                let bands = Band::ALL.iter().filter(|band| band.metric() == metric && band.scores().contains(&score));
                assert_eq!(bands.count(), 1, "{metric} {score}");
            }
        }
    }

    #[test]
    fn unhappy_is_said_of_every_metric_as_the_bands_say_it() {
        let unhappy = |metric: Metric| -> Vec<u8> {
            let scores = metric.scale().scores();
            scores.filter(|score| Score { metric, value: *score }.is_unhappy()).collect()
        };
        assert_eq!(unhappy(Metric::Csat), [1, 2]);
        assert_eq!(unhappy(Metric::Nps), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(unhappy(Metric::Ces), [1, 2, 3]);
        assert_eq!(unhappy(Metric::Expectation), [1]);
        for band in Band::ALL {
            let scores = band.scores().map(|value| Score { metric: band.metric(), value });
            let is_unhappy = [Band::Dissatisfied, Band::Detractor].contains(&band);
            assert!(scores.into_iter().all(|score| score.is_unhappy() == is_unhappy), "{band}");
        }
    }

    #[test]
    fn detractor_is_an_nps_word_only() {
        let band = |value, metric| Score::new(value, metric).unwrap().band();
        assert_eq!(band(2, Metric::Csat), Some(Band::Dissatisfied));
        assert_eq!(band(6, Metric::Nps), Some(Band::Detractor));
        assert_eq!(band(7, Metric::Nps), Some(Band::Passive));
        assert_eq!(band(1, Metric::Ces), None);
    }
}
