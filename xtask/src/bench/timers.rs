//! `cargo xtask bench timers`: many open cases, of which some fall due together.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::Serialize;
use serde_json::Value;

use super::database::{Backend, BackendName};
use super::print;
use super::server::{Program, Storage};
use super::targets::{TargetArgs, build};
use super::told::mail_server::MailServer;
use crate::process;

/// How often we look whether all is done.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Longest that one case may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// What a new site has, without grouping: one mail each is counted.
const RULE: &str = r#"{"name": "unhappy", "when": {"unhappy": true}, "who": [{"team": "alerts"}], "soon": "now",
    "acknowledge_within": "30m", "steps": [{"after": "30m", "who": [{"team": "alerts"}]}]}"#;
/// Who is told.
const RECIPIENT: &str = "staff@shop.example";

/// Arguments of `cargo xtask bench timers`.
#[derive(clap::Args)]
pub struct Args {
    /// Open cases whose steps are not due
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    open: u64,
    /// Open cases of which a step is due
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    due: u64,
    #[command(flatten)]
    targets: TargetArgs,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    open: u64,
    due: u64,
    backends: Vec<Figures>,
}

#[derive(Serialize)]
struct Figures {
    backend: BackendName,
    /// Until no timer was due, from when the server listened, in seconds.
    fired_s: f64,
    /// Until the last mail was with the mail server, in seconds.
    told_s: f64,
}

/// Measures it from the start of the server on.
///
/// # Errors
/// The first step that failed, such as a step that was not told.
pub fn run(args: &Args) -> Result<()> {
    let binary = build()?;
    let targets = args.targets.open()?;
    let mut backends = Vec::new();
    for backend in &targets.backends {
        backends.push(measure(args, backend, &binary)?);
    }
    print(&Report { open: args.open, due: args.due, backends }, args.json)
}

fn measure(args: &Args, backend: &Backend, binary: &std::path::Path) -> Result<Figures> {
    let database = backend.create()?;
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
    let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
    let (site_key, _) = program.create_site(Some(RECIPIENT))?;
    let rule = dir.path().join("rule.json");
    std::fs::write(&rule, RULE)?;
    let _: Value = program.run(&["rules", "put", &rule.display().to_string(), "--site", &site_key, "--json"])?;
    eprintln!("{}: opening {} cases", backend.name(), args.open + args.due);
    let (open, due) = (args.open.to_string(), args.due.to_string());
    let _: Value = program.run(&["bench", "cases", "--site", &site_key, "--open", &open, "--due", &due, "--json"])?;
    let mails = MailServer::start()?;
    let server = program.serve_with_mails(Storage::Group, ("--smtp-url".as_ref(), mails.url().as_ref()))?;
    let started = Instant::now();
    let mut fired_s = None;
    let told_s = loop {
        let metrics = server.metrics()?;
        let late = metrics.get("counterbell_timers_oldest_due_age_seconds")?;
        let waiting = metrics.get("counterbell_outbox_pending")?;
        let elapsed_s = started.elapsed().as_secs_f64();
        if late == 0.0 {
            fired_s = fired_s.or(Some(elapsed_s));
            if waiting == 0.0 {
                break elapsed_s;
            }
        }
        ensure!(started.elapsed() < PATIENCE, "not all were told: {}", server.log());
        std::thread::sleep(LOOK_EVERY);
    };
    let sent = server.log().matches("Delivered message").count();
    ensure!(u64::try_from(sent)? == args.due, "{sent} of {} were told", args.due);
    Ok(Figures { backend: backend.name(), fired_s: fired_s.unwrap_or(told_s), told_s })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} steps of escalation due at once, {} more cases open", self.due, self.open)?;
        writeln!(f, "{:<12}{:>16}{:>16}", "", "timers done", "last mail sent")?;
        for Figures { backend, fired_s, told_s } in &self.backends {
            writeln!(f, "{backend:<12}{fired_s:>14.1} s{told_s:>14.1} s")?;
        }
        Ok(())
    }
}
