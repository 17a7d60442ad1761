//! What opening hours mean for due times, with the figures that were agreed on.

use jiff::civil::date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::*;

const HOUR_MS: i64 = 3_600_000;

pub(super) fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

pub(super) fn calendar(document: &Value) -> Calendar {
    Calendar::parse(document.to_string().as_bytes()).unwrap_or_else(|errors| panic!("{document}: {errors:?}"))
}

/// The same spans on all days of `days`.
fn hours(days: &str, spans: &[&str]) -> Calendar {
    let week: serde_json::Map<_, _> = days.split(' ').map(|day| (day.to_owned(), json!(spans))).collect();
    calendar(&json!({ "hours": week }))
}

const WORKDAYS: &str = "mon tue wed thu fri";
const ALL_DAYS: &str = "mon tue wed thu fri sat sun";

/// The moment of a time with its distance from UTC, such as `2027-03-05T16:30+01:00`.
fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// A moment as clocks in Berlin show it.
fn berlin(at: Result<i64, OutOfReach>) -> String {
    let zoned = Timestamp::from_millisecond(at.unwrap()).unwrap().to_zoned(zone("Europe/Berlin"));
    zoned.strftime("%a %Y-%m-%d %H:%M%:z").to_string()
}

/// When a case that opens at `from` is due after `hours` open hours, in Berlin.
fn due(calendar: &Calendar, from: &str, hours: i64) -> String {
    berlin(calendar.due(&zone("Europe/Berlin"), at(from), hours * HOUR_MS))
}

#[test]
fn due_times_count_opening_hours() {
    let office = hours(WORKDAYS, &["09:00-17:00"]);
    let with_lunch = hours(WORKDAYS, &["08:00-12:00", "13:30-18:00"]);
    let bar = hours(ALL_DAYS, &["21:00-02:00"]);
    for (calendar, from, hours, expected) in [
        (&office, "2027-03-05T16:30+01:00", 1, "Mon 2027-03-08 09:30+01:00"),
        (&office, "2027-03-10T07:00+01:00", 2, "Wed 2027-03-10 11:00+01:00"),
        (&office, "2027-03-07T12:00+01:00", 1, "Mon 2027-03-08 10:00+01:00"),
        (&with_lunch, "2027-03-10T11:30+01:00", 1, "Wed 2027-03-10 14:00+01:00"),
        (&with_lunch, "2027-03-10T12:30+01:00", 1, "Wed 2027-03-10 14:30+01:00"),
        (&bar, "2027-03-10T01:30+01:00", 1, "Wed 2027-03-10 21:30+01:00"),
        // What ends when it closes is due then.
        (&office, "2027-03-05T16:00+01:00", 1, "Fri 2027-03-05 17:00+01:00"),
        (&office, "2027-03-05T17:00+01:00", 1, "Mon 2027-03-08 10:00+01:00"),
        (&office, "2027-03-05T16:30+01:00", 0, "Fri 2027-03-05 16:30+01:00"),
    ] {
        assert_eq!(due(calendar, from, hours), expected, "{from} and {hours} hours");
    }
}

#[test]
fn step_before_a_due_time_counts_opening_hours() {
    let zone = zone("Europe/Berlin");
    let shop = hours(WORKDAYS, &["08:00-18:00"]);
    let due = shop.due(&zone, at("2027-03-08T17:00+01:00"), 4 * HOUR_MS).unwrap();
    assert_eq!(berlin(Ok(due)), "Tue 2027-03-09 11:00+01:00");
    for (hours, expected) in [
        (0, "Tue 2027-03-09 11:00+01:00"),
        (1, "Tue 2027-03-09 10:00+01:00"),
        // When it opens, and not when it closed the evening before.
        (3, "Tue 2027-03-09 08:00+01:00"),
        (4, "Mon 2027-03-08 17:00+01:00"),
        (14, "Fri 2027-03-05 17:00+01:00"),
    ] {
        assert_eq!(berlin(shop.before(&zone, due, hours * HOUR_MS)), expected, "{hours} hours before");
    }
    let night = hours(ALL_DAYS, &["22:00-06:00"]);
    assert_eq!(berlin(night.before(&zone, at("2027-03-28T04:00+02:00"), 4 * HOUR_MS)), "Sat 2027-03-27 23:00+01:00");
}

#[test]
fn closed_day_takes_its_hours_after_midnight_with_it() {
    let mut office = hours(WORKDAYS, &["09:00-17:00"]);
    office.add_closed(date(2027, 3, 8), date(2027, 3, 9)).unwrap();
    assert_eq!(due(&office, "2027-03-05T16:30+01:00", 1), "Wed 2027-03-10 09:30+01:00");

    let mut bar = hours(ALL_DAYS, &["21:00-02:00"]);
    bar.add_closed(date(2027, 3, 9), date(2027, 3, 9)).unwrap();
    let zone = zone("Europe/Berlin");
    for (text, is_open) in [
        // Monday night lasts into the closed Tuesday, Tuesday night is closed as a whole.
        ("2027-03-09T01:59:59.999+01:00", true),
        ("2027-03-09T02:00+01:00", false),
        ("2027-03-09T22:00+01:00", false),
        ("2027-03-10T01:00+01:00", false),
        ("2027-03-10T21:00+01:00", true),
    ] {
        assert_eq!(bar.is_open(&zone, at(text)), is_open, "{text}");
    }
}

#[test]
fn open_hours_are_real_hours_when_clocks_change() {
    let round_the_clock = hours(ALL_DAYS, &["00:00-24:00"]);
    let night = hours(ALL_DAYS, &["22:00-06:00"]);
    for (calendar, from, hours, expected) in [
        (&round_the_clock, "2027-03-27T22:00+01:00", 8, "Sun 2027-03-28 07:00+02:00"),
        (&round_the_clock, "2027-10-30T22:00+02:00", 8, "Sun 2027-10-31 05:00+01:00"),
        (&Calendar::Always, "2027-03-27T22:00+01:00", 8, "Sun 2027-03-28 07:00+02:00"),
        (&Calendar::Always, "2027-10-30T22:00+02:00", 8, "Sun 2027-10-31 05:00+01:00"),
        (&night, "2027-03-27T23:00+01:00", 4, "Sun 2027-03-28 04:00+02:00"),
        (&night, "2027-10-30T23:00+02:00", 4, "Sun 2027-10-31 02:00+01:00"),
    ] {
        assert_eq!(due(calendar, from, hours), expected, "{from} and {hours} hours");
    }
}

#[test]
fn shop_opens_at_the_same_time_on_the_wall_all_year() {
    let shop = hours(WORKDAYS, &["09:00-18:00"]);
    for (from, expected) in [
        ("2027-03-25T18:00+01:00", "Fri 2027-03-26 09:00+01:00"),
        ("2027-03-26T18:00+01:00", "Mon 2027-03-29 09:00+02:00"),
        ("2027-10-29T18:00+02:00", "Mon 2027-11-01 09:00+01:00"),
    ] {
        assert_eq!(berlin(shop.next_open(&zone("Europe/Berlin"), at(from))), expected, "{from}");
    }
}

#[test]
fn time_left_out_is_not_open_and_one_that_comes_twice_is_open_twice() {
    let zone = zone("Europe/Berlin");
    let early = hours("sun", &["02:15-02:45"]);
    let stretch = |day: &str| (at(&format!("{day}T00:00+00:00")), at(&format!("{day}T12:00+00:00")));
    for (day, minutes) in [("2027-03-28", 0), ("2027-10-31", 60), ("2027-11-07", 30)] {
        let (from, to) = stretch(day);
        assert_eq!(early.open_ms(&zone, from, to), Ok(minutes * 60_000), "{day}");
    }
    // A shop that opens at a time that is left out opens when clocks are past it.
    let later = hours("sun", &["02:30-10:00"]);
    assert_eq!(berlin(later.next_open(&zone, at("2027-03-28T00:00+01:00"))), "Sun 2027-03-28 03:00+02:00");
}

#[test]
fn round_the_clock_has_no_closed_moment() {
    let round_the_clock = hours(ALL_DAYS, &["00:00-24:00"]);
    // Clocks change at 3:00, at midnight, by half an hour; a whole day was left out in Apia.
    for name in ["Europe/Berlin", "America/Santiago", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "UTC"] {
        let zone = zone(name);
        let (from, to) = (at("2011-06-01T00:00:00.001Z"), at("2012-06-30T17:12:34.567Z"));
        assert_eq!(round_the_clock.open_ms(&zone, from, to), Ok(to - from), "{name}");
        for day in 0..400 {
            let midnight = (date(2011, 6, 1) + day.days()).to_zoned(zone.clone()).unwrap().timestamp().as_millisecond();
            for moment in [midnight - 1, midnight, midnight + 1, midnight + 59_999, midnight + 60_000] {
                assert!(round_the_clock.is_open(&zone, moment), "{name}: {moment}");
            }
        }
    }
}

#[test]
fn clock_that_never_stops_counts_everything() {
    let (mut always, zone) = (calendar(&json!("always")), TimeZone::UTC);
    assert!(always.is_open(&zone, i64::MIN));
    assert_eq!(always.next_open(&zone, 7), Ok(7));
    assert_eq!((always.due(&zone, 7, 5), always.before(&zone, 12, 5)), (Ok(12), Ok(7)));
    assert_eq!((always.open_ms(&zone, 7, 12), always.open_ms(&zone, 12, 7)), (Ok(5), Ok(0)));
    assert_eq!(always.due(&zone, i64::MAX, 1), Err(OutOfReach { days: REACH_DAYS }));
    assert_eq!(always.add_closed(date(2027, 1, 1), date(2027, 1, 1)), Err(CannotClose::NeverCloses));
}

#[test]
fn what_is_too_far_is_refused_and_not_searched_for() {
    let (weekly, zone) = (hours("mon", &["09:00-10:00"]), zone("Europe/Berlin"));
    let now = at("2027-03-08T09:00+01:00");
    let out_of_reach = Err(OutOfReach { days: REACH_DAYS });
    // 58 Mondays begin within 400 days.
    assert_eq!(berlin(weekly.due(&zone, now, 58 * HOUR_MS)), "Mon 2028-04-10 10:00+02:00");
    assert_eq!(weekly.due(&zone, now, 58 * HOUR_MS + 1), out_of_reach);
    assert_eq!(weekly.due(&zone, now, i64::MAX), out_of_reach);
    assert_eq!(weekly.before(&zone, now, 57 * HOUR_MS).map(|at| (now - at) / (7 * 24 * HOUR_MS)), Ok(57));
    assert_eq!(weekly.before(&zone, now, 58 * HOUR_MS), out_of_reach);
    let too_far = Err(OutOfReach { days: MEASURED_MAX_DAYS });
    assert_eq!(weekly.open_ms(&zone, now, now + 4_000 * 24 * HOUR_MS), Ok(572 * HOUR_MS));
    assert_eq!(weekly.open_ms(&zone, now, now + 4_000 * 24 * HOUR_MS + 1), too_far);
    for extreme in [i64::MIN, i64::MAX] {
        assert!(!weekly.is_open(&zone, extreme));
        assert_eq!(weekly.next_open(&zone, extreme), out_of_reach);
        assert_eq!(weekly.due(&zone, extreme, 1), out_of_reach);
        assert_eq!(weekly.before(&zone, extreme, 1), out_of_reach);
        assert_eq!(weekly.open_ms(&zone, extreme, extreme), Ok(0));
    }
    assert_eq!(weekly.open_ms(&zone, i64::MIN, i64::MAX), too_far);
}
