//! Says that mail does not go out.

use std::time::{Duration, Instant};

use counterbell_shared::time::UnixMillis;

use crate::counted::counted;
use crate::db::outbox::Undelivered;
use crate::store::ReadPools;
use crate::tasks::Lasting;

/// A message that has not gone out for so long, in ms, is told of.
pub const OVERDUE_MS: i64 = 300_000;
/// How often we look.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Remembers what was told.
#[derive(Default)]
pub struct Overdue {
    looked: Option<Instant>,
    waits: Lasting,
}

impl Overdue {
    /// One line when messages have not gone out for five minutes, and one when all have.
    pub async fn look(&mut self, reads: &ReadPools) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY) {
            return;
        }
        self.looked = Some(Instant::now());
        let now = UnixMillis::now().0;
        // When the database does not answer, that is told already.
        let Ok(undelivered) = reads.background.read(move |conn| Undelivered::load(conn, now - OVERDUE_MS)).await else {
            return;
        };
        match undelivered {
            Some(Undelivered { messages, oldest_at, last_error }) if self.waits.begins() => {
                let (minutes, reason) = (minutes(now - oldest_at), last_error.unwrap_or("not tried yet".to_owned()));
                let wait = counted(messages, "message waits", "messages wait");
                tracing::error!(
                    messages,
                    "Mail does not go out: {wait}, the oldest for {minutes}; its last error: {reason}"
                );
            }
            None if self.waits.ends() => {
                tracing::info!("Mail goes out again: no message has waited for five minutes");
            }
            _ => {}
        }
    }
}

/// `7 minutes`.
pub fn minutes(span_ms: i64) -> String {
    counted(span_ms / 60_000, "minute", "minutes")
}
