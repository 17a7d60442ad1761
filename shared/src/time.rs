//! Points in time, as stored and as written.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::fmt::temporal::Pieces;

/// Milliseconds since 1970-01-01T00:00:00Z; written as RFC 3339 in UTC, and what is beyond [`UnixMillis::FIRST`] or
/// [`UnixMillis::LAST`] as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

/// Milliseconds of a UTC day.
pub const DAY_MS: i64 = 86_400_000;

/// From here to the end of the year 9999 a time can be read, but is taken as [`UnixMillis::LAST`].
const LAST_DAYS: Date = date(9999, 12, 30);

impl UnixMillis {
    /// 0000-01-01T00:00:00.000Z: RFC 3339 has no earlier one.
    pub const FIRST: Self = Self(-62_167_219_200_000);
    /// 9999-12-30T22:00:00.000Z: the last that can be written whatever the time zone.
    pub const LAST: Self = Self(253_402_207_200_000);

    /// The machine's clock.
    pub fn now() -> Self {
        Self(Timestamp::now().as_millisecond())
    }

    /// Days since 1970-01-01, UTC.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }
}

/// The day's date, as `2026-11-21`.
pub fn day_to_date(day: i64) -> String {
    UnixMillis(day.saturating_mul(DAY_MS)).to_string().chars().take(10).collect()
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An error here would be a panic of whoever writes it: another program may have stored anything.
        let shown = self.0.clamp(Self::FIRST.0, Self::LAST.0);
        let timestamp = Timestamp::from_millisecond(shown).map_err(|_| fmt::Error)?;
        write!(f, "{timestamp:.3}")
    }
}

/// An RFC 3339 time, or a date alone (its first moment in UTC).
impl FromStr for UnixMillis {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        // A sign begins a year of six digits, which ISO 8601 alone has.
        if text.starts_with(['+', '-']) {
            return Err(InvalidTime);
        }
        let text = if text.len() == 10 { Cow::Owned(format!("{text}T00:00:00Z")) } else { Cow::Borrowed(text) };
        match text.parse::<Timestamp>() {
            Ok(timestamp) => Ok(Self(timestamp.as_millisecond()).clamp(Self::FIRST, Self::LAST)),
            Err(_) if is_in_last_days(&text) => Ok(Self::LAST),
            Err(_) => Err(InvalidTime),
        }
    }
}

/// Whether the text is a time of the last days of 9999, some of which are later than any `Timestamp`.
fn is_in_last_days(text: &str) -> bool {
    Pieces::parse(text).is_ok_and(|pieces| {
        pieces.date() >= LAST_DAYS && pieces.time().is_some() && pieces.to_numeric_offset().is_some()
    })
}

impl serde::Serialize for UnixMillis {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The text is not an RFC 3339 time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTime;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_reads_back() {
        for (text, ms) in [
            ("2026-11-21T14:05:00.000Z", 1_795_269_900_000),
            ("1970-01-01T00:00:00.001Z", 1),
            ("1969-12-31T23:59:59.999Z", -1),
        ] {
            assert_eq!(text.parse(), Ok(UnixMillis(ms)));
            assert_eq!(UnixMillis(ms).to_string(), text);
        }
        assert_eq!("2026-11-21T15:05:00+01:00".parse(), Ok(UnixMillis(1_795_269_900_000)));
        assert_eq!("2026-11-21".parse(), Ok(UnixMillis(1_795_219_200_000)));
        assert_eq!("21.11.2026".parse::<UnixMillis>(), Err(InvalidTime));
    }

    #[test]
    fn first_and_last_time_stand_for_all_beyond_them() {
        for (first_or_last, text) in
            [(UnixMillis::FIRST, "0000-01-01T00:00:00.000Z"), (UnixMillis::LAST, "9999-12-30T22:00:00.000Z")]
        {
            assert_eq!(first_or_last.to_string(), text);
            assert_eq!(text.parse(), Ok(first_or_last));
        }
        for (ms, shown) in [
            (i64::MIN, UnixMillis::FIRST),
            (UnixMillis::FIRST.0 - 1, UnixMillis::FIRST),
            (UnixMillis::LAST.0 + 1, UnixMillis::LAST),
            (i64::MAX, UnixMillis::LAST),
        ] {
            assert_eq!(UnixMillis(ms).to_string(), shown.to_string(), "{ms}");
        }
        assert_eq!("0000-01-01T00:00:00+23:59".parse(), Ok(UnixMillis::FIRST));
        for text in [
            "9999-12-30T22:00:00.999999999Z",
            "9999-12-31",
            "9999-12-31T23:59:59.999Z",
            "9999-12-30T00:00:00-23:59",
            "9999-12-31T23:59:60-12:00",
        ] {
            assert_eq!(text.parse(), Ok(UnixMillis::LAST), "{text}");
        }
        for text in [
            "10000-01-01",
            "-000001-12-31T23:59:59Z",
            "9999-12-31T23:59:59",
            "9999-12-32T00:00:00Z",
            "+002026-11-21",
            "9999-12-31Z",
        ] {
            assert_eq!(text.parse::<UnixMillis>(), Err(InvalidTime), "{text}");
        }
    }

    #[test]
    fn day_is_utc_and_floors() {
        assert_eq!(UnixMillis(-1).day(), -1);
        assert_eq!(day_to_date(UnixMillis(1_795_269_900_000).day()), "2026-11-21");
        assert_eq!([i64::MIN, i64::MAX].map(day_to_date), ["0000-01-01", "9999-12-30"]);
    }
}
