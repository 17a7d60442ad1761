//! Conditions on a touchpoint that a timer looks after.

use serde::{Deserialize, Serialize};

use super::condition::leaves_open;

/// Nothing comes from a touchpoint, as when the tablet is off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoResponse {
    /// Which; none named: all that had responses lately.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub touchpoints: Vec<String>,
    /// For so many days on which it is open; at least 1.
    pub days: u8,
}

/// How quiet it is at a touchpoint. Days are those on which it is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quiet {
    /// Whole days since the last response.
    pub days: u32,
    /// Days from the first response that was looked at to the last, both included.
    pub days_before: u32,
    /// On how many of those there was one.
    pub days_with_responses: u32,
}

impl NoResponse {
    /// A touchpoint that no rule names had responses on so many days at least: one is somebody who tries it out.
    const LEAST_DAYS: u32 = 3;
    /// The silence at such a touchpoint is so many times as long as it usually waits for a response, or as often as the rule
    /// has days, if those are fewer.
    const TIMES_AS_LONG: u32 = 3;

    /// Whether it is about this touchpoint.
    pub fn is_about(&self, touchpoint: &str) -> bool {
        leaves_open(&self.touchpoints, touchpoint)
    }

    /// So many days, of all there are, are looked back on for responses. A touchpoint that had its last before was closed.
    pub fn looked_back_days(&self) -> i32 {
        60 + 2 * i32::from(self.days)
    }

    /// Whether the silence is long enough. Where the rule names no touchpoints, it is unusual there, too.
    pub fn holds(&self, quiet: Quiet) -> bool {
        let times = Self::TIMES_AS_LONG.min(self.days.into());
        let is_unusual = quiet.days_with_responses >= Self::LEAST_DAYS
            && quiet.days.saturating_mul(quiet.days_with_responses) >= quiet.days_before.saturating_mul(times);
        quiet.days >= u32::from(self.days) && (is_unusual || !self.touchpoints.is_empty())
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scores {
    /// All added up.
    pub sum: i64,
    /// How many; none below 0.
    pub count: i64,
}

impl Scores {
    /// Their mean; 0 of none.
    pub fn mean(self) -> f64 {
        self.sum as f64 / self.count.max(1) as f64
    }
}

impl Falling {
    /// Whether it is about this touchpoint.
    pub fn is_about(&self, touchpoint: &str) -> bool {
        leaves_open(&self.touchpoints, touchpoint)
    }

    /// How long each stretch is, in days.
    pub fn days(&self) -> i32 {
        i32::from(self.weeks) * 7
    }

    /// Whether the mean fell far enough from `before` to `now`.
    pub fn holds(&self, before: Scores, now: Scores) -> bool {
        self.is_enough(before)
            && self.is_enough(now)
            && before.sum > 0
            && fell(before, now, 10 * i128::from(self.by_percent))
    }

    /// Whether a fall that was told is over: the mean is back by more than half of it.
    pub fn is_over(&self, before: Scores, now: Scores) -> bool {
        self.is_enough(now) && !fell(before, now, 5 * i128::from(self.by_percent))
    }

    fn is_enough(&self, scores: Scores) -> bool {
        scores.count >= i64::from(self.least_responses.max(1))
    }
}

/// Whether the mean fell by so many thousandths of what it was. Without fractions, it is:
/// now.sum / now.count <= before.sum / before.count * (1000 - thousandths) / 1000.
fn fell(before: Scores, now: Scores, thousandths: i128) -> bool {
    let [before_sum, before_count, now_sum, now_count] = [before.sum, before.count, now.sum, now.count].map(i128::from);
    let product = |numbers: [i128; 3]| numbers.into_iter().fold(1, i128::saturating_mul);
    product([now_sum, before_count, 1_000]) <= product([before_sum, now_count, 1_000 - thousandths])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_touchpoint_is_silent_after_so_many_days_and_any_other_when_that_is_unusual_there() {
        let every = NoResponse { touchpoints: Vec::new(), days: 3 };
        let named = NoResponse { touchpoints: vec!["store-12".to_owned()], days: 3 };
        assert!(named.is_about("store-12") && !named.is_about("store-1") && every.is_about("store-1"));
        let quiet = |days, days_before, days_with_responses| Quiet { days, days_before, days_with_responses };
        for (quiet, of_named, of_every) in [
            (quiet(2, 60, 60), false, false),
            (quiet(3, 60, 60), true, true),
            // Somebody tried it out.
            (quiet(60, 2, 2), true, false),
            (quiet(3, 3, 3), true, true),
            // A response every other day.
            (quiet(5, 60, 30), true, false),
            (quiet(6, 60, 30), true, true),
            // Never any.
            (quiet(3, 0, 0), true, false),
            (quiet(u32::MAX, u32::MAX, 3), true, true),
        ] {
            assert_eq!((named.holds(quiet), every.holds(quiet)), (of_named, of_every), "{quiet:?}");
        }
        let next_day = NoResponse { touchpoints: Vec::new(), days: 1 };
        assert!(next_day.holds(quiet(1, 60, 60)) && !next_day.holds(quiet(1, 60, 59)));
    }

    #[test]
    fn mean_falls_by_a_share_of_what_it_was() {
        let falling = Falling { touchpoints: Vec::new(), by_percent: 20, weeks: 4, least_responses: 20 };
        assert!(falling.is_about("anything"));
        let scores = |sum, count| Scores { sum, count };
        for (before, now, holds, is_over) in [
            // CSAT from 4.0 to 3.2 and a bit more.
            (scores(80, 20), scores(64, 20), true, false),
            (scores(80, 20), scores(65, 20), false, false),
            (scores(400, 100), scores(64, 20), true, false),
            // To 3.6, which is half of the fall, and more.
            (scores(80, 20), scores(72, 20), false, false),
            (scores(80, 20), scores(73, 20), false, true),
            (scores(80, 20), scores(100, 20), false, true),
            // Too few to say.
            (scores(76, 19), scores(20, 20), false, false),
            (scores(80, 20), scores(19, 19), false, false),
            (scores(80, 20), scores(95, 19), false, false),
            // NPS scores that cannot fall.
            (scores(0, 20), scores(0, 20), false, false),
            (scores(i64::MAX, i64::MAX), scores(0, i64::MAX), true, false),
        ] {
            assert_eq!(falling.holds(before, now), holds, "{before:?} {now:?}");
            assert_eq!(falling.is_over(before, now), is_over, "{before:?} {now:?}");
        }
    }
}
