//! When triage tries again, and when it gives up.

/// Pauses after the first failure, the second and so on, in seconds: about ten minutes in all. After the last the row is
/// parked.
const PAUSES_S: [i64; 9] = [1, 2, 5, 10, 30, 60, 120, 180, 240];

/// Longest pause, in ms.
pub const LONGEST_MS: i64 = PAUSES_S[PAUSES_S.len() - 1] * 1_000;

/// When to try again (Unix ms) after `failures`; `None` after the tenth.
pub fn next_try(failures: i32, now: i64) -> Option<i64> {
    let made = usize::try_from(failures).ok()?;
    Some(now + PAUSES_S.get(made.checked_sub(1)?)? * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenth_failure_is_the_last() {
        let tries: Vec<_> = (1..).map_while(|failures| next_try(failures, 0)).collect();
        assert_eq!(tries.len(), 9);
        assert!(tries.is_sorted());
        assert_eq!(tries.last(), Some(&LONGEST_MS));
        assert_eq!(next_try(0, 0), None);
    }
}
