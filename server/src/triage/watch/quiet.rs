//! How quiet it is at a touchpoint, in days on which it is open.

use counterbell_shared::time::{DAY_MS, UnixMillis};
use jiff::civil::Date;

use crate::db::touchpoint_alerts::Activity;
use crate::rules::Quiet;
use crate::touchpoints::Hours;
use crate::zone::Zone;

/// At a touchpoint of these hours, at `now`, after responses on the days of `activity`; without any, since `since` (both Unix
/// ms). The day that goes on does not count yet.
pub fn quiet(hours: &Hours, activity: Option<&Activity>, since: i64, now: i64) -> Quiet {
    let today = hours.zone.day_of(UnixMillis(now));
    // The rollup knows days of UTC: a day on these clocks counts if no part of it can be of the last of them.
    let from = activity.map_or(since, |activity| (i64::from(activity.last_day) + 1) * DAY_MS);
    let first = hours.zone.day_of(UnixMillis(from));
    let begins = hours.zone.start_of(first).0;
    let first = if begins < from { next(first) } else { first };
    let before = activity.map_or(0, |activity| {
        let [first, last] = [activity.first_day, activity.last_day].map(day_of_rollup);
        open_days(hours, first, next(last))
    });
    let days_with_responses = activity.map_or(0, |activity| u32::try_from(activity.days).unwrap_or(u32::MAX));
    Quiet { days: open_days(hours, first, today), days_before: before, days_with_responses }
}

/// From `first` to before `end`.
fn open_days(hours: &Hours, first: Date, end: Date) -> u32 {
    let days = std::iter::successors(Some(first), |day| day.tomorrow().ok()).take_while(|day| *day < end);
    days.filter(|day| hours.calendar.opens_on(*day)).fold(0, |count, _| count + 1)
}

fn day_of_rollup(day: i32) -> Date {
    Zone::UTC.day_of(UnixMillis(i64::from(day) * DAY_MS))
}

fn next(day: Date) -> Date {
    day.tomorrow().unwrap_or(day)
}
