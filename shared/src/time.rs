//! Points in time, as stored and as written.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// Milliseconds since 1970-01-01T00:00:00Z; written as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

/// Milliseconds of a UTC day.
pub const DAY_MS: i64 = 86_400_000;

impl UnixMillis {
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
    UnixMillis(day * DAY_MS).to_string().chars().take(10).collect()
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{timestamp:.3}")
    }
}

/// An RFC 3339 time, or a date alone (its first moment in UTC).
impl FromStr for UnixMillis {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let parsed = if text.len() == 10 { format!("{text}T00:00:00Z").parse() } else { text.parse::<Timestamp>() };
        let millis = parsed.map_err(|_| InvalidTime)?.as_millisecond();
        // The last fraction of a second that can be read cannot be written.
        Timestamp::from_millisecond(millis).map(|_| Self(millis)).map_err(|_| InvalidTime)
    }
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
        // As late as can be written, and what could be read but not written.
        assert_eq!(
            "9999-12-30T22:00:00.000Z".parse::<UnixMillis>().map(|time| time.to_string()).as_deref(),
            Ok("9999-12-30T22:00:00.000Z")
        );
        assert_eq!("9999-12-30T22:00:00.999999999Z".parse::<UnixMillis>(), Err(InvalidTime));
        assert_eq!("21.11.2026".parse::<UnixMillis>(), Err(InvalidTime));
    }

    #[test]
    fn day_is_utc_and_floors() {
        assert_eq!(UnixMillis(-1).day(), -1);
        assert_eq!(day_to_date(UnixMillis(1_795_269_900_000).day()), "2026-11-21");
    }
}
