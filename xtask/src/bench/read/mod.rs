//! `cargo xtask bench read`.

mod cases;
mod report;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;

use super::database::{BackendName, Database};
use super::kept::KeptArgs;
use super::server::{Program, Server, Storage};
use super::targets::build;
use super::{machine, print};
use crate::process;
use cases::Case;
use report::{Answers, Figures, Plan, Report};

/// Arguments of `cargo xtask bench read`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    kept: KeptArgs,
    /// How often each question is asked in a round
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    repetitions: u32,
    /// How many rounds; the spread is that between their medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Asks the filled databases' servers, and the databases for their plans.
///
/// # Errors
/// The first step that failed.
pub fn run(args: &Args) -> Result<()> {
    let binary = build()?;
    let kept = args.kept.open()?;
    let databases = kept.databases.iter().map(|(name, database)| measure(args, &binary, *name, database));
    let report = Report::new(args.repetitions, args.rounds, databases.collect::<Result<_>>()?);
    print(&report, args.json)
}

fn measure(args: &Args, binary: &Path, name: BackendName, database: &Database) -> Result<Figures> {
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
    let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
    let (site_key, api_key) = program.adopt_site()?;
    let server = program.serve(Storage::Group)?;
    server.settle()?;
    let responses = server.count_responses(&api_key)?;
    let others_busy = machine::busy_share();
    eprintln!("{name}: {responses} responses, {} repetitions in {} rounds", args.repetitions, args.rounds);
    let answers = ask(args, &server, &api_key, responses)?;
    drop(server);
    let plans: Value = program.run(&["bench", "explain", "--json", "--site", &site_key])?;
    let plans: Vec<Plan> = serde_json::from_value(plans).context("the plans are not as expected")?;
    Ok(Figures::new(name, responses, others_busy, answers, plans))
}

/// Every question in turn, again and again: what slows the machine for a while slows all of them.
fn ask(args: &Args, server: &Server, api_key: &str, responses: u64) -> Result<Vec<Answers>> {
    let mut client = server.client(api_key)?;
    let cases = cases::prepare(&mut client, responses)?;
    let mut answers: Vec<Answers> = cases.iter().map(|case| Answers::new(case.name)).collect();
    for Case { path, .. } in &cases {
        // Caches are warm, statements prepared: the first answer is not what people wait for all day.
        client.get_ok(path)?;
    }
    for _ in 0..args.rounds {
        for answers in &mut answers {
            answers.begin_round();
        }
        for _ in 0..args.repetitions {
            for (Case { path, .. }, answers) in cases.iter().zip(&mut answers) {
                let asked = Instant::now();
                let body_bytes = client.get_ok(path)?.len();
                answers.add(asked.elapsed(), body_bytes);
            }
        }
    }
    Ok(answers)
}
