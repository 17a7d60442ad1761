//! Two plain clocks.

use counterbell_shared::time::DAY_MS;

use crate::cases::Clock;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
const OPENS: i64 = 9 * HOUR;
const OPEN_A_DAY: i64 = 8 * HOUR;
/// 1970-01-05, a Monday.
const A_MONDAY: i64 = 4 * DAY_MS;

/// A time of a week: `at(0, 9, 30)` is Monday 09:30.
pub fn at(day: i64, hour: i64, minute: i64) -> i64 {
    2_984 * 7 * DAY_MS + A_MONDAY + day * DAY_MS + hour * HOUR + minute * MINUTE
}

/// The clock that never stops.
pub struct Always;

impl Clock for Always {
    fn due(&self, from: i64, open_ms: i64) -> i64 {
        from.saturating_add(open_ms.max(0))
    }

    fn before(&self, at: i64, open_ms: i64) -> i64 {
        at.saturating_sub(open_ms.max(0))
    }

    fn open_ms(&self, from: i64, to: i64) -> i64 {
        to.saturating_sub(from).max(0)
    }

    fn next_open(&self, at: i64) -> i64 {
        at
    }
}

/// Monday to Friday, 09:00 to 17:00.
pub struct Office;

/// How long it was open since [`A_MONDAY`].
fn opened(at: i64) -> i64 {
    let days = (at - A_MONDAY).div_euclid(DAY_MS);
    let (week, day) = (days.div_euclid(7), days.rem_euclid(7));
    let today = ((at - A_MONDAY).rem_euclid(DAY_MS) - OPENS).clamp(0, OPEN_A_DAY);
    (week * 5 + day.min(5)) * OPEN_A_DAY + if day < 5 { today } else { 0 }
}

fn opening_of(working_day: i64) -> i64 {
    A_MONDAY + (working_day.div_euclid(5) * 7 + working_day.rem_euclid(5)) * DAY_MS + OPENS
}

impl Clock for Office {
    fn due(&self, from: i64, open_ms: i64) -> i64 {
        if open_ms <= 0 {
            return from;
        }
        let before_last = opened(from) + open_ms - 1;
        opening_of(before_last.div_euclid(OPEN_A_DAY)) + before_last.rem_euclid(OPEN_A_DAY) + 1
    }

    fn before(&self, at: i64, open_ms: i64) -> i64 {
        if open_ms <= 0 {
            return at;
        }
        let first = opened(at) - open_ms;
        opening_of(first.div_euclid(OPEN_A_DAY)) + first.rem_euclid(OPEN_A_DAY)
    }

    fn open_ms(&self, from: i64, to: i64) -> i64 {
        if to <= from { 0 } else { opened(to) - opened(from) }
    }

    fn next_open(&self, at: i64) -> i64 {
        at.max(opening_of(opened(at).div_euclid(OPEN_A_DAY)))
    }
}

#[test]
fn office_counts_its_hours() {
    let friday = at(4, 16, 30);
    assert_eq!(Office.due(friday, HOUR), at(7, 9, 30));
    assert_eq!(Office.due(friday, HOUR / 2), at(4, 17, 0));
    assert_eq!(Office.due(at(6, 12, 0), HOUR), at(7, 10, 0));
    assert_eq!(Office.before(at(7, 9, 30), HOUR), friday);
    assert_eq!(Office.open_ms(friday, at(7, 9, 30)), HOUR);
    assert_eq!((Office.next_open(friday), Office.next_open(at(5, 3, 0))), (friday, at(7, 9, 0)));
}
