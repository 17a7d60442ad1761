//! `cargo xtask bench soak`.

mod report;
mod sample;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::database::Backend;
use super::load::Load;
use super::measurement::{Measurement, templates};
use super::server::{Program, Storage};
use super::targets::{TargetArgs, build};
use super::unhappy::Unhappy;
use super::{disk, print};
use crate::process;
use report::{Figures, Report};
use sample::Sampler;

/// How long the highest rate is looked for, in seconds.
const PROBE_SECONDS: u64 = 5;
/// How long the disk alone is measured, of the time the server is.
const DISK_SHARE: u32 = 10;
/// Time between two writes the disk alone is given.
const DISK_EVERY: Duration = Duration::from_millis(1);

/// Arguments of `cargo xtask bench soak`.
#[derive(clap::Args)]
pub struct Args {
    /// How long each database is kept busy
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    minutes: u64,
    /// Responses a second, sent when they are due and not when the last one is answered [default: half of what the
    /// server takes at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// How many connections share them
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Seconds between two looks at the server
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    every: u64,
    #[command(flatten)]
    targets: TargetArgs,
    /// Store without telling anybody
    #[arg(long)]
    without_mail: bool,
    /// Print the result as JSON, with every sample
    #[arg(long)]
    json: bool,
}

/// Keeps a server busy for minutes, and watches it.
///
/// # Errors
/// The first step that failed, such as a response that was refused or lost.
pub fn run(args: &Args) -> Result<()> {
    let binary = build()?;
    let targets = args.targets.open()?;
    let databases = targets.backends.iter().map(|backend| soak(args, backend, &binary));
    print(&Report::new(args.minutes, args.connections, databases.collect::<Result<_>>()?), args.json)
}

fn soak(args: &Args, backend: &Backend, binary: &Path) -> Result<Figures> {
    let connections = usize::from(args.connections);
    let rate = match args.rate {
        Some(rate) => f64::from(rate),
        None => (highest_rate(args, backend, binary)? / 2.0).max(1.0),
    };
    let duration = Duration::from_secs(args.minutes * 60);
    let disk_alone = |dir| {
        let duration = duration / DISK_SHARE;
        eprintln!("{}: the disk alone for {} s", backend.name(), duration.as_secs());
        disk::sync_latencies_us(dir, duration, DISK_EVERY)
    };
    let disk = backend.dir().map(disk_alone).transpose()?;
    let database = backend.create()?;
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
    let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
    let (site_key, api_key) = program.create_site(recipient(args))?;
    let server = program.serve(Storage::Group)?;
    eprintln!("{}: {rate:.0} responses a second for {} minutes", backend.name(), args.minutes);

    let acknowledged = Arc::new(AtomicU64::new(0));
    let load = Load {
        address: server.address,
        connections,
        duration,
        templates: templates(&server, &site_key, Unhappy::Real)?,
        rate: Some(rate),
        acknowledged: Arc::clone(&acknowledged),
    };
    let load = std::thread::spawn(move || load.run());
    let mut sampler = Sampler::new(&server, database.log_path(backend), acknowledged);
    let mut next = Instant::now();
    while !load.is_finished() {
        std::thread::sleep(next.saturating_duration_since(Instant::now()).min(Duration::from_millis(100)));
        if Instant::now() >= next {
            next += Duration::from_secs(args.every);
            eprintln!("{}", sampler.look()?);
        }
    }
    let measured = load.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let measured = measured.map_err(|error| error.context(server.log()))?;
    ensure!(measured.refused.is_empty(), "the server refused responses; count by status: {:?}", measured.refused);
    let samples = sampler.into_samples();
    // Killed: the count finds what was on disk when it was acknowledged.
    drop(server);
    let stored = program.serve(Storage::Group)?.count_responses(&api_key)?;
    ensure!(stored == measured.acknowledged, "{} were acknowledged, {stored} are stored", measured.acknowledged);
    Ok(Figures::new(backend.name(), rate, disk.as_deref(), &measured, samples))
}

fn highest_rate(args: &Args, backend: &Backend, binary: &Path) -> Result<f64> {
    let database = backend.create()?;
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
    let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
    let (site_key, _) = program.create_site(recipient(args))?;
    let server = program.serve(Storage::Group)?;
    let templates = templates(&server, &site_key, Unhappy::Real)?;
    Ok(Measurement::take(&server, templates, usize::from(args.connections), PROBE_SECONDS, None)?.per_second)
}

fn recipient(args: &Args) -> Option<&'static str> {
    (!args.without_mail).then_some("staff@shop.example")
}
