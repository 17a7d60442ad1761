//! What is printed at the end.

use std::fmt;

use serde::Serialize;

use super::case::{Case, Kind};
use crate::bench::database::BackendName;
use crate::bench::machine;
use crate::bench::measurement::Measurement;
use crate::bench::stats::{Rounds, cell, spread_cell};

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
}

/// The disk that holds a database's files.
#[derive(Serialize)]
pub struct DiskFigures {
    database: BackendName,
    /// Calls of `fdatasync` a second, each after 4 KiB were appended.
    fdatasync_per_second: Rounds,
}

impl DiskFigures {
    /// `None` when it could not be measured.
    pub fn new(database: BackendName, rates: Vec<f64>) -> Option<Self> {
        Some(Self { database, fdatasync_per_second: Rounds::of(rates)? })
    }
}

/// The rounds of one case.
#[derive(Serialize)]
struct Figures {
    database: BackendName,
    connections: usize,
    kind: Kind,
    acknowledged_per_second: Option<Rounds>,
    p50_ms: Option<Rounds>,
    p99_ms: Option<Rounds>,
    /// SQLite syncs its log once a commit, and a few times more at each checkpoint.
    commits_per_acknowledgement: Option<Rounds>,
    server_idle_bytes: Option<Rounds>,
    server_peak_bytes: Option<Rounds>,
    /// The worst round.
    others_busy: Option<f64>,
    /// In all rounds, warm-up included. As many were found after the server was killed.
    acknowledged: u64,
}

impl Figures {
    fn new(case: &Case<'_>, rounds: &[Measurement]) -> Self {
        let figure = |value: fn(&Measurement) -> Option<f64>| Rounds::of(rounds.iter().filter_map(value));
        Self {
            database: case.backend.name(),
            connections: case.connections,
            kind: case.kind,
            acknowledged_per_second: figure(|round| Some(round.per_second)),
            p50_ms: figure(|round| round.p50_ms),
            p99_ms: figure(|round| round.p99_ms),
            commits_per_acknowledgement: figure(|round| round.commits_per_ack),
            server_idle_bytes: figure(|round| round.idle_bytes.map(|bytes| bytes as f64)),
            server_peak_bytes: figure(|round| round.peak_bytes.map(|bytes| bytes as f64)),
            others_busy: machine::worst(rounds.iter().map(|round| round.others_busy)),
            acknowledged: rounds.iter().map(|round| round.acknowledged).sum(),
        }
    }
}

/// How cases on one database with the same connections compare, by the medians of responses per second.
#[derive(Serialize)]
struct Ratio {
    database: BackendName,
    connections: usize,
    /// Shared commits over answering without writing: what durability leaves of HTTP's speed.
    shared_to_no_writing: f64,
    /// Shared commits over raw inserts in batches of as many rows: what the server leaves of the database's speed.
    shared_to_raw_inserts: f64,
    /// Shared commits over a commit each: what sharing gains.
    shared_to_commit_each: f64,
    /// Commits each over the disk's `fdatasync` rate.
    commit_each_to_fdatasync: Option<f64>,
}

impl Ratio {
    fn new(shared: &Figures, cases: &[Figures], disks: &[DiskFigures]) -> Option<Self> {
        let speed = |kind| {
            let alike = |figures: &&Figures| {
                (figures.database, figures.connections, figures.kind) == (shared.database, shared.connections, kind)
            };
            Some(cases.iter().find(alike)?.acknowledged_per_second?.median)
        };
        let (per_second, commit_each) = (speed(Kind::SharedCommit)?, speed(Kind::CommitEach)?);
        let disk = disks.iter().find(|disk| disk.database == shared.database);
        Some(Self {
            database: shared.database,
            connections: shared.connections,
            shared_to_no_writing: per_second / speed(Kind::NoWriting)?,
            shared_to_raw_inserts: per_second / speed(Kind::RawInserts)?,
            shared_to_commit_each: per_second / commit_each,
            commit_each_to_fdatasync: disk.map(|disk| commit_each / disk.fdatasync_per_second.median),
        })
    }
}

impl Report {
    /// From the rounds of each case, in the order they are printed.
    pub fn new<'a>(
        seconds: u64,
        rounds: u32,
        mail: bool,
        disks: Vec<DiskFigures>,
        cases: impl Iterator<Item = (&'a Case<'a>, &'a Vec<Measurement>)>,
    ) -> Self {
        let cores = machine::cores();
        let cases: Vec<_> = cases.map(|(case, rounds)| Figures::new(case, rounds)).collect();
        let shared = cases.iter().filter(|figures| figures.kind == Kind::SharedCommit);
        let ratios = shared.filter_map(|shared| Ratio::new(shared, &cases, &disks)).collect();
        Self { cores, seconds, rounds, mail, disks, cases, ratios }
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
        writeln!(
            f,
            "{:<10} {:>11}  {:<13} {:>14} {:>6} {:>7} {:>8} {:>11} {:>7} {:>7} {:>10}",
            "database",
            "connections",
            "",
            "acknowledged/s",
            "spread",
            "p50 ms",
            "p99 ms",
            "commits/ack",
            "idle MB",
            "peak MB",
            "others CPU"
        )?;
        let megabytes =
            |bytes: Option<Rounds>| bytes.map_or("-".to_owned(), |bytes| format!("{:.0}", bytes.median / 1e6));
        for case in &self.cases {
            let others = machine::busy_cell(case.others_busy);
            writeln!(
                f,
                "{:<10} {:>11}  {:<13} {:>14} {:>6} {:>7} {:>8} {:>11} {:>7} {:>7} {others:>10}",
                case.database,
                case.connections,
                case.kind,
                cell(case.acknowledged_per_second, 0),
                spread_cell(case.acknowledged_per_second),
                cell(case.p50_ms, 2),
                cell(case.p99_ms, 2),
                cell(case.commits_per_acknowledgement, 3),
                megabytes(case.server_idle_bytes),
                megabytes(case.server_peak_bytes),
            )?;
        }
        if self.cases.iter().any(|case| machine::is_busy(case.others_busy)) {
            writeln!(f, "\nOther programs used the processors too: these figures are too low, some more than others.")?;
        }
        writeln!(f)?;
        for disk in &self.disks {
            let rate = disk.fdatasync_per_second;
            let (median, spread) = (rate.median, rate.spread_percent());
            writeln!(f, "{:<10} disk: {median:.0} fdatasync/s of 4 KiB appended (spread {spread:.0}%)", disk.database)?;
        }
        writeln!(
            f,
            "\n{:<10} {:>11}  {:>17} {:>18} {:>18} {:>21}",
            "database",
            "connections",
            "shared/no writing",
            "shared/raw inserts",
            "shared/commit each",
            "commit each/fdatasync"
        )?;
        for ratio in &self.ratios {
            let Ratio { database, connections, .. } = ratio;
            let to_fdatasync = ratio.commit_each_to_fdatasync.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
            writeln!(
                f,
                "{database:<10} {connections:>11}  {:>16.0}% {:>17.0}% {:>17.1}x {to_fdatasync:>21}",
                ratio.shared_to_no_writing * 100.0,
                ratio.shared_to_raw_inserts * 100.0,
                ratio.shared_to_commit_each,
            )?;
        }
        Ok(())
    }
}
