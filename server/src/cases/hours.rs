//! The opening hours of a touchpoint, as the clock of its cases.

use super::Clock;
use crate::touchpoints::Hours;

/// Counts what a calendar counts. What lies beyond its reach is counted as if it was always open: a time that is too early is
/// told, one that never comes is not.
impl Clock for Hours {
    fn due(&self, from: i64, open_ms: i64) -> i64 {
        let due = self.calendar.due(self.rules(), from, open_ms);
        due.unwrap_or_else(|_| from.saturating_add(open_ms.max(0)))
    }

    fn before(&self, at: i64, open_ms: i64) -> i64 {
        let before = self.calendar.before(self.rules(), at, open_ms);
        before.unwrap_or_else(|_| at.saturating_sub(open_ms.max(0)))
    }

    fn open_ms(&self, from: i64, to: i64) -> i64 {
        let open_ms = self.calendar.open_ms(self.rules(), from, to);
        open_ms.unwrap_or_else(|_| to.saturating_sub(from).max(0))
    }

    fn next_open(&self, at: i64) -> i64 {
        self.calendar.next_open(self.rules(), at).unwrap_or(at)
    }
}
