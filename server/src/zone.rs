//! Time zones by their IANA names. Their data is built into the program: a machine may have none, or an old one.

use std::str::FromStr;

use counterbell_shared::time::UnixMillis;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use strsim::normalized_damerau_levenshtein;

/// Longer than any name of the IANA list.
const NAME_MAX_CHARS: usize = 64;

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// No zone of this program has this name; `Display` says which ones are like it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no time zone that this program knows: {}", advice(name))]
pub struct UnknownZone {
    name: String,
}

impl Zone {
    /// That of whoever chose none.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of a name that is stored. One that this program does not know, as of a database that a newer one wrote, is
    /// [`Zone::UTC`]; `doctor` tells of it.
    pub fn or_utc(name: &str) -> Self {
        name.parse().unwrap_or(Self::UTC)
    }

    /// Its name, such as `Europe/Berlin`, in the letters of the IANA list.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Its rules.
    pub fn rules(&self) -> &TimeZone {
        &self.0
    }

    /// When a day begins on its clocks.
    pub fn start_of(&self, day: Date) -> UnixMillis {
        day.to_zoned(self.0.clone()).map_or(UnixMillis::LAST, |start| UnixMillis(start.timestamp().as_millisecond()))
    }

    /// The day on its clocks.
    pub fn day_of(&self, time: UnixMillis) -> Date {
        let written = time.0.clamp(UnixMillis::FIRST.0, UnixMillis::LAST.0);
        let timestamp = Timestamp::from_millisecond(written).unwrap_or(Timestamp::MAX);
        timestamp.to_zoned(self.0.clone()).date()
    }

    /// What its clocks say, to the minute, and how far that is from UTC: `2026-11-21 15:05 CET (UTC+01:00)`. The letters
    /// alone are not enough: IST is the time of India, Ireland and Israel.
    pub fn minute(&self, time: UnixMillis) -> String {
        // Another program may have stored anything.
        let written = time.0.clamp(UnixMillis::FIRST.0, UnixMillis::LAST.0);
        let Ok(timestamp) = Timestamp::from_millisecond(written) else { return time.to_string() };
        let local = timestamp.to_zoned(self.0.clone());
        let format = match self.0.to_offset_info(timestamp).abbreviation() {
            "UTC" => "%Y-%m-%d %H:%M UTC",
            // Many zones have no letters, and `-03` in their place.
            letters if letters.starts_with(['+', '-']) => "%Y-%m-%d %H:%M UTC%:z",
            _ => "%Y-%m-%d %H:%M %Z (UTC%:z)",
        };
        local.strftime(format).to_string()
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone { name: name.chars().take(NAME_MAX_CHARS).collect() };
        // Of a device whose zone nobody set.
        if name.len() > NAME_MAX_CHARS || name.eq_ignore_ascii_case("Factory") {
            return Err(unknown());
        }
        let found = TimeZoneDatabase::bundled().get(name).ok();
        // `Etc/Unknown` is found, and has no name.
        let named = found.filter(|zone| zone.iana_name().is_some());
        named.map(Self).ok_or_else(unknown)
    }
}

/// What to write in place of this name.
fn advice(name: &str) -> String {
    let near = nearest(name);
    match near.split_last() {
        None => "give a name of the IANA list, such as Europe/Berlin, America/New_York or UTC".to_owned(),
        Some((only, [])) => format!("did you mean {only}?"),
        Some((last, others)) => format!("did you mean {} or {last}?", others.join(", ")),
    }
}

/// How much of a name must be the same, 0 to 1.
const LIKENESS_MIN: f64 = 0.8;

/// Up to three names that are like this one, or whose city is, the likest first.
fn nearest(name: &str) -> Vec<String> {
    let wanted = name.trim().to_lowercase().replace(' ', "_");
    let likeness = |known: &str| {
        let known = known.to_lowercase();
        let of_names = normalized_damerau_levenshtein(&wanted, &known);
        of_names.max(normalized_damerau_levenshtein(city(&wanted), city(&known)))
    };
    let database = TimeZoneDatabase::bundled();
    let known = database.available().map(|known| known.as_str().to_owned());
    // No abbreviation stands for another, and `Etc/GMT+1` is an hour behind UTC: the contrary of what `GMT+1` is meant to be.
    let known = known.filter(|known| known.contains('/') && !known.starts_with("Etc/"));
    let mut near: Vec<_> = known.map(|known| (likeness(&known), known)).collect();
    near.retain(|(likeness, _)| *likeness >= LIKENESS_MIN);
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.into_iter().take(3).map(|(_, known)| known).collect()
}

/// `berlin` of `europe/berlin`.
fn city(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(zone: &str, time: &str) -> String {
        zone.parse::<Zone>().unwrap().minute(time.parse().unwrap())
    }

    #[test]
    fn hour_that_comes_twice_is_told_apart() {
        // Clocks go back from 3:00 to 2:00 at 1:00 UTC.
        for (utc, berlin) in [
            ("2026-10-25T00:30:00Z", "2026-10-25 02:30 CEST (UTC+02:00)"),
            ("2026-10-25T00:59:59.999Z", "2026-10-25 02:59 CEST (UTC+02:00)"),
            ("2026-10-25T01:00:00Z", "2026-10-25 02:00 CET (UTC+01:00)"),
            ("2026-10-25T01:30:00Z", "2026-10-25 02:30 CET (UTC+01:00)"),
            // And forward from 2:00 to 3:00.
            ("2026-03-29T00:59:00Z", "2026-03-29 01:59 CET (UTC+01:00)"),
            ("2026-03-29T01:00:00Z", "2026-03-29 03:00 CEST (UTC+02:00)"),
        ] {
            assert_eq!(shown("Europe/Berlin", utc), berlin);
        }
    }

    /// Clocks that go forward at midnight leave out its first hour.
    #[test]
    fn day_begins_when_its_first_clock_time_comes() {
        for (zone, day, start) in [
            ("Europe/Berlin", "2026-12-24", "2026-12-23T23:00:00Z"),
            ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"),
            ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),
            ("UTC", "2999-12-31", "2999-12-31T00:00:00Z"),
        ] {
            let (known, start): (Zone, UnixMillis) = (zone.parse().unwrap(), start.parse().unwrap());
            let day: Date = day.parse().unwrap();
            assert_eq!(known.start_of(day), start, "{zone}");
            assert_eq!(known.day_of(start), day, "{zone}");
            assert_eq!(known.day_of(UnixMillis(start.0 - 1)), day.yesterday().unwrap(), "{zone}");
        }
    }

    #[test]
    fn every_zone_says_how_far_it_is_from_utc() {
        for (zone, told) in [
            ("UTC", "2026-11-21 22:05 UTC"),
            ("Etc/UTC", "2026-11-21 22:05 UTC"),
            ("Europe/London", "2026-11-21 22:05 GMT (UTC+00:00)"),
            ("America/Sao_Paulo", "2026-11-21 19:05 UTC-03:00"),
            ("Asia/Kolkata", "2026-11-22 03:35 IST (UTC+05:30)"),
            ("Asia/Kathmandu", "2026-11-22 03:50 UTC+05:45"),
            ("America/St_Johns", "2026-11-21 18:35 NST (UTC-03:30)"),
        ] {
            assert_eq!(shown(zone, "2026-11-21T22:05:00Z"), told, "{zone}");
        }
    }

    #[test]
    fn first_and_last_time_are_shown_in_every_zone() {
        for zone in TimeZoneDatabase::bundled().available().filter(|zone| zone.as_str() != "Factory") {
            let zone: Zone = zone.as_str().parse().unwrap();
            for time in [i64::MIN, UnixMillis::FIRST.0, UnixMillis::LAST.0, i64::MAX] {
                assert!(zone.minute(UnixMillis(time)).contains("UTC"), "{zone:?}: {time}");
            }
        }
    }

    #[test]
    fn name_is_kept_in_the_letters_of_the_list() {
        for (given, name) in [("europe/berlin", "Europe/Berlin"), ("utc", "UTC"), ("US/Eastern", "US/Eastern")] {
            assert_eq!(given.parse::<Zone>().unwrap().name(), name);
        }
        assert_eq!((Zone::UTC.name(), Zone::or_utc("Mars/Olympus")), ("UTC", Zone::UTC));
        assert_eq!(Zone::or_utc("Europe/Berlin").name(), "Europe/Berlin");
        assert!("factory".parse::<Zone>().is_err());
        let long = "x".repeat(100_000).parse::<Zone>().unwrap_err().to_string();
        assert!(long.len() < 200, "{} bytes", long.len());
    }

    #[test]
    fn unknown_name_is_answered_with_the_nearest_ones() {
        for (given, advice) in [
            ("Europe/Berln", "did you mean Europe/Berlin?"),
            ("Berlin", "did you mean Europe/Berlin?"),
            ("America/Berlin", "did you mean Europe/Berlin?"),
            ("new york", "did you mean America/New_York?"),
            ("GMT+1", "such as Europe/Berlin"),
            ("CEST", "such as Europe/Berlin"),
            ("ESTT", "such as Europe/Berlin"),
            ("+01:00", "such as Europe/Berlin"),
            ("Etc/Unknown", "such as Europe/Berlin"),
            ("Mars/Olympus\nMons", "such as Europe/Berlin"),
            ("", "such as Europe/Berlin"),
        ] {
            let told = given.parse::<Zone>().unwrap_err().to_string();
            assert!(told.contains(advice) && told.lines().count() == 1, "{given}: {told}");
        }
    }
}
