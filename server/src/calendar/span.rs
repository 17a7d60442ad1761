//! A span of opening hours, such as `09:00-17:00`.

use std::fmt;
use std::str::FromStr;

const HOUR_MIN: u16 = 60;
const DAY_MIN: u16 = 24 * HOUR_MIN;

/// From when to when it is open, in minutes since the midnight that begins its day; the end may lie on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    /// 0 to 1,439.
    pub from_min: u16,
    /// Later than `from_min`, by a day at most.
    pub to_min: u16,
}

/// Why a text is no span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidSpan {
    #[error("must be two times from 00:00 to 24:00, such as \"09:00-17:00\"")]
    Form,
    #[error("ends when it begins: a whole day is \"00:00-24:00\"")]
    Empty,
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        let (from, to) = text.split_once('-').ok_or(InvalidSpan::Form)?;
        let (from_min, to_min) = (minute(from)?, minute(to)?);
        match to_min {
            _ if from_min == DAY_MIN => Err(InvalidSpan::Form),
            _ if to_min == from_min => Err(InvalidSpan::Empty),
            _ if to_min < from_min => Ok(Self { from_min, to_min: to_min + DAY_MIN }),
            _ => Ok(Self { from_min, to_min }),
        }
    }
}

/// Minutes since midnight of `17:30`; 24:00 is the end of the day.
fn minute(text: &str) -> Result<u16, InvalidSpan> {
    let digits = |text: &str| match text.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(u16::from(tens - b'0') * 10 + u16::from(ones - b'0')),
        _ => None,
    };
    let read = text.split_once(':').and_then(|(hour, minute)| Some((digits(hour)?, digits(minute)?)));
    let found = read.filter(|(_, minute)| *minute < HOUR_MIN).map(|(hour, minute)| hour * HOUR_MIN + minute);
    found.filter(|minute| *minute <= DAY_MIN).ok_or(InvalidSpan::Form)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from_min, to_min } = self;
        let to_min = if *to_min > DAY_MIN { to_min - DAY_MIN } else { *to_min };
        let [from, to] = [*from_min, to_min].map(|minute| (minute / HOUR_MIN, minute % HOUR_MIN));
        write!(f, "{:02}:{:02}-{:02}:{:02}", from.0, from.1, to.0, to.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn span_reads_back() {
        for (text, minutes) in [
            ("00:00-24:00", (0, 1440)),
            ("09:00-17:30", (540, 1050)),
            ("21:00-02:00", (1260, 1560)),
            ("23:59-23:58", (1439, 2878)),
            ("00:00-00:01", (0, 1)),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.from_min, span.to_min), minutes, "{text}");
            assert_eq!(span.to_string(), text);
        }
        // The same moment by two names.
        assert_eq!("22:00-00:00".parse::<Span>(), "22:00-24:00".parse());
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [
            "",
            "-",
            "09:00",
            "09:00-",
            "9:00-17:00",
            "09:00-17",
            "09:00 - 17:00",
            "09:00-17:60",
            "09:00-24:01",
            "24:00-06:00",
            "09:00-17:00-18:00",
            "+9:00-17:00",
            "09:00–17:00",
            "09.00-17.00",
            "09:00:00-17:00:00",
            "٠٩:٠٠-17:00",
            "99:00-17:00",
        ] {
            assert_eq!(text.parse::<Span>(), Err(InvalidSpan::Form), "{text}");
        }
        for text in ["09:00-09:00", "00:00-00:00"] {
            assert_eq!(text.parse::<Span>(), Err(InvalidSpan::Empty), "{text}");
        }
    }
}
