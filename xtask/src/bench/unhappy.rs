//! How many of the customers who rate are unhappy: what becomes of a response depends on its score.

use std::fmt;

use serde::Serialize;

/// Which scores the requests have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Unhappy {
    /// Everybody is happy: nobody is told of anything
    None,
    /// Every tenth request
    Tenth,
    /// Every request
    All,
    /// The reviews as they are, about one in ten
    Real,
}

/// CSAT of a customer who is as happy as can be, and of one who is not at all.
const HAPPY: i64 = 5;
const UNHAPPY: i64 = 1;

impl Unhappy {
    /// CSAT that is sent with the review in this row.
    pub fn score(self, row: usize, rating: i64) -> i64 {
        match self {
            Self::Real => rating,
            Self::All => UNHAPPY,
            Self::Tenth if row.is_multiple_of(10) => UNHAPPY,
            Self::Tenth | Self::None => HAPPY,
        }
    }
}

impl fmt::Display for Unhappy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Tenth => "tenth",
            Self::All => "all",
            Self::Real => "real",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_unhappy_as_the_name_says() {
        let unhappy = |which: Unhappy| (0..1000).filter(|row| which.score(*row, 4) <= 2).count();
        assert_eq!(unhappy(Unhappy::None), 0);
        assert_eq!(unhappy(Unhappy::Tenth), 100);
        assert_eq!(unhappy(Unhappy::All), 1000);
        assert_eq!((Unhappy::Real.score(0, 2), Unhappy::Real.score(0, 4)), (2, 4));
    }
}
