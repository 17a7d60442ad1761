//! What is printed at the end.

use std::fmt;
use std::thread::available_parallelism;

use serde::Serialize;

use super::case::{Done, Storage};
use super::database::BackendName;

/// More of the processors' time than this in other hands, and the figures say little.
const OTHERS_BUSY_MAX: f64 = 0.1;

/// Every case, and the ratios between them.
#[derive(Serialize)]
pub struct Report {
    /// Processors, which server, database and load generator share.
    cores: usize,
    /// Measured time of each case.
    seconds: u64,
    /// Whether unhappy responses became mails.
    mail: bool,
    cases: Vec<Done>,
    ratios: Vec<Ratio>,
}

/// How cases on one database with the same connections compare, by responses per second.
#[derive(Serialize)]
struct Ratio {
    database: BackendName,
    connections: usize,
    /// Shared commits over answering without writing: what durability leaves of the speed.
    durable_to_no_write: f64,
    /// Shared commits over a commit each: what sharing gains.
    group_to_single: f64,
}

impl Report {
    /// From the cases, in the order they are printed.
    pub fn new(seconds: u64, mail: bool, cases: Vec<Done>) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        let ratios = cases.iter().filter(|done| done.storage == Storage::Group).filter_map(|group| {
            let speed = |storage| {
                let alike = |done: &&Done| (done.database, done.connections) == (group.database, group.connections);
                let found = cases.iter().filter(alike).find(|done| done.storage == storage);
                found.map(|done| done.acknowledged_per_second)
            };
            Some(Ratio {
                database: group.database,
                connections: group.connections,
                durable_to_no_write: group.acknowledged_per_second / speed(Storage::Null)?,
                group_to_single: group.acknowledged_per_second / speed(Storage::Single)?,
            })
        });
        Self { cores, seconds, mail, ratios: ratios.collect(), cases }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, seconds, .. } = self;
        let mail = if self.mail { "unhappy responses become mails" } else { "no mails" };
        writeln!(f, "\nIngest, {seconds} s a case, {mail}; server, database and load share {cores} cores\n")?;
        writeln!(
            f,
            "{:<10} {:>11}  {:<13} {:>14} {:>7} {:>8} {:>12} {:>12}",
            "database", "connections", "writes", "acknowledged/s", "p50 ms", "p99 ms", "rows stored", "others' CPU"
        )?;
        for done in &self.cases {
            let Done { database, connections, storage, acknowledged_per_second, p50_ms, p99_ms, stored, .. } = done;
            let others = done.others_busy.map_or("?".to_owned(), |share| format!("{:.0}%", share * 100.0));
            writeln!(
                f,
                "{database:<10} {connections:>11}  {storage:<13} {acknowledged_per_second:>14.0} {p50_ms:>7.2} \
                 {p99_ms:>8.2} {stored:>12} {others:>12}"
            )?;
        }
        if self.cases.iter().any(|done| done.others_busy.is_some_and(|share| share > OTHERS_BUSY_MAX)) {
            writeln!(f, "\nOther programs used the processors too: these figures are too low, some more than others.")?;
        }
        writeln!(
            f,
            "\n{:<10} {:>11}  {:>16} {:>19}",
            "database", "connections", "durable/no-write", "shared/commit each"
        )?;
        for ratio in &self.ratios {
            let Ratio { database, connections, durable_to_no_write, group_to_single } = ratio;
            writeln!(
                f,
                "{database:<10} {connections:>11}  {:>15.0}% {group_to_single:>18.1}x",
                durable_to_no_write * 100.0
            )?;
        }
        Ok(())
    }
}
