//! Which databases are measured, and with which binary.

use std::path::{Path, PathBuf};

use anyhow::Result;
use counterbell_test_postgres::Postgres;

use super::database::{Backend, psql};
use crate::postgres;
use crate::process;

/// Arguments of every benchmark that makes databases.
#[derive(clap::Args)]
pub struct TargetArgs {
    /// Which databases: a new SQLite file, a new PostgreSQL server, or one after the other
    #[arg(long, value_enum, default_value_t = Choice::Both)]
    pub database: Choice,
    /// Make the databases there instead: on this PostgreSQL server, or beside this SQLite file
    #[arg(long, value_name = "URL", conflicts_with = "database")]
    pub database_url: Option<String>,
}

/// Which databases.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    /// A file below target/.
    Sqlite,
    /// A server of our own below target/.
    Postgres,
    /// One after the other.
    Both,
}

/// Where databases are made. Dropping it stops the server that was started.
pub struct Targets {
    /// At least one.
    pub backends: Vec<Backend>,
    _postgres: Option<Postgres>,
}

impl TargetArgs {
    /// Starts what is needed.
    ///
    /// # Errors
    /// The URL is not understood, or PostgreSQL does not start.
    pub fn open(&self) -> Result<Targets> {
        self.open_in(None)
    }

    /// As [`Self::open`], with files that stay below `dir`.
    ///
    /// # Errors
    /// As there, or `dir` cannot be made.
    pub fn open_in(&self, dir: Option<&Path>) -> Result<Targets> {
        if let Some(url) = &self.database_url {
            return Ok(Targets { backends: vec![Backend::at(url)?], _postgres: None });
        }
        let dir = dir.map(std::path::absolute).transpose()?;
        dir.as_deref().map_or(Ok(()), std::fs::create_dir_all)?;
        let mut backends = Vec::new();
        if self.database != Choice::Postgres {
            backends.push(Backend::Sqlite(dir.clone().unwrap_or_else(|| process::workspace_root().join("target"))));
        }
        let postgres = (self.database != Choice::Sqlite).then(|| match &dir {
            Some(dir) => postgres::start_in(&dir.join("postgres")),
            None => postgres::start(),
        });
        let postgres = postgres.transpose()?;
        postgres.iter().try_for_each(|server| lay_out_log(&server.url()))?;
        backends.extend(
            postgres.iter().map(|server| Backend::Postgres { url: server.url(), dir: Some(server.dir().to_owned()) }),
        );
        Ok(Targets { backends, _postgres: postgres })
    }
}

/// Has a new PostgreSQL make the files of its log that one in use has long had and writes anew: making one of 16 MB takes
/// 10 ms, in which nobody can commit.
///
/// # Errors
/// The server refuses.
fn lay_out_log(server: &str) -> Result<()> {
    psql(server, "ALTER SYSTEM SET min_wal_size = '1GB'")?;
    psql(server, "SELECT pg_reload_conf()")?;
    psql(server, "SELECT pg_logical_emit_message(false, '', repeat(' ', 16 << 20)) FROM generate_series(1, 64)")?;
    psql(server, "CHECKPOINT")
}

/// Builds the server as it is released, and with the feature `bench`: with floors to measure against, and commands that
/// measure. It lies apart from what is released. Where the binary is, which is also said on standard error.
///
/// # Errors
/// It does not compile.
pub fn build() -> Result<PathBuf> {
    let target = process::target_directory().join("bench");
    let mut build = process::cargo();
    build.args(["build", "--release", "--package", "counterbell", "--features", "bench", "--target-dir"]).arg(&target);
    process::run(&mut build)?;
    let binary = target.join("release/counterbell");
    eprintln!("Measuring {}, built as for release, with the feature `bench`", binary.display());
    Ok(binary)
}
