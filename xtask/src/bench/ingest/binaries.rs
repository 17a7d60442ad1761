//! The server binaries that are measured.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::Serialize;

/// One of the binaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// This workspace's.
    New,
    /// The one of `--against`.
    Old,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::New => "new",
            Self::Old => "old",
        })
    }
}

/// This workspace's, and another one to compare it with.
pub struct Binaries {
    new: PathBuf,
    old: Option<PathBuf>,
}

impl Binaries {
    /// Each is run in a directory of its own, so a relative path is taken from here.
    ///
    /// # Errors
    /// There is no file at the path to compare with.
    pub fn new(new: PathBuf, old: Option<&Path>) -> Result<Self> {
        let old = old.map(std::path::absolute).transpose()?;
        if let Some(old) = &old {
            ensure!(old.is_file(), "--against: there is no binary at {}", old.display());
        }
        Ok(Self { new, old })
    }

    /// In the order they are measured in this round, counted from 1: each goes first in every other round.
    pub fn in_turn(&self, round: u32) -> Vec<(Which, &Path)> {
        let mut all = vec![(Which::New, self.new.as_path())];
        all.extend(self.old.as_deref().map(|old| (Which::Old, old)));
        if round.is_multiple_of(2) {
            all.reverse();
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_binary_goes_first_in_every_other_round() {
        let this = std::env::current_exe().unwrap();
        let order =
            |binaries: &Binaries, round| binaries.in_turn(round).iter().map(|(which, _)| *which).collect::<Vec<_>>();
        let both = Binaries::new(this.clone(), Some(&this)).unwrap();
        assert_eq!(order(&both, 1), [Which::New, Which::Old]);
        assert_eq!(order(&both, 2), [Which::Old, Which::New]);
        let one = Binaries::new(this.clone(), None).unwrap();
        assert_eq!(order(&one, 2), [Which::New]);
        assert!(Binaries::new(this, Some(Path::new("/nowhere/counterbell"))).is_err());
    }
}
