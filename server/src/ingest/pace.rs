//! Work that can wait leaves the processors to ingest.

use std::time::{Duration, Instant};

use super::writer::WriterHandle;

/// Part of the time the writer commits responses, above which ingest comes first: at half of what it takes, customers
/// still wait for nothing else.
const BUSY: f64 = 0.5;
/// While ingest is busy, other work rests this many times as long as it worked.
const REST: u32 = 4;
/// Longest rest.
const REST_MAX: Duration = Duration::from_millis(500);

/// Tells work beside ingest when to rest.
pub struct Pace {
    committing: Duration,
    since: Instant,
}

impl Pace {
    /// Begins to watch the writer.
    pub fn new(writer: &WriterHandle) -> Self {
        Self { committing: writer.committing(), since: Instant::now() }
    }

    /// Whether ingest was busy since this was asked last.
    pub fn is_busy(&mut self, writer: &WriterHandle) -> bool {
        let before = std::mem::replace(self, Self::new(writer));
        let elapsed = self.since - before.since;
        (self.committing - before.committing).as_secs_f64() > BUSY * elapsed.as_secs_f64()
    }

    /// How long to rest, while ingest is busy, after having `worked`.
    pub fn rest(worked: Duration) -> Duration {
        (worked * REST).min(REST_MAX)
    }
}
