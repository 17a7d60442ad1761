//! What is printed at the end.

use std::fmt;

use serde::Serialize;

use super::filled::{Facts, Sizes};
use crate::bench::machine;
use crate::bench::measurement::Measurement;
use crate::bench::stats::{Rounds, cell, spread_cell};

/// What growth does to each database.
#[derive(Serialize)]
pub struct Report {
    /// Processors, which server, database and load generator share.
    cores: usize,
    connections: u16,
    /// Measured time of each round.
    seconds: u64,
    rounds: u32,
    databases: Vec<Figures>,
}

/// One database.
#[derive(Serialize)]
pub struct Figures {
    #[serde(flatten)]
    facts: Facts,
    on_empty: Ingest,
    on_filled: Ingest,
    /// Of the responses acknowledged a second.
    filled_to_empty: Option<f64>,
}

#[derive(Serialize)]
struct Ingest {
    acknowledged_per_second: Option<Rounds>,
    p50_ms: Option<Rounds>,
    p99_ms: Option<Rounds>,
    others_busy: Option<f64>,
}

impl Ingest {
    fn new(rounds: &[Measurement]) -> Self {
        let figure = |value: fn(&Measurement) -> Option<f64>| Rounds::of(rounds.iter().filter_map(value));
        Self {
            acknowledged_per_second: figure(|round| Some(round.per_second)),
            p50_ms: figure(|round| round.p50_ms),
            p99_ms: figure(|round| round.p99_ms),
            others_busy: machine::worst(rounds.iter().map(|round| round.others_busy)),
        }
    }
}

impl Figures {
    /// From the rounds on an empty database, and on the one these are the facts of.
    pub fn new(facts: Facts, empty: &[Measurement], filled: &[Measurement]) -> Self {
        let (on_empty, on_filled) = (Ingest::new(empty), Ingest::new(filled));
        let speed = |ingest: &Ingest| ingest.acknowledged_per_second.map(|rounds| rounds.median);
        let filled_to_empty = speed(&on_filled).zip(speed(&on_empty)).map(|(filled, empty)| filled / empty);
        Self { facts, on_empty, on_filled, filled_to_empty }
    }
}

impl Report {
    /// From the figures of each database.
    pub fn new(connections: u16, seconds: u64, rounds: u32, databases: Vec<Figures>) -> Self {
        Self { cores: machine::cores(), connections, seconds, rounds, databases }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Figures { facts, .. } in &self.databases {
            if let Some(filling) = &facts.filled {
                writeln!(
                    f,
                    "\n{:<10} imported {} responses in {:.0} s, {:.0} a second; indexed their comments in {:.0} s more",
                    facts.database,
                    facts.responses,
                    filling.import_seconds,
                    filling.rows_per_second,
                    filling.index_seconds
                )?;
            } else {
                writeln!(f, "\n{:<10} {} responses were there", facts.database, facts.responses)?;
            }
        }
        writeln!(
            f,
            "\n{:<10} {:>10} {:>9} {:>10} {:>9} {:>13} {:>15} {:>15}",
            "database",
            "responses",
            "NDJSON MB",
            "database MB",
            "search MB",
            "database/NDJSON",
            "bytes/response",
            "search bytes/r."
        )?;
        for Figures { facts, .. } in &self.databases {
            for sizes in facts.at_a_million.iter().chain([&facts.sizes]) {
                let Sizes { responses, database_bytes, search_bytes, ndjson_bytes } = sizes;
                let megabytes = |bytes: &u64| *bytes as f64 / 1e6;
                let per_response = |bytes: &u64| *bytes as f64 / *responses as f64;
                writeln!(
                    f,
                    "{:<10} {responses:>10} {:>9.0} {:>11.0} {:>9.0} {:>15.2} {:>15.0} {:>15.0}",
                    facts.database,
                    megabytes(ndjson_bytes),
                    megabytes(database_bytes),
                    megabytes(search_bytes),
                    *database_bytes as f64 / *ndjson_bytes as f64,
                    per_response(database_bytes),
                    per_response(search_bytes),
                )?;
            }
        }
        let Self { cores, connections, seconds, rounds, .. } = self;
        writeln!(
            f,
            "\nIngest over {connections} connections, {seconds} s, median of {rounds} rounds; server, database and load \
             share {cores} cores\n\n{:<10} {:<7} {:>14} {:>6} {:>7} {:>8} {:>10} {:>13}",
            "database", "", "acknowledged/s", "spread", "p50 ms", "p99 ms", "others CPU", "filled/empty"
        )?;
        for figures in &self.databases {
            let ratio = figures.filled_to_empty.map_or("-".to_owned(), |ratio| format!("{:.0}%", ratio * 100.0));
            for (state, ingest, ratio) in [("empty", &figures.on_empty, ""), ("filled", &figures.on_filled, &ratio)] {
                let others = machine::busy_cell(ingest.others_busy);
                writeln!(
                    f,
                    "{:<10} {state:<7} {:>14} {:>6} {:>7} {:>8} {others:>10} {ratio:>13}",
                    figures.facts.database,
                    cell(ingest.acknowledged_per_second, 0),
                    spread_cell(ingest.acknowledged_per_second),
                    cell(ingest.p50_ms, 2),
                    cell(ingest.p99_ms, 2),
                )?;
            }
        }
        let others = self.databases.iter().flat_map(|figures| [&figures.on_empty, &figures.on_filled]);
        if others.map(|ingest| ingest.others_busy).any(machine::is_busy) {
            writeln!(f, "\nOther programs used the processors too: these figures are too low, some more than others.")?;
        }
        Ok(())
    }
}
