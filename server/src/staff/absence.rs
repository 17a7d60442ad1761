//! When somebody is away, in whole days of their time zone.

use counterbell_shared::problem::FieldError;
use counterbell_shared::time::UnixMillis;
use jiff::civil::Date;

use super::documents::PersonPatch;
use crate::db::staff::{Absence, Member};
use crate::zone::Zone;

/// Reads a day such as `2026-12-24`.
pub(super) fn read_day(text: &str) -> Result<Date, &'static str> {
    let read = Date::strptime("%Y-%m-%d", text).ok();
    // Every zone has all of these days, and a slip such as 0206 is none of them.
    read.filter(|day| day.to_string() == text && (2000..=2999).contains(&day.year()))
        .ok_or("must be a day such as 2026-12-24, from the year 2000 to 2999")
}

/// The absence after a change, from and up to, in Unix ms. The last day is a part of it.
///
/// # Errors
/// What is wrong, with a JSON pointer.
pub(super) fn changed(
    before: Option<&Member>,
    patch: &PersonPatch,
    zone: &Zone,
) -> Result<Option<Absence>, FieldError> {
    if patch.absent_from.is_none() && patch.absent_to.is_none() {
        return Ok(None);
    }
    let from = match patch.absent_from {
        Some(day) => day.map(|day| zone.start_of(day).0),
        None => before.and_then(|member| member.absent_from),
    };
    let to = match patch.absent_to {
        Some(day) => day.map(|day| end_of(zone, day)),
        None => before.and_then(|member| member.absent_to),
    };
    match (from, to) {
        (None, _) if matches!(patch.absent_to, Some(Some(_))) => {
            Err(FieldError::new("/absent_to", "needs absent_from, the first day"))
        }
        (None, _) => Ok(Some(None)),
        (Some(from), Some(to)) if to <= from => {
            let wrong = if matches!(patch.absent_to, Some(Some(_))) { "/absent_to" } else { "/absent_from" };
            Err(FieldError::new(wrong, "absent_to, the last day, must not be before absent_from, the first"))
        }
        (Some(from), to) => Ok(Some(Some((from, to)))),
    }
}

fn end_of(zone: &Zone, day: Date) -> i64 {
    day.tomorrow().map_or(UnixMillis::LAST, |next| zone.start_of(next)).0
}

/// The first and the last day of an absence.
pub(super) fn days(member: &Member, zone: &Zone) -> (Option<String>, Option<String>) {
    let day = |at: i64| zone.day_of(UnixMillis(at)).to_string();
    (member.absent_from.map(day), member.absent_to.map(|to| day(to - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_is_written_in_full() {
        assert_eq!(read_day("2028-02-29").unwrap().to_string(), "2028-02-29");
        for bad in
            ["2027-02-29", "2026-1-2", "1999-12-31", "3000-01-01", " 2026-01-02", "2026-01-02T10:00", "today", ""]
        {
            assert!(read_day(bad).is_err(), "{bad:?}");
        }
    }

    /// Berlin's clocks go forward on 29 March.
    #[test]
    fn absence_is_whole_days_of_the_zone_and_reads_back() {
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        let patch = PersonPatch {
            absent_from: Some(Some(read_day("2026-03-29").unwrap())),
            absent_to: Some(Some(read_day("2026-03-29").unwrap())),
            ..PersonPatch::default()
        };
        let (from, to) = changed(None, &patch, &zone).unwrap().unwrap().unwrap();
        assert_eq!(UnixMillis(from).to_string(), "2026-03-28T23:00:00.000Z");
        assert_eq!(to.unwrap() - from, 23 * 3_600_000);
        assert_eq!(zone.day_of(UnixMillis(from)), zone.day_of(UnixMillis(to.unwrap() - 1)));
    }
}
