//! Conditions on a touchpoint that a timer looks after.

use counterbell_shared::time::DAY_MS;
use serde::Serialize;

use super::condition::leaves_open;

/// Nothing comes from a touchpoint, as when the tablet is off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoResponse {
    /// Which; none named: all that had a response.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub touchpoints: Vec<String>,
    /// For so many days of 24 hours; at least 1.
    pub days: u8,
}

impl NoResponse {
    /// Whether it is about this touchpoint.
    pub fn is_about(&self, touchpoint: &str) -> bool {
        leaves_open(&self.touchpoints, touchpoint)
    }

    /// Whether it holds at `now` of a touchpoint whose last response came at `last` (both Unix ms). Of one that had none
    /// `last` is when the rule was made.
    pub fn holds(&self, last: i64, now: i64) -> bool {
        now >= self.due(last)
    }

    /// When it holds if nothing comes after `last` (both Unix ms).
    pub fn due(&self, last: i64) -> i64 {
        last.saturating_add(i64::from(self.days) * DAY_MS)
    }
}

/// The scores of a touchpoint fall from some weeks to as many next ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Falling {
    /// Which; none named: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub touchpoints: Vec<String>,
    /// By so much of what the mean was, 1 to 100.
    pub by_percent: u8,
    /// So many weeks up to now, beside as many before; at least 1.
    pub weeks: u8,
    /// Either stretch of weeks needs so many responses; at least 1.
    pub least_responses: u32,
}

/// Scores of one metric in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scores {
    /// All added up.
    pub sum: i64,
    /// How many; none below 0.
    pub count: i64,
}

impl Falling {
    /// Whether it is about this touchpoint.
    pub fn is_about(&self, touchpoint: &str) -> bool {
        leaves_open(&self.touchpoints, touchpoint)
    }

    /// Whether the mean fell far enough from `before` to `now`.
    pub fn holds(&self, before: Scores, now: Scores) -> bool {
        let enough = |scores: Scores| scores.count >= i64::from(self.least_responses.max(1));
        // Without fractions: now.sum / now.count <= before.sum / before.count * (100 - by_percent) / 100.
        let [before_sum, before_count, now_sum, now_count] =
            [before.sum, before.count, now.sum, now.count].map(i128::from);
        let kept = 100 - i128::from(self.by_percent);
        let product = |numbers: [i128; 3]| numbers.into_iter().fold(1, i128::saturating_mul);
        let fell = product([now_sum, before_count, 100]) <= product([before_sum, now_count, kept]);
        enough(before) && enough(now) && before.sum > 0 && fell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_counted_from_the_last_response() {
        let silent = NoResponse { touchpoints: vec!["store-12".to_owned()], days: 3 };
        assert!(silent.is_about("store-12") && !silent.is_about("store-1"));
        assert!(!silent.holds(1_000, 1_000 + 3 * DAY_MS - 1));
        assert!(silent.holds(1_000, 1_000 + 3 * DAY_MS));
        assert!(!silent.holds(i64::MAX, 0));
    }

    #[test]
    fn mean_falls_by_a_share_of_what_it_was() {
        let falling = Falling { touchpoints: Vec::new(), by_percent: 20, weeks: 4, least_responses: 20 };
        assert!(falling.is_about("anything"));
        let scores = |sum, count| Scores { sum, count };
        for (before, now, holds) in [
            // CSAT from 4.0 to 3.2 and a bit more.
            (scores(80, 20), scores(64, 20), true),
            (scores(80, 20), scores(65, 20), false),
            (scores(400, 100), scores(64, 20), true),
            (scores(80, 20), scores(100, 20), false),
            // Too few to say.
            (scores(76, 19), scores(20, 20), false),
            (scores(80, 20), scores(19, 19), false),
            // NPS scores that cannot fall.
            (scores(0, 20), scores(0, 20), false),
            (scores(i64::MAX, i64::MAX), scores(0, i64::MAX), true),
        ] {
            assert_eq!(falling.holds(before, now), holds, "{before:?} {now:?}");
        }
    }
}
