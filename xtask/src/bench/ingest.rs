//! `cargo xtask bench ingest`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::case::{Case, Storage};
use super::database::Backend;
use super::report::Report;
use crate::postgres::Postgres;
use crate::process;

/// Arguments of `cargo xtask bench ingest`.
#[derive(clap::Args)]
pub struct Args {
    /// Seconds of each case
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How many connections post at the same time; several numbers make several cases
    #[arg(long, value_name = "N,..", default_value = "32,64", value_delimiter = ',',
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: Vec<u16>,
    /// Which databases: a new SQLite file, a new PostgreSQL server, or one after the other
    #[arg(long, value_enum, default_value_t = Choice::Both)]
    database: Choice,
    /// Make the databases there instead: on this PostgreSQL server, or beside this SQLite file
    #[arg(long, value_name = "URL", conflicts_with = "database")]
    database_url: Option<String>,
    /// Store without telling anybody: what the mails of unhappy responses cost is the difference
    #[arg(long)]
    without_mail: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Which databases.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Choice {
    Sqlite,
    Postgres,
    Both,
}

/// Builds the server, measures every case, prints the report.
///
/// # Errors
/// The first step that failed.
pub fn run(args: &Args) -> Result<()> {
    process::run(process::cargo().args(["build", "--release", "--package", "counterbell"]))?;
    let binary = process::target_directory().join("release/counterbell");
    // Kept until the end: dropping it stops the server.
    let postgres = (args.database_url.is_none() && args.database != Choice::Sqlite).then(Postgres::start);
    let postgres = postgres.transpose()?;
    let mut backends = Vec::new();
    match &args.database_url {
        Some(url) => backends.push(Backend::at(url)?),
        None if args.database != Choice::Postgres => backends.push(Backend::Sqlite(target_dir())),
        None => {}
    }
    backends.extend(postgres.iter().map(|server| Backend::Postgres(server.url().to_owned())));
    let report = measure(args, &backends, &binary)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

fn measure(args: &Args, backends: &[Backend], binary: &Path) -> Result<Report> {
    let total = backends.len() * args.connections.len() * Storage::ALL.len();
    let recipient = (!args.without_mail).then_some("staff@shop.example");
    let mut cases = Vec::new();
    for backend in backends {
        for &connections in &args.connections {
            for storage in Storage::ALL {
                let connections = usize::from(connections);
                let number = cases.len() + 1;
                eprint!("[{number}/{total}] {}, {connections} connections, {storage} .. ", backend.name());
                let done = Case { backend, connections, storage, recipient, seconds: args.seconds }.run(binary)?;
                eprintln!("{:.0} acknowledged/s", done.acknowledged_per_second);
                cases.push(done);
            }
        }
    }
    Ok(Report::new(args.seconds, recipient.is_some(), cases))
}

fn target_dir() -> PathBuf {
    process::workspace_root().join("target")
}
