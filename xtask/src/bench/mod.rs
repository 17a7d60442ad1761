//! `cargo xtask bench`: how fast the server and the widget are, measured on this machine.

pub mod database;
mod disk;
mod growth;
mod http;
mod ingest;
mod kept;
mod load;
mod machine;
mod measurement;
mod metrics;
mod process_status;
mod read;
mod requests;
pub mod server;
mod soak;
mod stats;
mod strangers;
mod targets;
mod timers;
mod told;
mod unhappy;
mod widget;

use anyhow::Result;
use serde::Serialize;

/// What to measure.
#[derive(clap::Subcommand)]
pub enum Bench {
    /// Responses acknowledged per second, next to what the disk, the database and HTTP alone can do
    Ingest(ingest::Args),
    /// What ten million stored responses do to ingest, and how many bytes they take
    Growth(growth::Args),
    /// How long lists, summaries and searches take on filled databases, and how the databases go about them
    Read(read::Args),
    /// Whether a server that is busy for minutes stays as it is: memory, files, log, queues
    Soak(soak::Args),
    /// How soon after an unhappy response is acknowledged its mail is with the mail server
    Told(told::Args),
    /// How fast steps of escalation are told that fall due together, among many open cases
    Timers(timers::Args),
    /// What strangers who make up sites and origins do to ingest
    Strangers(strangers::Args),
    /// What the widget costs the page, and how fast a customer can rate, in Chromium on a weak phone
    Widget(widget::Args),
}

/// Measures it and prints what came out.
///
/// # Errors
/// The server could not be built or started, or what it stored is not what it acknowledged.
pub fn run(bench: &Bench) -> Result<()> {
    match bench {
        Bench::Ingest(args) => ingest::run(args),
        Bench::Growth(args) => growth::run(args),
        Bench::Read(args) => read::run(args),
        Bench::Soak(args) => soak::run(args),
        Bench::Told(args) => told::run(args),
        Bench::Timers(args) => timers::run(args),
        Bench::Strangers(args) => strangers::run(args),
        Bench::Widget(args) => widget::run(args),
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
