//! Waiting on conditions, never on durations.

use std::time::{Duration, Instant};

/// Longest wait for anything: far above what a busy machine needs, so that reaching it means a fault.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Asks `probe` again and again until it has a value.
///
/// # Panics
/// When there is none by the deadline: `no {what} within 60 s`.
pub async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < deadline, "no {what} within {} s", DEADLINE.as_secs());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Asks `condition` again and again until it holds.
///
/// # Panics
/// When it does not by the deadline.
pub async fn until_true(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    until(what, async || condition().await.then_some(())).await;
}
