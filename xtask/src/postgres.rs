//! PostgreSQL for tests and measurements, installed when it is missing and we may.

use std::path::Path;

use anyhow::Result;
use counterbell_test_postgres::Postgres;

use crate::{process, setup};

/// Starts a server of our own, with its data under target/.
///
/// # Errors
/// PostgreSQL cannot be installed, or does not start; the error holds what it said.
pub fn start() -> Result<Postgres> {
    prepare()?;
    Postgres::start(&process::workspace_root().join("target"))
}

/// Starts a server of our own whose data stays in `dir`.
///
/// # Errors
/// As [`start`].
pub fn start_in(dir: &Path) -> Result<Postgres> {
    prepare()?;
    Postgres::start_in(dir)
}

fn prepare() -> Result<()> {
    if !Postgres::is_installed() {
        setup::ensure_debian_packages("start a PostgreSQL server", &["postgresql"])?;
    }
    eprintln!("Starting PostgreSQL");
    Ok(())
}
