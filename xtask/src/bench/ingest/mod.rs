//! `cargo xtask bench ingest`.

mod case;
mod report;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::measurement::Measurement;
use super::targets::{TargetArgs, build};
use super::{disk, machine, print};
use crate::bench::database::Backend;
use case::{Case, Kind};
use report::{DiskFigures, Report};

/// How long the disk is measured each time.
const DISK_TIME: Duration = Duration::from_secs(1);

/// Arguments of `cargo xtask bench ingest`.
#[derive(clap::Args)]
pub struct Args {
    /// Seconds of each case
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often each case is measured; the cases take turns, and the middle figure counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// How many connections post at the same time; several numbers make several cases
    #[arg(long, value_name = "N,..", default_value = "1,32,64", value_delimiter = ',',
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: Vec<u16>,
    #[command(flatten)]
    targets: TargetArgs,
    /// Store without telling anybody: what the mails of unhappy responses cost is the difference
    #[arg(long)]
    without_mail: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Builds the server, measures every case, prints the report.
///
/// # Errors
/// The first step that failed.
pub fn run(args: &Args) -> Result<()> {
    let binary = build()?;
    let targets = args.targets.open()?;
    let report = measure(args, &targets.backends, &binary)?;
    print(&report, args.json)
}

fn measure(args: &Args, backends: &[Backend], binary: &Path) -> Result<Report> {
    let recipient = (!args.without_mail).then_some("staff@shop.example");
    let cases: Vec<Case<'_>> = backends
        .iter()
        .flat_map(|backend| args.connections.iter().map(move |connections| (backend, usize::from(*connections))))
        .flat_map(|(backend, connections)| Kind::ALL.map(|kind| (backend, connections, kind)))
        .map(|(backend, connections, kind)| Case { backend, connections, kind, recipient, seconds: args.seconds })
        .collect();
    let mut rounds: Vec<Vec<Measurement>> = vec![Vec::new(); cases.len()];
    let mut disks: Vec<(&Backend, Vec<f64>)> = backends.iter().map(|backend| (backend, Vec::new())).collect();
    for round in 1..=args.rounds {
        // Turn about: what slows the machine for a while slows a round of every case, not every round of one.
        for (number, (case, measured)) in cases.iter().zip(&mut rounds).enumerate() {
            eprint!(
                "[round {round}/{}, {}/{}] {}, {} connections, {} .. ",
                args.rounds,
                number + 1,
                cases.len(),
                case.backend.name(),
                case.connections,
                case.kind
            );
            let others_busy = machine::busy_share();
            // A shared disk changes from minute to minute: it is looked at once for each number of connections.
            if case.kind == Kind::ALL[0]
                && let Some((backend, rates)) = disks.iter_mut().find(|(disk, _)| disk.name() == case.backend.name())
            {
                rates.extend(backend.dir().map(|dir| disk::syncs_per_second(dir, DISK_TIME)).transpose()?);
            }
            let measurement = case.run(binary)?;
            eprintln!("{:.0} a second", measurement.per_second);
            measured.push(Measurement { others_busy, ..measurement });
        }
    }
    let disks = disks.into_iter().filter_map(|(backend, rates)| DiskFigures::new(backend.name(), rates)).collect();
    Ok(Report::new(args.seconds, args.rounds, recipient.is_some(), disks, cases.iter().zip(&rounds)))
}
