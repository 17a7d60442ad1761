//! When to try again.

/// Pauses after the first attempt, the second and so on, in seconds: soon for a hiccup, then over a night's outage
/// (about 16 hours in all). After the last the message is parked.
const PAUSES_S: [i64; 10] = [1, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800];

/// When to try again (Unix ms) after `attempts` tries; `None` when that was the last.
///
/// Jitter of a quarter either way keeps messages that failed together from returning together.
pub fn next_attempt(attempts: i32, now: i64) -> Option<i64> {
    let made = usize::try_from(attempts).ok()?;
    let pause_ms = PAUSES_S.get(made.checked_sub(1)?)? * 1_000;
    Some(now + pause_ms + fastrand::i64(-pause_ms / 4..=pause_ms / 4))
}

/// How far ahead the next attempt of a message can be after `attempts` tries, in ms: its pause with all of the jitter, or
/// the lease of a try that goes on. For every number of tries there can be; whoever made more is being tried last.
pub fn longest_waits_ms(lease_ms: i64) -> impl Iterator<Item = (i32, i64)> {
    let pauses = PAUSES_S.into_iter().map(|pause_s| pause_s * 1_250);
    (0..)
        .zip([0].into_iter().chain(pauses).chain([0]))
        .map(move |(attempts, pause_ms)| (attempts, pause_ms.max(lease_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_attempt_is_further_ahead_than_the_longest_wait() {
        let waits: Vec<_> = longest_waits_ms(120_000).collect();
        assert_eq!(waits.first(), Some(&(0, 120_000)));
        assert_eq!(waits.last(), Some(&(11, 120_000)));
        for (attempts, longest_ms) in waits {
            for _ in 0..100 {
                assert!(next_attempt(attempts, 0).is_none_or(|at| at <= longest_ms), "{attempts}");
            }
        }
    }

    #[test]
    fn pauses_grow_over_hours_and_then_end() {
        let pauses: Vec<i64> = (1..).map_while(|attempts| next_attempt(attempts, 0)).collect();
        assert_eq!(pauses.len(), 10);
        assert!(pauses.is_sorted());
        let total: i64 = pauses.iter().sum();
        assert!((10 * 3_600_000..22 * 3_600_000).contains(&total), "{total} ms");
    }

    #[test]
    fn jitter_spreads_messages_that_failed_together() {
        let at: std::collections::HashSet<_> = (0..100).filter_map(|_| next_attempt(5, 0)).collect();
        assert!(at.len() > 50);
        assert!(at.iter().all(|at| (450_000..=750_000).contains(at)));
    }
}
