//! One case: a fresh database, a server, load, and a look at what is stored.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::bench::database::Backend;
use crate::bench::load::{Load, Measured};
use crate::bench::process_status::Memory;
use crate::bench::requests;
use crate::bench::server::{Program, Storage};
use crate::process;

/// What works on the responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A floor: the database alone, as many rows a transaction as there are connections. No HTTP, no alerts.
    RawInserts,
    /// A floor: the server, answering without writing.
    NoWriting,
    /// As in production: one transaction for all that is queued.
    SharedCommit,
    /// One transaction per response.
    CommitEach,
}

impl Kind {
    /// In the order they are measured.
    pub const ALL: [Self; 4] = [Self::RawInserts, Self::NoWriting, Self::SharedCommit, Self::CommitEach];

    fn storage(self) -> Option<Storage> {
        match self {
            Self::RawInserts => None,
            Self::NoWriting => Some(Storage::Null),
            Self::SharedCommit => Some(Storage::Group),
            Self::CommitEach => Some(Storage::Single),
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::RawInserts => "raw inserts",
            Self::NoWriting => "no writing",
            Self::SharedCommit => "shared commit",
            Self::CommitEach => "commit each",
        })
    }
}

/// What is measured.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// Where its database is made.
    pub backend: &'a Backend,
    /// How many connections post at the same time.
    pub connections: usize,
    /// What works on the responses.
    pub kind: Kind,
    /// Who gets a mail for each unhappy response, which one review in ten is.
    pub recipient: Option<&'a str>,
    /// Measured time.
    pub seconds: u64,
}

/// What one round of a case came to.
#[derive(Clone, Debug, Default)]
pub struct Measurement {
    /// Responses acknowledged (or inserted) per second of the measured time.
    pub per_second: f64,
    /// Latency half of them did not exceed, in milliseconds.
    pub p50_ms: Option<f64>,
    /// Latency 99 of 100 did not exceed, in milliseconds.
    pub p99_ms: Option<f64>,
    /// Transactions per acknowledgement.
    pub commits_per_ack: Option<f64>,
    /// The server's memory before the load, in bytes.
    pub idle_bytes: Option<u64>,
    /// The most memory the server ever had, in bytes.
    pub peak_bytes: Option<u64>,
    /// Share of the processors' time that other programs used just before, 0 to 1.
    pub others_busy: Option<f64>,
    /// Responses acknowledged, warm-up included, and found by the next server.
    pub stored: u64,
}

impl Case<'_> {
    /// Measures it with this server binary.
    ///
    /// # Errors
    /// The server refused a response, or stored something else than what it acknowledged.
    pub fn run(&self, binary: &Path) -> Result<Measurement> {
        let database = self.backend.create()?;
        let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
        let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
        let (site_key, api_key) = program.create_site(self.recipient)?;
        let Some(storage) = self.kind.storage() else { return self.insert(&program, &site_key) };
        let (measured, measurement) = self.load(&program, storage, &site_key)?;
        // The loaded server is killed by now, so the count finds what was on disk when it was acknowledged.
        let stored = program.serve(Storage::Group)?.count_responses(&api_key)?;
        let expected = if storage == Storage::Null { 0 } else { measured.acknowledged };
        ensure!(stored == expected, "{} responses were acknowledged, but {stored} are stored", measured.acknowledged);
        Ok(Measurement { stored, ..measurement })
    }

    fn insert(&self, program: &Program<'_>, site_key: &str) -> Result<Measurement> {
        let (batch, seconds) = (self.connections.to_string(), self.seconds.to_string());
        let args = ["bench", "floor", "--json", "--site", site_key, "--batch", &batch, "--seconds", &seconds];
        let done: Value = program.run(&args)?;
        let number = |name: &str| done[name].as_f64().with_context(|| format!("no {name} in {done}"));
        let stored = number("stored")?;
        Ok(Measurement {
            per_second: number("per_second")?,
            commits_per_ack: Some(number("batches")? / stored.max(1.0)),
            stored: stored as u64,
            ..Measurement::default()
        })
    }

    fn load(&self, program: &Program<'_>, storage: Storage, site_key: &str) -> Result<(Measured, Measurement)> {
        let server = program.serve(storage)?;
        let reviews = process::workspace_root().join("server/demo/reviews.csv");
        let templates = requests::from_reviews(&reviews, &server.address.to_string(), site_key)?;
        let idle = Memory::of(server.pid());
        let load = Load {
            address: server.address,
            connections: self.connections,
            duration: Duration::from_secs(self.seconds),
            templates: Arc::from(templates),
        };
        let measured = load.run().map_err(|error| error.context(server.log()))?;
        let refused = &measured.refused;
        ensure!(refused.is_empty(), "the server refused responses; count by status: {refused:?}\n{}", server.log());
        let commits = if storage == Storage::Null { None } else { server.commits()? };
        let measurement = Measurement {
            per_second: measured.latencies_us.len() as f64 / self.seconds as f64,
            p50_ms: Some(measured.percentile_ms(0.50)),
            p99_ms: Some(measured.percentile_ms(0.99)),
            commits_per_ack: commits.map(|commits| commits as f64 / measured.acknowledged.max(1) as f64),
            idle_bytes: idle.map(|memory| memory.resident_bytes),
            peak_bytes: Memory::of(server.pid()).map(|memory| memory.peak_bytes),
            ..Measurement::default()
        };
        Ok((measured, measurement))
    }
}
