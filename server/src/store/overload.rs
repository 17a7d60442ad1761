//! Says in the log that more comes than can be stored.

use crate::counted::counted;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A line for each refusal would make it worse, so there is one in this time.
const EVERY_MS: u64 = 10_000;

/// Counts refusals between two lines of the log.
#[derive(Debug)]
pub struct OverloadLog {
    started: Instant,
    /// Not before this, in ms since the start.
    next_ms: AtomicU64,
    refused: AtomicU64,
}

impl Default for OverloadLog {
    fn default() -> Self {
        Self { started: Instant::now(), next_ms: AtomicU64::new(0), refused: AtomicU64::new(0) }
    }
}

impl OverloadLog {
    /// A request was refused because the queue is full.
    pub fn note(&self) {
        let now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(refused) = self.count(now_ms) {
            let requests = counted(refused, "request was", "requests were");
            tracing::warn!(refused, "The queue to storage is full: {requests} answered 503 since the last such line");
        }
    }

    /// How many to tell of now; `None` when the last line is too young.
    fn count(&self, now_ms: u64) -> Option<u64> {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let next_ms = self.next_ms.load(Ordering::Relaxed);
        let due = now_ms >= next_ms;
        // Of several threads one tells.
        let ours = due
            && self.next_ms.compare_exchange(next_ms, now_ms + EVERY_MS, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        ours.then(|| self.refused.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_refusal_is_told_at_once_and_the_rest_together() {
        let log = OverloadLog::default();
        assert_eq!(log.count(5), Some(1));
        for now_ms in 6..106 {
            assert_eq!(log.count(now_ms), None);
        }
        assert_eq!(log.count(EVERY_MS + 4), None);
        assert_eq!(log.count(EVERY_MS + 5), Some(102));
        assert_eq!(log.count(3 * EVERY_MS), Some(1));
    }
}
