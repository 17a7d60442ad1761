//! `cargo xtask bench growth`.

mod fill;
mod filled;
mod report;

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::database::Backend;
use super::measurement::{Measurement, templates};
use super::server::{Program, Storage};
use super::targets::{TargetArgs, build};
use super::unhappy::Unhappy;
use super::{machine, print};
use crate::process;
use filled::Filled;
use report::{Figures, Report};

/// Arguments of `cargo xtask bench growth`.
#[derive(clap::Args)]
pub struct Args {
    /// Responses to fill each database with, spread over the past year
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1000..))]
    responses: u64,
    /// Keep the filled databases in this directory, for `bench read` and for the next time
    #[arg(long, value_name = "DIR", conflicts_with = "database_url")]
    keep: Option<PathBuf>,
    /// How many connections post at the same time when ingest is measured
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Seconds of each measurement of ingest
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often ingest is measured; empty and filled database take turns, and the middle figure counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    #[command(flatten)]
    targets: TargetArgs,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Fills the databases, then measures ingest on them and on empty ones.
///
/// # Errors
/// The first step that failed.
pub fn run(args: &Args) -> Result<()> {
    let binary = build()?;
    let targets = args.targets.open_in(args.keep.as_deref())?;
    let mut databases = Vec::new();
    for backend in &targets.backends {
        let database = if args.keep.is_some() { backend.keep()? } else { backend.create()? };
        databases.push((backend, Filled::make(&binary, backend.name(), database, args.responses)?));
    }
    let mut rounds: Vec<(Vec<Measurement>, Vec<Measurement>)> = vec![Default::default(); databases.len()];
    for round in 1..=args.rounds {
        for ((backend, filled), (on_empty, on_filled)) in databases.iter().zip(&mut rounds) {
            eprint!("[round {round}/{}] {} .. ", args.rounds, backend.name());
            // Who goes first changes, so that a machine getting slower or faster favours neither.
            for filled_one in [round % 2 == 0, round % 2 == 1] {
                let others_busy = machine::busy_share();
                let measured = if filled_one {
                    filled.measure(usize::from(args.connections), args.seconds)?
                } else {
                    measure_empty(args, backend, &binary)?
                };
                eprint!("{} {:.0} a second; ", if filled_one { "filled" } else { "empty" }, measured.per_second);
                let rounds = if filled_one { &mut *on_filled } else { &mut *on_empty };
                rounds.push(Measurement { others_busy, ..measured });
            }
            eprintln!();
        }
    }
    let figures = databases.into_iter().zip(&rounds);
    let figures = figures.map(|((_, filled), (empty, full))| Figures::new(filled.into_facts(), empty, full)).collect();
    print(&Report::new(args.connections, args.seconds, args.rounds, figures), args.json)
}

fn measure_empty(args: &Args, backend: &Backend, binary: &Path) -> Result<Measurement> {
    let database = backend.create()?;
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
    let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
    let (site_key, _) = program.create_site(Some(RECIPIENT))?;
    let server = program.serve(Storage::Group)?;
    let templates = templates(&server, &site_key, Unhappy::Real)?;
    Measurement::take(&server, templates, usize::from(args.connections), args.seconds, None)
}

/// Who is told of unhappy customers.
const RECIPIENT: &str = "staff@shop.example";
