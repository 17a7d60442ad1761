//! What is printed at the end.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::crowd::Told;
use crate::bench::database::BackendName;
use crate::bench::machine;
use crate::bench::measurement::Measurement;
use crate::bench::stats::{Rounds, cell, spread_cell};

/// Every database.
#[derive(Serialize)]
pub struct Report {
    /// Processors, which server, database, load and strangers share.
    cores: usize,
    /// Measured time of each case.
    seconds: u64,
    strangers: u16,
    connections: u16,
    databases: Vec<Figures>,
}

/// Ingest on one database.
#[derive(Serialize)]
pub struct Figures {
    database: BackendName,
    /// Responses that fell due a second.
    rate: f64,
    alone: Latency,
    beside_strangers: Latency,
    /// Of the 99th percentiles of each round.
    p99_beside_to_alone: Option<Rounds>,
    /// What all strangers together were answered a second.
    strangers_answered_per_second: Option<Rounds>,
    /// Their answers in all rounds.
    strangers_told: BTreeMap<u16, u64>,
    /// The worst round.
    others_busy: Option<f64>,
}

/// From when a response was due to its acknowledgement, in milliseconds.
#[derive(Serialize)]
struct Latency {
    p50_ms: Option<Rounds>,
    p99_ms: Option<Rounds>,
}

/// Ingest alone and beside strangers.
pub struct Round {
    /// What it was alone.
    pub alone: Measurement,
    /// What it was beside them.
    pub beside: Measurement,
    /// What they were told.
    pub told: Told,
    /// Share of the processors' time that other programs used before, 0 to 1.
    pub others_busy: Option<f64>,
}

impl Round {
    fn ratio(&self) -> Option<f64> {
        Some(self.beside.p99_ms? / self.alone.p99_ms?)
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [alone, beside, ratio] =
            [self.alone.p99_ms, self.beside.p99_ms, self.ratio()].map(Option::unwrap_or_default);
        write!(f, "p99 {alone:.2} ms alone, {beside:.2} ms beside strangers: {ratio:.1} times")
    }
}

impl Figures {
    /// From its rounds.
    pub fn new(database: BackendName, rate: f64, rounds: Vec<Round>) -> Self {
        let figure = |value: fn(&Round) -> Option<f64>| Rounds::of(rounds.iter().filter_map(value));
        let mut strangers_told = BTreeMap::new();
        for (status, count) in rounds.iter().flat_map(|round| &round.told.by_status) {
            *strangers_told.entry(*status).or_default() += count;
        }
        Self {
            database,
            rate,
            alone: Latency { p50_ms: figure(|round| round.alone.p50_ms), p99_ms: figure(|round| round.alone.p99_ms) },
            beside_strangers: Latency {
                p50_ms: figure(|round| round.beside.p50_ms),
                p99_ms: figure(|round| round.beside.p99_ms),
            },
            p99_beside_to_alone: figure(Round::ratio),
            strangers_answered_per_second: figure(|round| Some(round.told.per_second())),
            strangers_told,
            others_busy: machine::worst(rounds.iter().map(|round| round.others_busy)),
        }
    }
}

impl Report {
    /// Of these databases.
    pub fn new(seconds: u64, strangers: u16, connections: u16, databases: Vec<Figures>) -> Self {
        Self { cores: machine::cores(), seconds, strangers, connections, databases }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, seconds, strangers, connections, databases } = self;
        writeln!(
            f,
            "\nIngest over {connections} connections beside {strangers} strangers, {seconds} s a case; server, database, load \
             and strangers share {cores} cores\n"
        )?;
        writeln!(
            f,
            "{:<10} {:<17} {:>11} {:>7} {:>7} {:>6} {:>12} {:>10}",
            "database", "", "responses/s", "p50 ms", "p99 ms", "spread", "strangers/s", "others CPU"
        )?;
        for figures in databases {
            let others = machine::busy_cell(figures.others_busy);
            let cases = [
                ("alone", &figures.alone, None),
                ("beside strangers", &figures.beside_strangers, figures.strangers_answered_per_second),
            ];
            for (name, latency, strangers) in cases {
                writeln!(
                    f,
                    "{:<10} {name:<17} {:>11.0} {:>7} {:>7} {:>6} {:>12} {others:>10}",
                    figures.database,
                    figures.rate,
                    cell(latency.p50_ms, 2),
                    cell(latency.p99_ms, 2),
                    spread_cell(latency.p99_ms),
                    cell(strangers, 0),
                )?;
            }
        }
        writeln!(f)?;
        for Figures { database, p99_beside_to_alone: ratio, strangers_told, .. } in databases {
            let range = ratio.map_or("-".to_owned(), |ratio| format!("{:.1} to {:.1}", ratio.min, ratio.max));
            let told: Vec<_> = strangers_told.iter().map(|(status, count)| format!("{count} times {status}")).collect();
            writeln!(
                f,
                "{database:<10} p99 {} times that alone ({range}); strangers were told {}",
                cell(*ratio, 2),
                told.join(", ")
            )?;
        }
        if databases.iter().any(|figures| machine::is_busy(figures.others_busy)) {
            writeln!(
                f,
                "\nOther programs used the processors too: these figures are too high, some more than others."
            )?;
        }
        Ok(())
    }
}
