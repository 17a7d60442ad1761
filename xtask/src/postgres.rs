//! PostgreSQL for tests and measurements, installed when it is missing and we may.

use anyhow::Result;
use counterbell_test_postgres::Postgres;

use crate::{process, setup};

/// Starts a server of our own, with its data under target/.
///
/// # Errors
/// PostgreSQL cannot be installed, or does not start; the error holds what it said.
pub fn start() -> Result<Postgres> {
    if !Postgres::is_installed() {
        setup::ensure_debian_packages("start a PostgreSQL server", &["postgresql"])?;
    }
    eprintln!("Starting PostgreSQL");
    Postgres::start(&process::workspace_root().join("target"))
}
