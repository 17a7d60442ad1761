//! Walking along the time that counts.

use std::ops::Range;

use counterbell_shared::time::{DAY_MS, UnixMillis};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::hours::OpeningHours;

/// Days that are looked at for a moment ahead or back.
pub const REACH_DAYS: i64 = 400;
/// Most days over which open time is measured.
pub const MEASURED_MAX_DAYS: i64 = 4_000;

/// Days looked at in one step; both limits are multiples of it.
const STEP_DAYS: i64 = 10;
const MINUTE_MS: i64 = 60_000;

/// There is no answer within the days that are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("opening hours give no answer within {days} days")]
pub struct OutOfReach {
    /// How many those are.
    pub days: i64,
}

impl OpeningHours {
    pub(super) fn is_open(&self, zone: &TimeZone, at: i64) -> bool {
        !self.open_in(zone, at..at.saturating_add(1)).is_empty()
    }

    pub(super) fn next_open(&self, zone: &TimeZone, at: i64) -> Result<i64, OutOfReach> {
        let mut open = steps_after(at, REACH_DAYS).filter_map(|step| self.open_in(zone, step).into_iter().next());
        open.next().map(|stretch| stretch.start).ok_or(OutOfReach { days: REACH_DAYS })
    }

    pub(super) fn due(&self, zone: &TimeZone, from: i64, open_ms: i64) -> Result<i64, OutOfReach> {
        if open_ms <= 0 {
            return Ok(from);
        }
        let mut left = open_ms;
        for stretch in steps_after(from, REACH_DAYS).flat_map(|step| self.open_in(zone, step)) {
            let length = stretch.end - stretch.start;
            if left <= length {
                return Ok(stretch.start + left);
            }
            left -= length;
        }
        Err(OutOfReach { days: REACH_DAYS })
    }

    pub(super) fn before(&self, zone: &TimeZone, at: i64, open_ms: i64) -> Result<i64, OutOfReach> {
        if open_ms <= 0 {
            return Ok(at);
        }
        let mut left = open_ms;
        for stretch in steps_before(at).flat_map(|step| self.open_in(zone, step).into_iter().rev()) {
            let length = stretch.end - stretch.start;
            if left <= length {
                return Ok(stretch.end - left);
            }
            left -= length;
        }
        Err(OutOfReach { days: REACH_DAYS })
    }

    pub(super) fn open_ms(&self, zone: &TimeZone, from: i64, to: i64) -> Result<i64, OutOfReach> {
        if to.saturating_sub(from) > MEASURED_MAX_DAYS * DAY_MS {
            return Err(OutOfReach { days: MEASURED_MAX_DAYS });
        }
        let steps = steps_after(from, MEASURED_MAX_DAYS).take_while(|step| step.start < to);
        let open = steps.flat_map(|step| self.open_in(zone, step.start..step.end.min(to)));
        Ok(open.map(|stretch| stretch.end - stretch.start).sum())
    }

    /// Stretches of `window` (Unix ms) in which it is open, in order; none is empty, and no two touch.
    fn open_in(&self, zone: &TimeZone, window: Range<i64>) -> Vec<Range<i64>> {
        let mut open: Vec<Range<i64>> = Vec::new();
        for (piece, offset_ms) in pieces(zone, window) {
            let day_at = |at: i64| (at + offset_ms).div_euclid(DAY_MS);
            // A span of the day before may last until today.
            for day in day_at(piece.start) - 1..=day_at(piece.end - 1) {
                let midnight = day * DAY_MS - offset_ms;
                for span in self.spans_of(day) {
                    let start = piece.start.max(midnight + i64::from(span.from_min) * MINUTE_MS);
                    let end = piece.end.min(midnight + i64::from(span.to_min) * MINUTE_MS);
                    match open.last_mut() {
                        _ if end <= start => {}
                        Some(last) if start <= last.end => last.end = last.end.max(end),
                        _ => open.push(start..end),
                    }
                }
            }
        }
        open
    }
}

/// `window` in pieces in which the zone's offset stays the same, and that offset (ms). Nothing of it that is before
/// [`UnixMillis::FIRST`] or after [`UnixMillis::LAST`].
fn pieces(zone: &TimeZone, window: Range<i64>) -> impl Iterator<Item = (Range<i64>, i64)> {
    let mut start = window.start.max(UnixMillis::FIRST.0);
    let end = window.end.min(UnixMillis::LAST.0);
    std::iter::from_fn(move || {
        let at = Timestamp::from_millisecond(start).ok().filter(|_| start < end)?;
        let change = zone.following(at).next().map(|change| change.timestamp().as_millisecond());
        let piece = start..change.map_or(end, |change| change.min(end));
        start = piece.end;
        Some((piece, i64::from(zone.to_offset(at).seconds()) * 1_000))
    })
}

/// The `days` after `from`, step by step.
fn steps_after(from: i64, days: i64) -> impl Iterator<Item = Range<i64>> {
    let step = move |n: i64| from.saturating_add(n * STEP_DAYS * DAY_MS);
    (0..days / STEP_DAYS).map(move |n| step(n)..step(n + 1))
}

/// The [`REACH_DAYS`] before `to`, the last step first.
fn steps_before(to: i64) -> impl Iterator<Item = Range<i64>> {
    let step = move |n: i64| to.saturating_sub(n * STEP_DAYS * DAY_MS);
    (0..REACH_DAYS / STEP_DAYS).map(move |n| step(n + 1)..step(n))
}
