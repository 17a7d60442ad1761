//! What the floors say of the server.

use std::fmt;

use serde::Serialize;

use super::binaries::Which;
use super::case::Kind;
use super::figures::Figures;
use super::report::DiskFigures;
use crate::bench::database::BackendName;
use crate::bench::unhappy::Unhappy;

/// How cases of one binary on one database with the same connections and scores compare, by the medians of responses per
/// second.
#[derive(Serialize)]
pub struct Ratio {
    binary: Which,
    database: BackendName,
    connections: usize,
    unhappy: Unhappy,
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
    /// `None` when a floor was not measured.
    pub fn new(shared: &Figures, cases: &[Figures], disks: &[DiskFigures]) -> Option<Self> {
        let speed = |kind| {
            let alike = |figures: &&Figures| {
                figures.kind == kind
                    && (figures.binary, figures.database) == (shared.binary, shared.database)
                    && (figures.connections, figures.unhappy) == (shared.connections, shared.unhappy)
            };
            Some(cases.iter().find(alike)?.acknowledged_per_second?.median)
        };
        let (per_second, commit_each) = (speed(Kind::SharedCommit)?, speed(Kind::CommitEach)?);
        let disk = disks.iter().find(|disk| disk.database == shared.database);
        Some(Self {
            binary: shared.binary,
            database: shared.database,
            connections: shared.connections,
            unhappy: shared.unhappy,
            shared_to_no_writing: per_second / speed(Kind::NoWriting)?,
            shared_to_raw_inserts: per_second / speed(Kind::RawInserts)?,
            shared_to_commit_each: per_second / commit_each,
            commit_each_to_fdatasync: disk.map(|disk| commit_each / disk.fdatasync_per_second.median),
        })
    }
}

impl Ratio {
    /// The heads of the columns.
    pub fn head(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<6} {:<10} {:>11} {:>7}  {:>17} {:>18} {:>18} {:>21}",
            "binary",
            "database",
            "connections",
            "unhappy",
            "shared/no writing",
            "shared/raw inserts",
            "shared/commit each",
            "commit each/fdatasync"
        )
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binary, database, connections, unhappy, .. } = self;
        let to_fdatasync = self.commit_each_to_fdatasync.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        writeln!(
            f,
            "{binary:<6} {database:<10} {connections:>11} {unhappy:>7}  {:>16.0}% {:>17.0}% {:>17.1}x {to_fdatasync:>21}",
            self.shared_to_no_writing * 100.0,
            self.shared_to_raw_inserts * 100.0,
            self.shared_to_commit_each,
        )
    }
}
