//! One case: a fresh database, a server, load, and a look at what is stored.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::database::{Backend, BackendName};
use super::load::{Load, Measured};
use super::server::Program;
use super::{machine, requests};
use crate::process;

/// How the server stores; as in its hidden `--bench-storage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// Not at all: it answers without writing.
    Null,
    /// As in production: one transaction for all that is queued.
    Group,
    /// One transaction per response.
    Single,
}

impl Storage {
    /// In the order they are measured.
    pub const ALL: [Self; 3] = [Self::Null, Self::Group, Self::Single];

    /// The value of the flag.
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Group => "group",
            Self::Single => "single",
        }
    }
}

impl std::fmt::Display for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Null => "none",
            Self::Group => "shared commit",
            Self::Single => "commit each",
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
    /// How the server stores.
    pub storage: Storage,
    /// Who gets a mail for each unhappy response, which one review in ten is.
    pub recipient: Option<&'a str>,
    /// Measured time.
    pub seconds: u64,
}

/// What came out.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    /// Which database.
    pub database: BackendName,
    /// How many connections posted at the same time.
    pub connections: usize,
    /// How the server stored.
    pub storage: Storage,
    /// 201 answers per second of the measured time.
    pub acknowledged_per_second: f64,
    /// Latency half of them did not exceed, in milliseconds.
    pub p50_ms: f64,
    /// Latency 99 of 100 did not exceed, in milliseconds.
    pub p99_ms: f64,
    /// Share of the processors' time that other programs used just before, 0 to 1.
    pub others_busy: Option<f64>,
    /// 201 answers, warm-up included.
    pub acknowledged: u64,
    /// Responses counted by the server that was started after this one was killed.
    pub stored: u64,
}

impl Case<'_> {
    /// Measures it with this server binary.
    ///
    /// # Errors
    /// The server refused a response, or stored something else than what it acknowledged.
    pub fn run(&self, binary: &Path) -> Result<Done> {
        let database = self.backend.create()?;
        let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
        let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
        let (site_key, api_key) = program.create_site(self.recipient)?;
        let others_busy = machine::busy_share();
        let measured = self.load(&program, &site_key)?;
        // The loaded server is killed by now, so the count finds what was on disk when it was acknowledged.
        let stored = program.serve(Storage::Group)?.count_responses(&api_key)?;
        let expected = if self.storage == Storage::Null { 0 } else { measured.acknowledged };
        ensure!(stored == expected, "{} responses were acknowledged, but {stored} are stored", measured.acknowledged);
        Ok(Done {
            database: self.backend.name(),
            connections: self.connections,
            storage: self.storage,
            acknowledged_per_second: measured.latencies_us.len() as f64 / self.seconds as f64,
            p50_ms: f64::from(measured.percentile_us(0.50)) / 1000.0,
            p99_ms: f64::from(measured.percentile_us(0.99)) / 1000.0,
            others_busy,
            acknowledged: measured.acknowledged,
            stored,
        })
    }

    fn load(&self, program: &Program<'_>, site_key: &str) -> Result<Measured> {
        let server = program.serve(self.storage)?;
        let reviews = process::workspace_root().join("server/demo/reviews.csv");
        let templates = requests::from_reviews(&reviews, &server.address.to_string(), site_key)?;
        let load = Load {
            address: server.address,
            connections: self.connections,
            duration: Duration::from_secs(self.seconds),
            templates: Arc::from(templates),
        };
        let measured = load.run().map_err(|error| error.context(server.log()))?;
        let refused = &measured.refused;
        ensure!(refused.is_empty(), "the server refused responses; count by status: {refused:?}\n{}", server.log());
        Ok(measured)
    }
}
