//! Whether a response would be stored, from memory: as the thread that stores them and whoever looks at the disk last
//! found it.

use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use strum::VariantArray;

use super::StorageError;

/// A write that takes longer may never end: above the 10 s for which SQLite waits for its lock.
const STUCK: Duration = Duration::from_secs(12);

/// Why a response would not be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub enum Trouble {
    /// The database does not answer.
    Away,
    /// It can only be read.
    ReadOnly,
    /// Its disk is full.
    DiskFull,
    /// Its disk is about to be full.
    LittleSpace,
    /// Its disk does not work.
    DiskFailing,
    /// Somebody else holds SQLite's write lock.
    Locked,
    /// A write is under way and does not end.
    Stuck,
    /// It refuses what is written, as where a table or a right is missing.
    Refused,
}

impl Trouble {
    /// What an error says about storage. Diesel keeps only the texts of most.
    fn of(error: &StorageError) -> Self {
        let text = error.to_string();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if says(&["disk is full", "No space left on device"]) {
            Self::DiskFull
        } else if says(&["read-only", "readonly"]) {
            Self::ReadOnly
        } else if says(&["disk I/O error"]) {
            Self::DiskFailing
        } else if says(&["database is locked"]) {
            Self::Locked
        } else if matches!(error, StorageError::Unavailable(_)) {
            Self::Away
        } else {
            Self::Refused
        }
    }
}

/// For the operator; nothing of the inside, since anybody may ask.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Away => "The database cannot be reached.",
            Self::ReadOnly => "The database is read-only.",
            Self::DiskFull => "The database's disk is full.",
            Self::LittleSpace => "Less than 64 MiB are free on the database's disk.",
            Self::DiskFailing => "The database's disk reports errors.",
            Self::Locked => "Another program keeps the database locked.",
            Self::Stuck => "The database has not answered a write for more than 12 seconds.",
            Self::Refused => "The database refuses what is written: the log says why.",
        })
    }
}

/// What is known; no lock, for it is asked and told from hot paths.
#[derive(Debug)]
pub struct Health {
    started: Instant,
    /// Of the last write.
    write: AtomicTrouble,
    /// Of the last look at the disk.
    disk: AtomicTrouble,
    /// When the write began that is under way, in ms since the start, and 1; 0: none is.
    writing_since: AtomicU64,
}

impl Default for Health {
    /// Well: the server does not start on a database that cannot be written.
    fn default() -> Self {
        Self {
            started: Instant::now(),
            write: AtomicTrouble::default(),
            disk: AtomicTrouble::default(),
            writing_since: AtomicU64::new(0),
        }
    }
}

impl Health {
    /// Why a response would not be stored; `None` when it would.
    pub fn trouble(&self) -> Option<Trouble> {
        self.disk.get().or_else(|| self.write.get()).or_else(|| self.is_stuck(Instant::now()).then_some(Trouble::Stuck))
    }

    /// Whether the last write failed.
    pub fn writes_fail(&self) -> bool {
        self.write.get().is_some()
    }

    /// A write begins.
    pub fn write_begins(&self) {
        self.writing_since.store(self.elapsed_ms(Instant::now()) + 1, Ordering::Relaxed);
    }

    /// It ended, one way or another.
    pub fn write_ends(&self) {
        self.writing_since.store(0, Ordering::Relaxed);
    }

    /// What became of a write.
    pub fn note_write(&self, written: Result<(), &StorageError>) {
        let trouble = written.err().map(Trouble::of);
        if self.write.get() == trouble {
            return;
        }
        match (self.write.replace(trouble), written) {
            (_, Err(error)) => tracing::error!("Responses cannot be stored: {error}"),
            (Some(_), Ok(())) => tracing::info!("Responses are stored again"),
            (None, Ok(())) => {}
        }
    }

    /// What a look at the database's disk found.
    pub fn note_disk(&self, trouble: Option<Trouble>) {
        if self.disk.get() == trouble {
            return;
        }
        match (self.disk.replace(trouble), trouble) {
            (_, Some(trouble)) => tracing::error!("The server is not ready: {trouble}"),
            (Some(_), None) => tracing::info!("The database's disk is well again"),
            (None, None) => {}
        }
    }

    fn is_stuck(&self, now: Instant) -> bool {
        match self.writing_since.load(Ordering::Relaxed).checked_sub(1) {
            Some(since) => Duration::from_millis(self.elapsed_ms(now).saturating_sub(since)) > STUCK,
            None => false,
        }
    }

    fn elapsed_ms(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// 0: none; else the place in `Trouble::VARIANTS`, and 1.
#[derive(Debug, Default)]
struct AtomicTrouble(AtomicU8);

impl AtomicTrouble {
    fn get(&self) -> Option<Trouble> {
        Self::read(self.0.load(Ordering::Relaxed))
    }

    fn replace(&self, trouble: Option<Trouble>) -> Option<Trouble> {
        Self::read(self.0.swap(trouble.map_or(0, |trouble| trouble as u8 + 1), Ordering::Relaxed))
    }

    fn read(number: u8) -> Option<Trouble> {
        Trouble::VARIANTS.get(usize::from(number).checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unavailable(text: &str) -> StorageError {
        StorageError::Unavailable(text.to_owned())
    }

    #[test]
    fn last_write_and_last_look_at_the_disk_are_told() {
        let health = Health::default();
        assert_eq!(health.trouble(), None);
        for trouble in Trouble::VARIANTS.iter().copied() {
            health.note_disk(Some(trouble));
            assert_eq!((health.trouble(), health.writes_fail()), (Some(trouble), false));
        }
        health.note_disk(None);
        assert_eq!(health.trouble(), None);

        for (text, trouble) in [
            ("database or disk is full", Trouble::DiskFull),
            ("could not extend file \"base/1\": No space left on device", Trouble::DiskFull),
            ("attempt to write a readonly database", Trouble::ReadOnly),
            ("postgres://db/x is read-only: it is a standby", Trouble::ReadOnly),
            ("database is locked", Trouble::Locked),
            ("server closed the connection unexpectedly", Trouble::Away),
        ] {
            health.note_write(Err(&unavailable(text)));
            assert_eq!((health.trouble(), health.writes_fail()), (Some(trouble), true), "{text}");
        }
        health.note_write(Ok(()));
        assert_eq!(health.trouble(), None);
    }

    #[test]
    fn write_that_does_not_end_is_told() {
        let health = Health::default();
        let later = health.started + STUCK + Duration::from_millis(2);
        assert!(!health.is_stuck(later));
        health.writing_since.store(1, Ordering::Relaxed);
        assert!(health.is_stuck(later));
        assert!(!health.is_stuck(health.started + STUCK));
        health.write_ends();
        assert!(!health.is_stuck(later));
    }
}
