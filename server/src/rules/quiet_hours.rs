//! Hours in which nobody is told.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Serialize;

/// From one time of day to another, in the zone of whoever is told; over midnight when it ends at the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QuietHours {
    /// The first quiet minute.
    pub from: TimeOfDay,
    /// The first minute that is not quiet; another than `from`.
    pub to: TimeOfDay,
}

impl QuietHours {
    /// When the quiet hours end that `at` lies in (both Unix ms); `None` when it lies in none.
    pub fn end(&self, at: i64, zone: &TimeZone) -> Option<i64> {
        let local = Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone());
        let (from, to) = (self.from.0, self.to.0);
        let (has_begun, has_ended) = (local.time() >= from, local.time() >= to);
        let is_quiet = if from < to { has_begun && !has_ended } else { has_begun || !has_ended };
        let day = if has_ended { local.date().tomorrow().ok()? } else { local.date() };
        // A time that the clock skips is as long after the gap; of one that it shows twice, the next counts.
        let end = zone.to_ambiguous_timestamp(day.to_datetime(to));
        let ends = [end.compatible().ok()?, end.later().ok()?].map(Timestamp::as_millisecond);
        ends.into_iter().find(|end| is_quiet && *end > at)
    }
}

/// A time of day, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(Time);

impl TimeOfDay {
    /// Reads `09:30`: two digits for the hour, 00 to 23, and two for the minute.
    pub fn read(text: &str) -> Option<Self> {
        let time = (text.len() == 5).then(|| Time::strptime("%H:%M", text).ok())??;
        let time = Self(time);
        (time.to_string() == text).then_some(time)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz;
    use proptest::prelude::*;

    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn end(from: &str, to: &str, at: &str) -> Option<String> {
        let quiet = QuietHours { from: TimeOfDay::read(from).unwrap(), to: TimeOfDay::read(to).unwrap() };
        let at: Timestamp = at.parse().unwrap();
        let end = quiet.end(at.as_millisecond(), &berlin())?;
        Some(Timestamp::from_millisecond(end).unwrap().display_with_offset(tz::offset(0)).to_string())
    }

    #[test]
    fn quiet_hours_end_on_the_same_day_or_the_next() {
        for (from, to, at, ends) in [
            ("20:00", "07:00", "2027-03-05T19:59:59+01:00", None),
            ("20:00", "07:00", "2027-03-05T20:00:00+01:00", Some("2027-03-06T06:00:00+00:00")),
            ("20:00", "07:00", "2027-03-06T06:59:00+01:00", Some("2027-03-06T06:00:00+00:00")),
            ("20:00", "07:00", "2027-03-06T07:00:00+01:00", None),
            ("12:00", "13:00", "2027-03-05T12:30:00+01:00", Some("2027-03-05T12:00:00+00:00")),
            ("12:00", "13:00", "2027-03-05T13:00:00+01:00", None),
            // The night in which summer time begins, and an end in the hour that it skips.
            ("20:00", "07:00", "2027-03-27T23:00:00+01:00", Some("2027-03-28T05:00:00+00:00")),
            ("20:00", "02:30", "2027-03-27T23:00:00+01:00", Some("2027-03-28T01:30:00+00:00")),
            // The hour of the night in which summer time ends, the first time and the second.
            ("20:00", "02:30", "2027-10-31T02:10:00+02:00", Some("2027-10-31T00:30:00+00:00")),
            ("20:00", "02:30", "2027-10-31T02:10:00+01:00", Some("2027-10-31T01:30:00+00:00")),
        ] {
            assert_eq!(end(from, to, at).as_deref(), ends, "{from} to {to}, {at}");
        }
    }

    proptest! {
        #[test]
        fn quiet_hours_end_in_the_future(from in 0..1440, to in 0..1440, minute in 0..366 * 1440i64) {
            let time = |minute: i32| TimeOfDay::read(&format!("{:02}:{:02}", minute / 60, minute % 60)).unwrap();
            prop_assume!(from != to);
            let at = 1_800_000_000_000 + minute * 60_000;
            let end = QuietHours { from: time(from), to: time(to) }.end(at, &berlin());
            prop_assert!(end.is_none_or(|end| end > at && end <= at + 25 * 3_600_000));
            let rest = QuietHours { from: time(to), to: time(from) }.end(at, &berlin());
            prop_assert_ne!(end.is_none(), rest.is_none(), "it is either quiet or not");
        }
    }

    #[test]
    fn time_of_day_has_four_digits() {
        for good in ["00:00", "09:30", "23:59"] {
            assert_eq!(TimeOfDay::read(good).unwrap().to_string(), good);
        }
        for bad in ["", "9:30", "24:00", "09:60", "09:30:00", "0930", "-9:30", " 9:30", "09-30"] {
            assert_eq!(TimeOfDay::read(bad), None, "{bad}");
        }
    }
}
