//! Work that can wait leaves the processors to ingest.

use std::time::{Duration, Instant};

use super::writer::WriterHandle;

/// Responses a second above which ingest comes first: far above what shops send, far below what one server takes.
const BUSY_PER_SECOND: f64 = 2_000.0;
/// While ingest is busy, other work rests this many times as long as it worked.
const REST: u32 = 4;
/// Longest rest.
const REST_MAX: Duration = Duration::from_millis(500);

/// Tells work beside ingest when to rest.
pub struct Pace {
    stored: u64,
    since: Instant,
}

impl Pace {
    /// Begins to watch the writer.
    pub fn new(writer: &WriterHandle) -> Self {
        Self { stored: writer.stored(), since: Instant::now() }
    }

    /// Whether ingest was busy since this was asked last.
    pub fn is_busy(&mut self, writer: &WriterHandle) -> bool {
        let stored = writer.stored();
        let per_second = (stored - self.stored) as f64 / self.since.elapsed().as_secs_f64().max(0.001);
        *self = Self { stored, since: Instant::now() };
        per_second > BUSY_PER_SECOND
    }

    /// How long to rest, while ingest is busy, after having `worked`.
    pub fn rest(worked: Duration) -> Duration {
        (worked * REST).min(REST_MAX)
    }
}
