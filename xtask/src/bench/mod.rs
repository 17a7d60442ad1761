//! `cargo xtask bench`: how fast the server is, measured on this machine.

mod case;
mod database;
mod ingest;
mod load;
mod machine;
mod report;
mod requests;
mod server;

use anyhow::Result;

/// What to measure.
#[derive(clap::Subcommand)]
pub enum Bench {
    /// Responses acknowledged per second, next to the same server answering without writing
    Ingest(ingest::Args),
}

/// Measures it and prints what came out.
///
/// # Errors
/// The server could not be built or started, or what it stored is not what it acknowledged.
pub fn run(bench: &Bench) -> Result<()> {
    match bench {
        Bench::Ingest(args) => ingest::run(args),
    }
}
