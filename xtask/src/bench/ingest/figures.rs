//! The figures of one case.

use std::fmt;

use serde::Serialize;

use super::binaries::Which;
use super::case::{Case, Kind, Round};
use super::waiting::{WATCH_MAX, Waiting};
use crate::bench::database::BackendName;
use crate::bench::machine;
use crate::bench::measurement::Measurement;
use crate::bench::stats::{Rounds, cell, spread_cell};
use crate::bench::unhappy::Unhappy;

/// The rounds of one case, in the order they were measured; the same number of each binary that is measured.
#[derive(Clone, Default)]
pub struct Taken {
    /// Of this workspace's binary.
    pub new: Vec<Round>,
    /// Of the one it is compared with; none without.
    pub old: Vec<Round>,
}

impl Taken {
    /// The rounds of this binary.
    pub fn of(&mut self, which: Which) -> &mut Vec<Round> {
        match which {
            Which::New => &mut self.new,
            Which::Old => &mut self.old,
        }
    }
}

/// The rounds of one case and one binary.
#[derive(Serialize)]
pub struct Figures {
    /// Which binary.
    pub binary: Which,
    /// Which database.
    pub database: BackendName,
    /// How many posted at the same time.
    pub connections: usize,
    /// Which scores they sent.
    pub unhappy: Unhappy,
    /// What worked on the responses.
    pub kind: Kind,
    /// Responses acknowledged a second.
    pub acknowledged_per_second: Option<Rounds>,
    p50_ms: Option<Rounds>,
    p99_ms: Option<Rounds>,
    /// SQLite syncs its log once a commit, and a few times more at each checkpoint.
    commits_per_acknowledgement: Option<Rounds>,
    server_idle_bytes: Option<Rounds>,
    server_peak_bytes: Option<Rounds>,
    /// The worst round.
    pub others_busy: Option<f64>,
    /// In all rounds, warm-up included. As many were found after the server was killed.
    acknowledged: u64,
    /// What followed the load; `None` when that was not watched.
    pub queues: Option<Queues>,
}

/// What was still to be done when the load ended, and how long that took.
#[derive(Serialize)]
pub struct Queues {
    /// Responses that waited for triage; `None` in versions that decide within the commit.
    to_triage_at_end: Option<Rounds>,
    /// Messages that waited to be delivered.
    to_send_at_end: Option<Rounds>,
    /// Seconds after the load until neither did, of the rounds in which that was so within two minutes.
    emptied_s: Option<Rounds>,
    /// The other rounds.
    never_emptied: usize,
}

impl Queues {
    fn new(rounds: &[Round]) -> Option<Self> {
        let waiting: Vec<Waiting> = rounds.iter().filter_map(|round| round.waiting).collect();
        Some(Self {
            to_triage_at_end: Rounds::of(waiting.iter().filter_map(|waiting| waiting.to_triage)),
            to_send_at_end: Some(Rounds::of(waiting.iter().map(|waiting| waiting.to_send))?),
            emptied_s: Rounds::of(waiting.iter().filter_map(|waiting| waiting.emptied_s)),
            never_emptied: waiting.iter().filter(|waiting| waiting.emptied_s.is_none()).count(),
        })
    }
}

impl Figures {
    /// From the rounds of one binary.
    pub fn new(case: &Case<'_>, binary: Which, rounds: &[Round]) -> Self {
        let figure = |value: fn(&Measurement) -> Option<f64>| {
            Rounds::of(rounds.iter().filter_map(|round| value(&round.measured)))
        };
        Self {
            binary,
            database: case.backend.name(),
            connections: case.connections,
            unhappy: case.unhappy,
            kind: case.kind,
            acknowledged_per_second: figure(|round| Some(round.per_second)),
            p50_ms: figure(|round| round.p50_ms),
            p99_ms: figure(|round| round.p99_ms),
            commits_per_acknowledgement: figure(|round| round.commits_per_ack),
            server_idle_bytes: figure(|round| round.idle_bytes.map(|bytes| bytes as f64)),
            server_peak_bytes: figure(|round| round.peak_bytes.map(|bytes| bytes as f64)),
            others_busy: machine::worst(rounds.iter().map(|round| round.measured.others_busy)),
            acknowledged: rounds.iter().map(|round| round.measured.acknowledged).sum(),
            queues: Queues::new(rounds),
        }
    }

    /// The heads of the columns.
    pub fn head(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<6} {:<10} {:>11} {:>7}  {:<13} {:>14} {:>6} {:>7} {:>8} {:>11} {:>7} {:>7} {:>10}",
            "binary",
            "database",
            "connections",
            "unhappy",
            "",
            "acknowledged/s",
            "spread",
            "p50 ms",
            "p99 ms",
            "commits/ack",
            "idle MB",
            "peak MB",
            "others CPU"
        )
    }

    /// The heads of the columns that [`Self::queues_line`] writes.
    pub fn queues_head(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<6} {:<10} {:>11} {:>7}  {:<13} {:>16} {:>14} {:>23} {:>14}",
            "binary",
            "database",
            "connections",
            "unhappy",
            "after the load",
            "to triage",
            "to send",
            "both empty after s",
            format!("not in {} s", WATCH_MAX.as_secs())
        )
    }

    /// What followed the load, if that was watched.
    pub fn queues_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(queues) = &self.queues else { return Ok(()) };
        let Self { binary, database, connections, unhappy, kind, .. } = self;
        let range = queues.emptied_s.map_or("-".to_owned(), |seconds| seconds.range(1));
        writeln!(
            f,
            "{binary:<6} {database:<10} {connections:>11} {unhappy:>7}  {kind:<14} {:>16} {:>14} {range:>23} {:>14}",
            cell(queues.to_triage_at_end, 0),
            cell(queues.to_send_at_end, 0),
            queues.never_emptied,
        )
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binary, database, connections, unhappy, kind, .. } = self;
        let megabytes =
            |bytes: Option<Rounds>| bytes.map_or("-".to_owned(), |bytes| format!("{:.0}", bytes.median / 1e6));
        writeln!(
            f,
            "{binary:<6} {database:<10} {connections:>11} {unhappy:>7}  {kind:<13} {:>14} {:>6} {:>7} {:>8} {:>11} {:>7} \
             {:>7} {:>10}",
            cell(self.acknowledged_per_second, 0),
            spread_cell(self.acknowledged_per_second),
            cell(self.p50_ms, 2),
            cell(self.p99_ms, 2),
            cell(self.commits_per_acknowledgement, 3),
            megabytes(self.server_idle_bytes),
            megabytes(self.server_peak_bytes),
            machine::busy_cell(self.others_busy),
        )
    }
}
