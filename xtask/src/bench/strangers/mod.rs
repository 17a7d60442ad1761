//! `cargo xtask bench strangers`.

mod crowd;
mod report;

use std::path::Path;

use anyhow::Result;

use super::database::Backend;
use super::measurement::{Measurement, templates};
use super::server::{Program, Server, Storage};
use super::targets::{TargetArgs, build};
use super::unhappy::Unhappy;
use super::{machine, print};
use crate::process;
use crowd::Crowd;
use report::{Figures, Report, Round};

/// How long the highest rate is looked for, in seconds.
const PROBE_SECONDS: u64 = 5;

/// Arguments of `cargo xtask bench strangers`.
#[derive(clap::Args)]
pub struct Args {
    /// Seconds of each case
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often ingest is measured alone and beside strangers, in turn
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// How many strangers ask, each as soon as it is answered
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1024))]
    strangers: u16,
    /// Responses a second [default: half of what the server takes at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// How many connections share them
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    #[command(flatten)]
    targets: TargetArgs,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Measures ingest at half load alone and beside strangers.
///
/// # Errors
/// The first step that failed, such as a response that was refused.
pub fn run(args: &Args) -> Result<()> {
    let binary = build()?;
    let targets = args.targets.open()?;
    let databases = targets.backends.iter().map(|backend| measure(args, backend, &binary));
    print(&Report::new(args.seconds, args.strangers, args.connections, databases.collect::<Result<_>>()?), args.json)
}

fn measure(args: &Args, backend: &Backend, binary: &Path) -> Result<Figures> {
    let database = backend.create()?;
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
    let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
    let (site_key, _) = program.create_site(Some("staff@shop.example"))?;
    let server = program.serve(Storage::Group)?;
    let rate = match args.rate {
        Some(rate) => f64::from(rate),
        None => {
            let templates = templates(&server, &site_key, Unhappy::Real)?;
            let most = Measurement::take(&server, templates, args.connections.into(), PROBE_SECONDS, None)?.per_second;
            (most / 2.0).max(1.0)
        }
    };
    let mut rounds = Vec::new();
    for number in 1..=args.rounds {
        server.settle()?;
        let others_busy = machine::busy_share();
        let alone_first = number % 2 == 1;
        // Each goes first in every other round: what the one before left to do must not count for one of them only.
        let before = alone_first.then(|| ingest(args, &server, &site_key, rate)).transpose()?;
        server.settle()?;
        let crowd = Crowd::gather(server.address, args.strangers.into());
        let beside = ingest(args, &server, &site_key, rate);
        let told = crowd.leave().map_err(|error| error.context(server.log()))?;
        server.settle()?;
        let alone = before.map_or_else(|| ingest(args, &server, &site_key, rate), Ok)?;
        let round = Round { alone, beside: beside?, told, others_busy };
        eprintln!("[{}, round {number}/{}] {rate:.0} responses a second, {round}", backend.name(), args.rounds);
        rounds.push(round);
    }
    Ok(Figures::new(backend.name(), rate, rounds))
}

fn ingest(args: &Args, server: &Server, site_key: &str, rate: f64) -> Result<Measurement> {
    let templates = templates(server, site_key, Unhappy::Real)?;
    Measurement::take(server, templates, args.connections.into(), args.seconds, Some(rate))
}
