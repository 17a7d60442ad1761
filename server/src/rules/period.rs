//! Times as documents write them: `20s`, `30m`, `2h`, `1d`.

use std::fmt;
use std::str::FromStr;

use counterbell_shared::limits::RULE_MAX_DAYS;
use counterbell_shared::time::DAY_MS;
use jiff::fmt::friendly::SpanParser;
use jiff::{SignedDuration, SpanRelativeTo};

/// A length of time, from 1 ms to [`RULE_MAX_DAYS`]; a day is 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    ms: i64,
}

impl Period {
    /// Of so many minutes.
    pub(super) const fn minutes(minutes: i32) -> Self {
        Self { ms: minutes as i64 * 60_000 }
    }

    /// In milliseconds.
    pub const fn as_ms(self) -> i64 {
        self.ms
    }
}

/// Why a text is no [`Period`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPeriod {
    /// Not a time at all, or in months or years, whose lengths differ.
    #[error("must be a time such as \"20s\", \"30m\", \"2h\" or \"1d\"")]
    Form,
    /// Nothing, or less.
    #[error("must be longer than nothing: \"1m\", for example")]
    TooShort,
    /// Longer than [`RULE_MAX_DAYS`].
    #[error("must be at most {RULE_MAX_DAYS} days")]
    TooLong,
}

impl FromStr for Period {
    type Err = InvalidPeriod;

    fn from_str(text: &str) -> Result<Self, InvalidPeriod> {
        let span = SpanParser::new().parse_span(text).map_err(|_| InvalidPeriod::Form)?;
        let time = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| InvalidPeriod::Form)?;
        let ms = i64::try_from(time.as_millis()).map_err(|_| InvalidPeriod::TooLong)?;
        match ms {
            ..=0 => Err(InvalidPeriod::TooShort),
            1.. if ms > i64::from(RULE_MAX_DAYS) * DAY_MS => Err(InvalidPeriod::TooLong),
            1.. => Ok(Self { ms }),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", SignedDuration::from_millis(self.ms))
    }
}

impl serde::Serialize for Period {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, ms) in [
            ("500ms", 500),
            ("20s", 20_000),
            ("30m", 1_800_000),
            ("2h", 7_200_000),
            ("1h 30m", 5_400_000),
            ("90 minutes", 5_400_000),
            ("1d", 86_400_000),
            ("2 weeks", 1_209_600_000),
            ("90d", 7_776_000_000),
        ] {
            assert_eq!(text.parse::<Period>().map(Period::as_ms), Ok(ms), "{text}");
        }
    }

    #[test]
    fn nothing_too_much_and_no_time_are_told_apart() {
        for (text, error) in [
            ("0s", InvalidPeriod::TooShort),
            ("0 days", InvalidPeriod::TooShort),
            ("999us", InvalidPeriod::TooShort),
            ("-1h", InvalidPeriod::TooShort),
            ("1h ago", InvalidPeriod::TooShort),
            ("90d 1ms", InvalidPeriod::TooLong),
            ("175000000h", InvalidPeriod::TooLong),
            ("1mo", InvalidPeriod::Form),
            ("1y", InvalidPeriod::Form),
            ("30", InvalidPeriod::Form),
            ("", InvalidPeriod::Form),
            ("soon", InvalidPeriod::Form),
        ] {
            assert_eq!(text.parse::<Period>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(ms in 1..=i64::from(RULE_MAX_DAYS) * DAY_MS) {
            let period = Period { ms };
            prop_assert_eq!(period.to_string().parse(), Ok(period));
        }
    }
}
