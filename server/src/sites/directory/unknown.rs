//! Keys of which there is nothing.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

use super::remembered::FRESH;

/// Most keys that are kept: anybody can make them up.
const KEYS_MAX: usize = 10_000;

/// Keys the database was asked about lately, and knows nothing of. The oldest half is forgotten when there are too many.
pub struct Unknown<K> {
    recent: HashMap<K, Instant>,
    older: HashMap<K, Instant>,
}

impl<K> Default for Unknown<K> {
    fn default() -> Self {
        Self { recent: HashMap::new(), older: HashMap::new() }
    }
}

impl<K: Hash + Eq> Unknown<K> {
    /// Whether there was nothing less than five seconds ago.
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let seen = self.recent.get(key).or_else(|| self.older.get(key));
        seen.is_some_and(|seen| seen.elapsed() < FRESH)
    }

    /// There was nothing when the database was asked, at `asked`.
    pub fn insert(&mut self, key: K, asked: Instant) {
        if self.recent.len() >= KEYS_MAX / 2 {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(key, asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_keys_fill_no_memory_and_the_latest_are_known() {
        let mut unknown = Unknown::default();
        let now = Instant::now();
        for key in 0..100_000_u32 {
            unknown.insert(key, now);
            assert!(unknown.contains(&key));
            assert!(unknown.recent.len() + unknown.older.len() <= KEYS_MAX);
        }
        assert!(unknown.contains(&95_001) && !unknown.contains(&0));
    }

    #[test]
    fn what_was_not_there_may_be_there_later() {
        let mut unknown = Unknown::default();
        if let Some(long_ago) = Instant::now().checked_sub(FRESH) {
            unknown.insert("site", long_ago);
            assert!(!unknown.contains("site"));
        }
    }
}
