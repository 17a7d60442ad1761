//! What holds for all opening hours, whenever clocks change.

use counterbell_shared::time::UnixMillis;
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::parse::WEEKDAYS;
use super::tests::{calendar, zone};
use super::*;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Clocks there change by an hour, by half an hour, by two; at midnight; around midnight, so that a day comes twice; Apia left
/// out a day.
const ZONES: [&str; 12] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",
];

/// Opening hours as they were written, for which the wall clock alone says what is open.
#[derive(Clone, Debug)]
struct Written {
    /// Minutes of the day; an end that is not later is on the next day.
    week: Vec<Vec<(u16, u16)>>,
    /// Days, and how many more after each.
    closed: Vec<(Date, u8)>,
}

impl Written {
    fn calendar(&self) -> Calendar {
        let time = |minute: &u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let spans =
            |day: &Vec<(u16, u16)>| day.iter().map(|(from, to)| format!("{}-{}", time(from), time(to))).collect();
        let week = WEEKDAYS.iter().zip(&self.week).map(|(day, written)| (day.to_string(), spans(written)));
        let week: std::collections::BTreeMap<String, Vec<String>> = week.collect();
        let closed = self.closed.iter().map(|(first, more)| format!("{first}/{}", last(*first, *more)));
        calendar(&json!({ "hours": week, "closed": closed.collect::<Vec<_>>() }))
    }

    fn is_open(&self, zone: &TimeZone, at: i64) -> bool {
        let wall = Timestamp::from_millisecond(at).unwrap().to_zoned(zone.clone()).datetime();
        let minute = u16::try_from(wall.hour()).unwrap() * 60 + u16::try_from(wall.minute()).unwrap();
        let spans_of = |day: Date| {
            let is_closed = self.closed.iter().any(|(first, more)| *first <= day && day <= last(*first, *more));
            let weekday = usize::from(day.weekday().since(Weekday::Monday).unsigned_abs());
            if is_closed { &[] } else { self.week[weekday].as_slice() }
        };
        let today = spans_of(wall.date()).iter().any(|(from, to)| *from <= minute && (minute < *to || to <= from));
        today || spans_of(wall.date().yesterday().unwrap()).iter().any(|(from, to)| to <= from && minute < *to)
    }
}

fn last(first: Date, more: u8) -> Date {
    first.saturating_add(jiff::Span::new().days(more))
}

/// A zone, opening hours, and a moment near which clocks change there or days are closed.
fn situation() -> impl Strategy<Value = (TimeZone, Written, i64)> {
    let minute = || prop_oneof![0u16..1440, select(vec![0, 1, 30, 60, 120, 150, 180, 1380, 1439])];
    let span = (minute(), minute()).prop_filter("empty", |(from, to)| from != to);
    let week = vec(vec(span, 0..4), 7).prop_filter("never open", |week| week.iter().any(|spans| !spans.is_empty()));
    let closed = vec((-3i64..10, 0u8..5), 0..4);
    // From 1980 to 2040, and up to three days before or after a change.
    let moment = (315_532_800i64..2_208_988_800, any::<bool>(), -72 * HOUR_MS..72 * HOUR_MS);
    (select(ZONES.to_vec()), week, closed, moment).prop_map(
        |(name, week, closed, (second, is_near_change, away_ms))| {
            let zone = zone(name);
            let random = Timestamp::from_second(second).unwrap();
            let change = zone.following(random).next().filter(|_| is_near_change);
            let from = change.map_or(random, |change| change.timestamp()).as_millisecond() + away_ms;
            let today = Timestamp::from_millisecond(from).unwrap().to_zoned(zone.clone()).date();
            let closed =
                closed.into_iter().map(|(days, more)| (today.saturating_add(jiff::Span::new().days(days)), more));
            let written = Written { week, closed: closed.collect() };
            (zone, written, from)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_open_when_the_wall_clock_says_so((zone, written, from) in situation()) {
        let calendar = written.calendar();
        let from = from - from.rem_euclid(MINUTE_MS);
        let minutes = || (0..36 * 60).map(|n| from + n * MINUTE_MS);
        let open: Vec<_> = minutes().filter(|at| written.is_open(&zone, *at)).collect();
        prop_assert_eq!(calendar.open_ms(&zone, from, from + 36 * HOUR_MS), Ok(open.len() as i64 * MINUTE_MS));
        for at in minutes().step_by(7) {
            let is_open = open.binary_search(&at).is_ok();
            prop_assert_eq!([at, at + MINUTE_MS - 1].map(|at| calendar.is_open(&zone, at)), [is_open; 2]);
        }
        if let Some(first) = open.first() {
            prop_assert_eq!(calendar.next_open(&zone, from), Ok(*first));
        }
    }

    #[test]
    fn due_is_the_first_moment_with_so_much_open_time(
        (zone, written, from) in situation(), open_ms in 1..60 * HOUR_MS, more_ms in 0..60 * HOUR_MS,
    ) {
        let calendar = written.calendar();
        let Ok(due) = calendar.due(&zone, from, open_ms) else {
            let reach = calendar.open_ms(&zone, from, from + REACH_DAYS * 24 * HOUR_MS).unwrap();
            prop_assert!(reach < open_ms, "{} ms are open", reach);
            prop_assert!(calendar.due(&zone, from, open_ms + more_ms).is_err());
            return Ok(());
        };
        prop_assert_eq!(calendar.open_ms(&zone, from, due), Ok(open_ms));
        prop_assert!(calendar.is_open(&zone, due - 1));
        prop_assert_eq!(calendar.before(&zone, due, open_ms), calendar.next_open(&zone, from));
        prop_assert_eq!(calendar.due(&zone, from, open_ms - 1).is_ok_and(|earlier| earlier < due), true);
        // Stopping in between loses nothing.
        if let Ok(later) = calendar.due(&zone, from, open_ms + more_ms) {
            prop_assert!(due <= later);
            prop_assert_eq!(calendar.due(&zone, due, more_ms), Ok(later));
        }
    }

    #[test]
    fn who_comes_later_is_not_due_earlier((zone, written, from) in situation(), wait_ms in 0..200 * HOUR_MS) {
        let (calendar, later) = (written.calendar(), from + wait_ms);
        let due = |from| calendar.due(&zone, from, HOUR_MS);
        if let (Ok(first), Ok(second)) = (due(from), due(later)) {
            prop_assert!(first <= second);
        }
        let open_ms = |from, to| calendar.open_ms(&zone, from, to).unwrap();
        let end = later + 100 * HOUR_MS;
        prop_assert_eq!(open_ms(from, later) + open_ms(later, end), open_ms(from, end));
    }

    #[test]
    fn calendar_reads_back((_, written, _) in situation()) {
        let calendar = written.calendar();
        prop_assert_eq!(Calendar::parse(&serde_json::to_vec(&calendar).unwrap()), Ok(calendar));
    }

    #[test]
    fn any_moment_has_an_answer_or_none(
        (zone, written, _) in situation(), at in moment(), to in moment(), open_ms in prop_oneof![any::<i64>(), 0..HOUR_MS],
    ) {
        let calendar = written.calendar();
        let opens = calendar.next_open(&zone, at).ok();
        prop_assert!(opens.is_none_or(|opens| opens >= at && calendar.is_open(&zone, opens)));
        prop_assert!(calendar.due(&zone, at, open_ms).ok().is_none_or(|due| due >= at));
        prop_assert!(calendar.before(&zone, at, open_ms).ok().is_none_or(|start| start <= at));
        let longest = to.saturating_sub(at).max(0);
        prop_assert!(calendar.open_ms(&zone, at, to).ok().is_none_or(|open_ms| (0..=longest).contains(&open_ms)));
    }
}

/// Any at all, and any of the years 0 to 9999.
fn moment() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), UnixMillis::FIRST.0..=UnixMillis::LAST.0]
}
