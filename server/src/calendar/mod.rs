//! Opening hours and closed days: how much time counts between two moments, and when so much of it is over.
//!
//! A calendar speaks of what the clock on the wall shows, and time is measured between moments: eight open hours are eight
//! hours, also in the night in which clocks change. It is open whenever the wall shows a time of a span: at a time that comes
//! twice it is open twice, at a time that is left out it is not. A span belongs to the day on which it begins, so a day that
//! is closed takes its hours after midnight with it.
//!
//! Nothing here reads a clock, a database or the machine's zone. Moments are Unix ms. Whoever keeps a due time stores the
//! moment: computed again with other hours or newer zone data it may be another one.

mod closed_days;
mod hours;
mod open_time;
mod parse;
#[cfg(test)]
mod properties;
mod span;
#[cfg(test)]
mod tests;
mod write;

use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use closed_days::{CLOSED_MAX, CLOSED_MAX_DAYS, CannotClose};
pub use hours::OpeningHours;
pub use open_time::{MEASURED_MAX_DAYS, OutOfReach, REACH_DAYS};
pub use parse::{ALWAYS, CALENDAR_MAX_BYTES, SPANS_MAX, WEEKDAYS};

/// Which time counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// All of it: the clock that never stops.
    Always,
    /// That in which somebody is there.
    Hours(OpeningHours),
}

impl Calendar {
    /// Whether it is open at `at` (Unix ms). The moment it closes is not open any more.
    pub fn is_open(&self, zone: &TimeZone, at: i64) -> bool {
        match self {
            Self::Always => true,
            Self::Hours(hours) => hours.is_open(zone, at),
        }
    }

    /// Whether it opens on a day of its clocks.
    pub fn opens_on(&self, day: Date) -> bool {
        match self {
            Self::Always => true,
            Self::Hours(hours) => !hours.spans_of(closed_days::day_of(day)).is_empty(),
        }
    }

    /// `at` if it is open then, else when it opens next (Unix ms).
    ///
    /// # Errors
    /// It does not open within [`REACH_DAYS`].
    pub fn next_open(&self, zone: &TimeZone, at: i64) -> Result<i64, OutOfReach> {
        match self {
            Self::Always => Ok(at),
            Self::Hours(hours) => hours.next_open(zone, at),
        }
    }

    /// The first moment by which it was open for `open_ms` (ms) since `from` (Unix ms); `from` itself for none. What ends when
    /// it closes is due then, not when it opens again.
    ///
    /// # Errors
    /// It is not open for so long within [`REACH_DAYS`].
    pub fn due(&self, zone: &TimeZone, from: i64, open_ms: i64) -> Result<i64, OutOfReach> {
        match self {
            Self::Always => from.checked_add(open_ms.max(0)).ok_or(OutOfReach { days: REACH_DAYS }),
            Self::Hours(hours) => hours.due(zone, from, open_ms),
        }
    }

    /// The last moment from which it is open for `open_ms` (ms) until `at` (Unix ms); `at` itself for none: the contrary of
    /// [`Self::due`].
    ///
    /// # Errors
    /// It was not open for so long within [`REACH_DAYS`].
    pub fn before(&self, zone: &TimeZone, at: i64, open_ms: i64) -> Result<i64, OutOfReach> {
        match self {
            Self::Always => at.checked_sub(open_ms.max(0)).ok_or(OutOfReach { days: REACH_DAYS }),
            Self::Hours(hours) => hours.before(zone, at, open_ms),
        }
    }

    /// For how long it is open from `from` to `to` (Unix ms), in ms; 0 if `to` is not later.
    ///
    /// # Errors
    /// They are more than [`MEASURED_MAX_DAYS`] apart.
    pub fn open_ms(&self, zone: &TimeZone, from: i64, to: i64) -> Result<i64, OutOfReach> {
        match self {
            Self::Always => to.max(from).checked_sub(from).ok_or(OutOfReach { days: MEASURED_MAX_DAYS }),
            Self::Hours(hours) => hours.open_ms(zone, from, to),
        }
    }

    /// Closes it from `first` to `last`, both included.
    ///
    /// # Errors
    /// Why it stays as it was.
    pub fn add_closed(&mut self, first: Date, last: Date) -> Result<(), CannotClose> {
        match self {
            Self::Always => Err(CannotClose::NeverCloses),
            Self::Hours(hours) => hours.add_closed(first, last),
        }
    }
}
