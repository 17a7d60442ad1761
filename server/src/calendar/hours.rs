//! The spans of a week, and the days on which they do not count.

use jiff::civil::Date;

use super::closed_days::{CLOSED_MAX, CLOSED_MAX_DAYS, CannotClose, ClosedDays, date_of, day_of};
use super::span::Span;

/// When somebody is there: spans for each day of the week, less the days that are closed. Never closed for more than
/// [`CLOSED_MAX_DAYS`] on end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningHours {
    /// Monday first; each day's in the order in which they begin.
    week: [Vec<Span>; 7],
    closed: ClosedDays,
}

impl OpeningHours {
    /// Without closed days; `None` when no day has an hour.
    pub(super) fn new(mut week: [Vec<Span>; 7]) -> Option<Self> {
        week.iter_mut().for_each(|spans| spans.sort());
        let opens = week.iter().any(|spans| !spans.is_empty());
        opens.then(|| Self { week, closed: ClosedDays::default() })
    }

    pub(super) fn week(&self) -> &[Vec<Span>; 7] {
        &self.week
    }

    pub(super) fn closed(&self) -> &ClosedDays {
        &self.closed
    }

    /// Spans that begin on a day (since 1970-01-01), in the order in which they begin; they may overlap.
    pub(super) fn spans_of(&self, day: i64) -> &[Span] {
        if self.closed.contains(day) { &[] } else { &self.week[weekday(day)] }
    }

    pub(super) fn add_closed(&mut self, first: Date, last: Date) -> Result<(), CannotClose> {
        if last < first {
            return Err(CannotClose::Backwards);
        }
        let first_day = day_of(first);
        let mut changed = self.clone();
        changed.closed.add(&(first_day..=day_of(last)));
        if changed.closed.count() > CLOSED_MAX {
            return Err(CannotClose::TooMany);
        }
        changed.check_opens_around(first_day)?;
        *self = changed;
        Ok(())
    }

    /// Whether the days without an hour around `day` are few enough.
    fn check_opens_around(&self, day: i64) -> Result<(), CannotClose> {
        let is_shut = |day: &i64| self.spans_of(*day).is_empty();
        let first = (day - CLOSED_MAX_DAYS..day).rev().take_while(is_shut).last().unwrap_or(day);
        let opens = (first..=first + CLOSED_MAX_DAYS).any(|day| !is_shut(&day));
        if opens { Ok(()) } else { Err(CannotClose::TooLong { first: date_of(first) }) }
    }
}

/// 0 is Monday; day 0 was a Thursday.
fn weekday(day: i64) -> usize {
    (day + 3).rem_euclid(7) as usize
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn only_on_fridays() -> OpeningHours {
        let mut week: [Vec<Span>; 7] = Default::default();
        week[4] = vec!["13:00-17:00".parse().unwrap(), "09:00-12:00".parse().unwrap()];
        OpeningHours::new(week).unwrap()
    }

    #[test]
    fn spans_are_those_of_the_day() {
        let hours = only_on_fridays();
        for day in 1..=31 {
            let spans: Vec<_> = hours.spans_of(day_of(date(2027, 3, day))).iter().map(Span::to_string).collect();
            let friday = ["09:00-12:00", "13:00-17:00"];
            assert_eq!(spans, if [5, 12, 19, 26].contains(&day) { &friday[..] } else { &[] }, "{day}");
        }
        assert_eq!(OpeningHours::new(Default::default()), None);
    }

    #[test]
    fn a_year_on_end_may_be_closed_and_no_day_more() {
        let too_long = |month, day| Err(CannotClose::TooLong { first: date(2027, month, day) });
        let every_day = OpeningHours::new([(); 7].map(|()| vec!["09:00-17:00".parse().unwrap()])).unwrap();
        let first = date(2027, 1, 1);
        for (last, closed) in
            [(date(2028, 1, 1), Ok(())), (date(2028, 1, 2), too_long(1, 1)), (Date::MAX, too_long(1, 1))]
        {
            let mut hours = every_day.clone();
            assert_eq!(hours.add_closed(first, last), closed, "{last}");
            assert_eq!(hours != every_day, closed.is_ok(), "{last}");
        }
        // In parts, with days between and around them on which nobody comes anyway.
        let mut hours = only_on_fridays();
        hours.add_closed(date(2027, 7, 2), date(2027, 12, 31)).unwrap();
        assert_eq!(hours.add_closed(date(2027, 1, 8), date(2027, 6, 25)), too_long(1, 2));
        assert_eq!(hours.add_closed(date(2027, 1, 15), date(2027, 6, 25)), Ok(()));
        assert_eq!(hours.add_closed(date(2027, 1, 8), date(2027, 1, 8)), too_long(1, 2));
    }

    #[test]
    fn closed_stretches_are_counted_once_joined() {
        let mut hours = only_on_fridays();
        let every_other = |n: i64| date(2027, 1, 1).saturating_add(jiff::Span::new().days(2 * n));
        // Of Fridays it is every other one, so that it opens in between.
        for n in 0..CLOSED_MAX as i64 {
            hours.add_closed(every_other(n), every_other(n)).unwrap();
        }
        let next = every_other(CLOSED_MAX as i64);
        assert_eq!(hours.add_closed(next, next), Err(CannotClose::TooMany));
        assert_eq!(hours.add_closed(every_other(3), every_other(4)), Ok(()));
        assert_eq!(hours.add_closed(next, next), Ok(()));
        assert_eq!(hours.add_closed(next, date(2027, 1, 1)), Err(CannotClose::Backwards));
    }
}
