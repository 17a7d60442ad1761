//! Notices when the machine's clock was set back.

use std::time::Instant;

use counterbell_shared::time::UnixMillis;

/// How far the clocks of servers that share a PostgreSQL may differ, in ms.
pub const CLOCKS_DIFFER_MS: i64 = 10_000;
/// A step back that is more than what a clock is adjusted by while it runs, in ms.
const STEP_MS: i64 = 2_000;

/// The clock as it was seen last.
pub struct Clock {
    seen: UnixMillis,
    at: Instant,
}

impl Clock {
    /// Begins to watch it.
    pub fn new() -> Self {
        Self { seen: UnixMillis::now(), at: Instant::now() }
    }

    /// Whether it was set back since this was asked last.
    pub fn was_set_back(&mut self) -> bool {
        let now = Self::new();
        let passed_ms = i64::try_from(now.at.duration_since(self.at).as_millis()).unwrap_or(i64::MAX);
        let set_back = now.is_behind(self.seen, passed_ms);
        *self = now;
        set_back
    }

    fn is_behind(&self, earlier: UnixMillis, passed_ms: i64) -> bool {
        self.seen.0 < earlier.0.saturating_add(passed_ms) - STEP_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_back_is_told_from_drift_and_from_a_step_forward() {
        let clock = Clock { seen: UnixMillis(100_000), at: Instant::now() };
        assert!(!clock.is_behind(UnixMillis(99_000), 1_000));
        assert!(!clock.is_behind(UnixMillis(99_500), 1_000));
        assert!(!clock.is_behind(UnixMillis(1_000), 1_000));
        assert!(clock.is_behind(UnixMillis(102_000), 1_000));
        assert!(!Clock::new().was_set_back());
    }
}
