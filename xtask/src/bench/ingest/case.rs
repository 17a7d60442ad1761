//! One case: a fresh database, a server, load, and a look at what is stored.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use super::waiting::Waiting;
use crate::bench::database::Backend;
use crate::bench::measurement::{Measurement, templates};
use crate::bench::server::{Program, Storage};
use crate::bench::unhappy::Unhappy;
use crate::process;

/// What works on the responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
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

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    /// Which scores are posted.
    pub unhappy: Unhappy,
    /// Who gets a mail for each unhappy response.
    pub recipient: Option<&'a str>,
    /// Whether to wait after the load until everybody is told.
    pub watched: bool,
    /// Measured time.
    pub seconds: u64,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, unhappy, kind, .. } = self;
        write!(f, "{}, {connections} connections, unhappy: {unhappy}, {kind}", self.backend.name())
    }
}

/// What one round of a case came to.
#[derive(Clone, Debug)]
pub struct Round {
    /// The load.
    pub measured: Measurement,
    /// What followed it, if that was watched.
    pub waiting: Option<Waiting>,
}

impl From<Measurement> for Round {
    fn from(measured: Measurement) -> Self {
        Self { measured, waiting: None }
    }
}

impl Case<'_> {
    /// Measures it with this server binary.
    ///
    /// # Errors
    /// The server refused a response, or stored something else than what it acknowledged.
    pub fn run(&self, binary: &Path) -> Result<Round> {
        let database = self.backend.create()?;
        let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
        let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
        let (site_key, api_key) = program.create_site(self.recipient)?;
        let Some(storage) = self.kind.storage() else { return self.insert(&program, &site_key).map(Round::from) };
        let server = program.serve(storage)?;
        let templates = templates(&server, &site_key, self.unhappy)?;
        let measured = Measurement::take(&server, templates, self.connections, self.seconds, None)?;
        let waiting = (self.watched && storage != Storage::Null).then(|| Waiting::watch(&server)).transpose()?;
        // Killed: the count finds what was on disk when it was acknowledged.
        drop(server);
        let stored = program.serve(Storage::Group)?.count_responses(&api_key)?;
        let expected = if storage == Storage::Null { 0 } else { measured.acknowledged };
        ensure!(stored == expected, "{} responses were acknowledged, but {stored} are stored", measured.acknowledged);
        Ok(Round { measured, waiting })
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
            acknowledged: stored as u64,
            ..Measurement::default()
        })
    }
}
