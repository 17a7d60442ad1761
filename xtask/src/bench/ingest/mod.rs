//! `cargo xtask bench ingest`.

mod binaries;
mod case;
mod comparison;
mod figures;
mod ratio;
mod report;
mod waiting;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::database::Backend;
use super::measurement::Measurement;
use super::targets::{TargetArgs, build};
use super::unhappy::Unhappy;
use super::{disk, machine, print};
use binaries::Binaries;
use case::{Case, Kind, Round};
use figures::Taken;
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
    /// Which requests come from unhappy customers; several make several cases, each watched after the load until
    /// everybody is told [default: real, not watched]
    #[arg(long, value_enum, value_name = "WHICH,..", value_delimiter = ',')]
    unhappy: Vec<Unhappy>,
    /// Measure only these cases
    #[arg(long, value_enum, value_name = "CASE,..", value_delimiter = ',')]
    only: Vec<Kind>,
    /// Measure this server binary too, in turn with the one that is built: what changed between them
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
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
    let binaries = Binaries::new(build()?, args.against.as_deref())?;
    let targets = args.targets.open()?;
    let report = measure(args, &targets.backends, &binaries)?;
    print(&report, args.json)
}

impl Args {
    fn recipient(&self) -> Option<&'static str> {
        (!self.without_mail).then_some("staff@shop.example")
    }

    /// Those with as many connections on the same database follow each other.
    fn cases<'a>(&self, backends: &'a [Backend]) -> Vec<Case<'a>> {
        let kinds = Kind::ALL.into_iter().filter(|kind| self.only.is_empty() || self.only.contains(kind));
        let kinds: Vec<_> = kinds.collect();
        let watched = !self.unhappy.is_empty() && !self.without_mail;
        let unhappy = if self.unhappy.is_empty() { &[Unhappy::Real][..] } else { &self.unhappy };
        let mut cases = Vec::new();
        for backend in backends {
            for connections in self.connections.iter().copied().map(usize::from) {
                let (recipient, seconds) = (self.recipient(), self.seconds);
                let case = |unhappy, kind| Case { backend, connections, kind, unhappy, recipient, watched, seconds };
                cases.extend(unhappy.iter().flat_map(|unhappy| kinds.iter().map(move |kind| case(*unhappy, *kind))));
            }
        }
        cases
    }
}

fn measure(args: &Args, backends: &[Backend], binaries: &Binaries) -> Result<Report> {
    let cases = args.cases(backends);
    let mut taken = vec![Taken::default(); cases.len()];
    let mut disks: Vec<(&Backend, Vec<f64>)> = backends.iter().map(|backend| (backend, Vec::new())).collect();
    for round in 1..=args.rounds {
        let mut last = None;
        // Turn about: what slows the machine for a while slows a round of every case, not every round of one.
        for (number, (case, taken)) in cases.iter().zip(&mut taken).enumerate() {
            // A shared disk changes from minute to minute: it is looked at once for each number of connections.
            let place = Some((case.backend.name(), case.connections));
            if std::mem::replace(&mut last, place) != place
                && let Some((backend, rates)) = disks.iter_mut().find(|(disk, _)| disk.name() == case.backend.name())
            {
                rates.extend(backend.dir().map(|dir| disk::syncs_per_second(dir, DISK_TIME)).transpose()?);
            }
            for (which, binary) in binaries.in_turn(round) {
                eprint!("[round {round}/{}, {}/{}] {case}, {which} .. ", args.rounds, number + 1, cases.len());
                let others_busy = machine::busy_share();
                let Round { measured, waiting } = case.run(binary)?;
                eprintln!("{:.0} a second", measured.per_second);
                taken.of(which).push(Round { measured: Measurement { others_busy, ..measured }, waiting });
            }
        }
    }
    let disks = disks.into_iter().filter_map(|(backend, rates)| DiskFigures::new(backend.name(), rates)).collect();
    Ok(Report::new(args.seconds, args.rounds, args.recipient().is_some(), disks, cases.iter().zip(&taken)))
}
