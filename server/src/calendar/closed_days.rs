//! Days on which nobody is there, whatever the day of the week.

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use jiff::civil::{Date, date};

/// Most closed stretches of days of a calendar.
pub const CLOSED_MAX: usize = 200;
/// Most days on end without an open hour.
pub const CLOSED_MAX_DAYS: i64 = 366;

/// Why a calendar does not close on these days.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotClose {
    /// It is the clock that never stops.
    #[error("\"always\" has no closed days: give it opening hours")]
    NeverCloses,
    /// The last day is earlier than the first.
    #[error("ends before it begins")]
    Backwards,
    /// There are [`CLOSED_MAX`] stretches.
    #[error("there are {CLOSED_MAX} closed days and stretches of them: leave out those that are over")]
    TooMany,
    /// There would be no open hour for more than [`CLOSED_MAX_DAYS`].
    #[error("leaves no open hour from {first} on, for more than {CLOSED_MAX_DAYS} days")]
    TooLong {
        /// First day without an open hour.
        first: Date,
    },
}

const EPOCH: Date = date(1970, 1, 1);

/// Days since 1970-01-01.
pub(super) fn day_of(date: Date) -> i64 {
    i64::from((date - EPOCH).get_days())
}

/// The contrary of [`day_of`].
pub(super) fn date_of(day: i64) -> Date {
    EPOCH.saturating_add(SignedDuration::from_hours(24 * day))
}

/// Stretches of days since 1970-01-01, in order; no two touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClosedDays(Vec<RangeInclusive<i64>>);

impl ClosedDays {
    pub fn contains(&self, day: i64) -> bool {
        let stretch = self.0.partition_point(|stretch| *stretch.end() < day);
        self.0.get(stretch).is_some_and(|stretch| stretch.contains(&day))
    }

    /// Joins stretches that touch.
    pub fn add(&mut self, days: &RangeInclusive<i64>) {
        let from = self.0.partition_point(|stretch| *stretch.end() + 1 < *days.start());
        let to = self.0.partition_point(|stretch| *stretch.start() <= *days.end() + 1);
        let touched = self.0[from..to].iter().chain([days]);
        let (first, last) = touched.fold((i64::MAX, i64::MIN), |(first, last), stretch| {
            (first.min(*stretch.start()), last.max(*stretch.end()))
        });
        self.0.splice(from..to, [first..=last]);
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Each stretch as it is written: `2026-12-25` or `2026-12-24/2027-01-01`.
    pub fn written(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|stretch| {
            let (first, last) = (date_of(*stretch.start()), date_of(*stretch.end()));
            if first == last { first.to_string() } else { format!("{first}/{last}") }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_that_touch_are_one() {
        let mut closed = ClosedDays::default();
        for days in [10..=12, 1..=2, 20..=20, 14..=15, 22..=30] {
            closed.add(&days);
        }
        assert_eq!(closed.0, [1..=2, 10..=12, 14..=15, 20..=20, 22..=30]);
        closed.add(&(13..=13));
        assert_eq!(closed.0, [1..=2, 10..=15, 20..=20, 22..=30]);
        closed.add(&(11..=23));
        assert_eq!(closed.0, [1..=2, 10..=30]);
        closed.add(&(-5..=40));
        assert_eq!(closed.0, [-5..=40]);
        assert_eq!([-6, -5, 40, 41].map(|day| closed.contains(day)), [false, true, true, false]);
    }

    #[test]
    fn days_are_written_as_dates() {
        let mut closed = ClosedDays::default();
        closed.add(&(day_of(date(2026, 12, 24))..=day_of(date(2027, 1, 1))));
        closed.add(&(day_of(date(2026, 10, 3))..=day_of(date(2026, 10, 3))));
        assert_eq!(closed.written().collect::<Vec<_>>(), ["2026-10-03", "2026-12-24/2027-01-01"]);
        let days = [(date(1970, 1, 1), 0), (date(1969, 12, 31), -1), (Date::MAX, 2_932_896), (Date::MIN, -4_371_587)];
        for (date, day) in days {
            assert_eq!((day_of(date), date_of(day)), (day, date));
        }
    }
}
