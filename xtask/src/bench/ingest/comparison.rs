//! What changed between two binaries.

use std::fmt;

use serde::Serialize;

use super::case::{Case, Kind, Round};
use super::figures::Taken;
use crate::bench::database::BackendName;
use crate::bench::stats::{Rounds, cell};
use crate::bench::unhappy::Unhappy;

/// One case, measured with both binaries in turn.
#[derive(Serialize)]
pub struct Comparison {
    database: BackendName,
    connections: usize,
    unhappy: Unhappy,
    kind: Kind,
    new_per_second: Option<Rounds>,
    old_per_second: Option<Rounds>,
    /// Of responses acknowledged a second, round by round: above 1 the new binary takes more.
    new_to_old: Rounds,
    /// Of the latency that 99 of 100 did not exceed, round by round: below 1 the new binary is sooner.
    p99_new_to_old: Option<Rounds>,
}

impl Comparison {
    /// `None` when only one binary was measured.
    pub fn new(case: &Case<'_>, taken: &Taken) -> Option<Self> {
        let per_second = |rounds: &[Round]| Rounds::of(rounds.iter().map(|round| round.measured.per_second));
        Some(Self {
            database: case.backend.name(),
            connections: case.connections,
            unhappy: case.unhappy,
            kind: case.kind,
            new_per_second: per_second(&taken.new),
            old_per_second: per_second(&taken.old),
            new_to_old: ratios(taken, |round| Some(round.measured.per_second))?,
            p99_new_to_old: ratios(taken, |round| round.measured.p99_ms),
        })
    }

    /// The heads of the columns.
    pub fn head(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<10} {:>11} {:>7}  {:<13} {:>8} {:>8} {:>20} {:>20}",
            "database", "connections", "unhappy", "", "new/s", "old/s", "new/old", "p99 new/old"
        )
    }
}

/// New over old, round by round: both of a round met the machine in the same mood.
fn ratios(taken: &Taken, figure: fn(&Round) -> Option<f64>) -> Option<Rounds> {
    let pairs = taken.new.iter().zip(&taken.old);
    let ratio = |(new, old): (&Round, &Round)| Some(figure(new)? / figure(old).filter(|old| *old > 0.0)?);
    Rounds::of(pairs.filter_map(ratio))
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { database, connections, unhappy, kind, .. } = self;
        writeln!(
            f,
            "{database:<10} {connections:>11} {unhappy:>7}  {kind:<13} {:>8} {:>8} {:>20} {:>20}",
            cell(self.new_per_second, 0),
            cell(self.old_per_second, 0),
            self.new_to_old.range(2),
            self.p99_new_to_old.map_or("-".to_owned(), |ratio| ratio.range(2)),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::bench::database::Backend;
    use crate::bench::measurement::Measurement;

    fn rounds(per_second: &[f64]) -> Vec<Round> {
        per_second
            .iter()
            .map(|per_second| Measurement { per_second: *per_second, ..Measurement::default() }.into())
            .collect()
    }

    #[test]
    fn ratio_is_the_median_of_the_rounds_and_not_that_of_the_medians() {
        let backend = Backend::Sqlite(PathBuf::new());
        let case = Case {
            backend: &backend,
            connections: 1,
            kind: Kind::SharedCommit,
            unhappy: Unhappy::None,
            recipient: None,
            watched: false,
            seconds: 1,
        };
        // The machine was twice as slow in the second round, and slower yet in the third.
        let taken = Taken { new: rounds(&[100.0, 60.0, 30.0]), old: rounds(&[100.0, 50.0, 20.0]) };
        let comparison = Comparison::new(&case, &taken).unwrap();
        assert_eq!(comparison.new_to_old, Rounds { median: 1.2, min: 1.0, max: 1.5 });
        assert_eq!(comparison.p99_new_to_old, None);
        assert!(Comparison::new(&case, &Taken { old: Vec::new(), ..taken }).is_none());
    }
}
