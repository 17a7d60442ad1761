//! One case: a fresh database, a server, load, and a look at what is stored.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::bench::database::Backend;
use crate::bench::measurement::Measurement;
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
        let server = program.serve(storage)?;
        let measured = Measurement::take(&server, &site_key, self.connections, self.seconds, None)?;
        // Killed: the count finds what was on disk when it was acknowledged.
        drop(server);
        let stored = program.serve(Storage::Group)?.count_responses(&api_key)?;
        let expected = if storage == Storage::Null { 0 } else { measured.acknowledged };
        ensure!(stored == expected, "{} responses were acknowledged, but {stored} are stored", measured.acknowledged);
        Ok(measured)
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
