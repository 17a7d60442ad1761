//! Databases that are there already.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use counterbell_test_postgres::Postgres;

use super::database::{Backend, BackendName, Database};
use super::targets::Choice;
use crate::postgres;

/// Arguments of the benchmarks that look at filled databases.
#[derive(clap::Args)]
pub struct KeptArgs {
    /// Directory that `cargo xtask bench growth --keep DIR` filled
    #[arg(long, value_name = "DIR", required_unless_present = "database_url")]
    keep: Option<PathBuf>,
    /// Which of the databases there
    #[arg(long, value_enum, default_value_t = Choice::Both, conflicts_with = "database_url")]
    database: Choice,
    /// This very database instead; a key to its oldest site is made in it
    #[arg(long, value_name = "URL", conflicts_with = "keep")]
    database_url: Option<String>,
}

/// Databases, and what they need to answer.
pub struct Kept {
    /// At least one.
    pub databases: Vec<(BackendName, Database)>,
    _postgres: Option<Postgres>,
}

impl KeptArgs {
    /// Finds them.
    ///
    /// # Errors
    /// There are none, or PostgreSQL does not start.
    pub fn open(&self) -> Result<Kept> {
        if let Some(url) = &self.database_url {
            let name = Backend::at(url)?.name();
            return Ok(Kept { databases: vec![(name, Database::at(url))], _postgres: None });
        }
        let dir = std::path::absolute(self.keep.as_deref().unwrap_or(Path::new(".")))?;
        let mut backends = Vec::new();
        if self.database != Choice::Postgres && dir.join("counterbell.db").exists() {
            backends.push(Backend::Sqlite(dir.clone()));
        }
        let postgres_dir = dir.join("postgres");
        let there = self.database != Choice::Sqlite && postgres_dir.join("data").exists();
        let postgres = there.then(|| postgres::start_in(&postgres_dir)).transpose()?;
        backends.extend(
            postgres.iter().map(|server| Backend::Postgres { url: server.url(), dir: Some(postgres_dir.clone()) }),
        );
        ensure!(!backends.is_empty(), "{} holds no such database: fill one with `bench growth --keep`", dir.display());
        let databases = backends.iter().map(|backend| Ok((backend.name(), backend.keep()?)));
        Ok(Kept {
            databases: databases.collect::<Result<_>>().context("cannot open what was kept")?,
            _postgres: postgres,
        })
    }
}
