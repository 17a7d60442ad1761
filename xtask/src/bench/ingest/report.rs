//! What is printed at the end.

use std::fmt;

use serde::Serialize;

use super::binaries::Which;
use super::case::{Case, Kind};
use super::comparison::Comparison;
use super::figures::{Figures, Taken};
use super::ratio::Ratio;
use crate::bench::database::BackendName;
use crate::bench::machine;
use crate::bench::stats::Rounds;

/// Every case, and the ratios between them.
#[derive(Serialize)]
pub struct Report {
    /// Processors, which server, database and load generator share.
    cores: usize,
    /// Measured time of each case.
    seconds: u64,
    /// How often each case was measured.
    rounds: u32,
    /// Whether unhappy responses became mails.
    mail: bool,
    disks: Vec<DiskFigures>,
    cases: Vec<Figures>,
    ratios: Vec<Ratio>,
    /// None without `--against`.
    comparisons: Vec<Comparison>,
}

/// The disk that holds a database's files.
#[derive(Serialize)]
pub struct DiskFigures {
    /// Whose.
    pub database: BackendName,
    /// Calls of `fdatasync` a second, each after 4 KiB were appended.
    pub fdatasync_per_second: Rounds,
}

impl DiskFigures {
    /// `None` when it could not be measured.
    pub fn new(database: BackendName, rates: Vec<f64>) -> Option<Self> {
        Some(Self { database, fdatasync_per_second: Rounds::of(rates)? })
    }
}

impl Report {
    /// From the rounds of each case, in the order they are printed.
    pub fn new<'a>(
        seconds: u64,
        rounds: u32,
        mail: bool,
        disks: Vec<DiskFigures>,
        cases: impl Iterator<Item = (&'a Case<'a>, &'a Taken)> + Clone,
    ) -> Self {
        let cores = machine::cores();
        let comparisons = cases.clone().filter_map(|(case, taken)| Comparison::new(case, taken)).collect();
        let figures = |(case, taken): (&Case<'_>, &Taken)| {
            let both = [(Which::New, &taken.new), (Which::Old, &taken.old)].into_iter();
            let measured = both.filter(|(_, rounds)| !rounds.is_empty());
            measured.map(|(which, rounds)| Figures::new(case, which, rounds)).collect::<Vec<_>>()
        };
        let cases: Vec<_> = cases.flat_map(figures).collect();
        let shared = cases.iter().filter(|figures| figures.kind == Kind::SharedCommit);
        let ratios = shared.filter_map(|shared| Ratio::new(shared, &cases, &disks)).collect();
        Self { cores, seconds, rounds, mail, disks, cases, ratios, comparisons }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, seconds, rounds, .. } = self;
        let mail = if self.mail { "unhappy responses become mails" } else { "no mails" };
        writeln!(
            f,
            "\nIngest, {seconds} s a case, median of {rounds} rounds, {mail}; server, database and load share {cores} \
             cores\n"
        )?;
        Figures::head(f)?;
        self.cases.iter().try_for_each(|case| case.fmt(f))?;
        if self.cases.iter().any(|case| machine::is_busy(case.others_busy)) {
            writeln!(f, "\nOther programs used the processors too: these figures are too low, some more than others.")?;
        }
        if self.cases.iter().any(|case| case.queues.is_some()) {
            Figures::queues_head(f)?;
            self.cases.iter().try_for_each(|case| case.queues_line(f))?;
        }
        writeln!(f)?;
        for disk in &self.disks {
            let rate = disk.fdatasync_per_second;
            let (median, spread) = (rate.median, rate.spread_percent());
            writeln!(f, "{:<10} disk: {median:.0} fdatasync/s of 4 KiB appended (spread {spread:.0}%)", disk.database)?;
        }
        if !self.ratios.is_empty() {
            Ratio::head(f)?;
            self.ratios.iter().try_for_each(|ratio| ratio.fmt(f))?;
        }
        if !self.comparisons.is_empty() {
            Comparison::head(f)?;
            self.comparisons.iter().try_for_each(|comparison| comparison.fmt(f))?;
        }
        Ok(())
    }
}
