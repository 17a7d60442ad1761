//! `cargo xtask bench told`: from the acknowledgement of an unhappy response to the end of its mail.

mod customers;
pub mod mail_server;
mod report;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::database::Backend;
use super::measurement::{Measurement, templates};
use super::server::{Program, Storage};
use super::targets::{TargetArgs, build};
use super::unhappy::Unhappy;
use super::{machine, print};
use crate::process;
use customers::PER_SECOND;
use mail_server::MailServer;
use report::{Figures, LATEST, Report, Told};

/// How long the highest rate is looked for, in seconds.
const PROBE_SECONDS: u64 = 3;
/// How often we look whether all mails are there.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Arguments of `cargo xtask bench told`.
#[derive(clap::Args)]
pub struct Args {
    /// Seconds of each load
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Happy responses a second, sent when they are due and not when the last one is answered [default: a quarter of
    /// what the server takes at most]
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

/// Measures it at that rate, then with as many happy responses as the server takes.
///
/// # Errors
/// The first step that failed, such as a response that was refused or lost.
pub fn run(args: &Args) -> Result<()> {
    let binary = build()?;
    let targets = args.targets.open()?;
    let mut cases = Vec::new();
    for backend in &targets.backends {
        let rate = match args.rate {
            Some(rate) => f64::from(rate),
            None => (highest_rate(args, backend, &binary)? / 4.0).max(1.0),
        };
        for rate in [Some(rate), None] {
            let load = rate.map_or("as many".to_owned(), |rate| format!("{rate:.0}"));
            eprintln!("{}: {load} happy responses a second for {} s", backend.name(), args.seconds);
            cases.push(measure(args, backend, &binary, rate)?);
        }
    }
    print(&Report::new(args.seconds, args.connections, cases), args.json)
}

fn highest_rate(args: &Args, backend: &Backend, binary: &Path) -> Result<f64> {
    let database = backend.create()?;
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
    let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
    let (site_key, _) = program.create_site(Some(RECIPIENT))?;
    let server = program.serve(Storage::Group)?;
    let templates = templates(&server, &site_key, Unhappy::None)?;
    Ok(Measurement::take(&server, templates, args.connections.into(), PROBE_SECONDS, None)?.per_second)
}

fn measure(args: &Args, backend: &Backend, binary: &Path, rate: Option<f64>) -> Result<Figures> {
    let database = backend.create()?;
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
    let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
    let (site_key, api_key) = program.create_site(Some(RECIPIENT))?;
    let mails = MailServer::start()?;
    let server = program.serve_with_mails(Storage::Group, ("--smtp-url".as_ref(), mails.url().as_ref()))?;
    let templates = templates(&server, &site_key, Unhappy::None)?;
    let others_busy = machine::busy_share();

    let (address, count) = (server.address, usize::try_from(args.seconds)? * PER_SECOND as usize);
    let unhappy = std::thread::spawn(move || customers::post(address, &site_key, count));
    let happy = Measurement::take(&server, templates, args.connections.into(), args.seconds, rate)?;
    let load_ended = Instant::now();
    let acknowledged = unhappy.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let acknowledged = acknowledged.map_err(|error| error.context(server.log()))?;
    let last = acknowledged.last().context("nobody was unhappy")?;
    while mails.arrivals().len() < count && last.elapsed() < LATEST {
        std::thread::sleep(LOOK_EVERY);
    }
    let told = Told::new(&acknowledged, &mails.arrivals(), load_ended);
    // Killed: the count finds what was on disk when it was acknowledged.
    drop(server);
    let stored = program.serve(Storage::Group)?.count_responses(&api_key)?;
    let expected = happy.acknowledged + u64::try_from(count)?;
    ensure!(stored == expected, "{expected} responses were acknowledged, but {stored} are stored");
    Ok(Figures::new(backend.name(), rate, &Measurement { others_busy, ..happy }, told))
}

/// Who is told of unhappy customers.
const RECIPIENT: &str = "staff@shop.example";
