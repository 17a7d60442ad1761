//! `cargo xtask bench`: how fast the server is, measured on this machine.

mod database;
mod disk;
mod growth;
mod http;
mod ingest;
mod load;
mod machine;
mod measurement;
mod process_status;
mod requests;
mod server;
mod stats;
mod targets;

use anyhow::Result;
use serde::Serialize;

/// What to measure.
#[derive(clap::Subcommand)]
pub enum Bench {
    /// Responses acknowledged per second, next to what the disk, the database and HTTP alone can do
    Ingest(ingest::Args),
    /// What ten million stored responses do to ingest, and how many bytes they take
    Growth(growth::Args),
}

/// Measures it and prints what came out.
///
/// # Errors
/// The server could not be built or started, or what it stored is not what it acknowledged.
pub fn run(bench: &Bench) -> Result<()> {
    match bench {
        Bench::Ingest(args) => ingest::run(args),
        Bench::Growth(args) => growth::run(args),
    }
}

/// Prints a report, for people or for programs.
fn print<T: Serialize + std::fmt::Display>(report: &T, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}
