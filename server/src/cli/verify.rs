//! `counterbell verify`.

use std::io::{IsTerminal, Write};

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use super::CliError;
use super::output::OutputArgs;
use crate::config::CommonSettings;
use crate::verify::{Check, verify};

/// Check that the database holds together
///
/// Reads all of it: every page (SQLite), references, values, the summary's figures against the responses, the outbox, the
/// search index. A server may go on beside it. A line for each check; ends with status 1 when something differs and was
/// not repaired.
#[derive(Args)]
pub struct VerifyArgs {
    /// Make anew what follows from responses: the summary's figures and the search index
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl VerifyArgs {
    pub fn run(self) -> Result<(), CliError> {
        let url = self.common.database_url()?;
        let spinner = std::io::stderr().is_terminal().then(ProgressBar::new_spinner);
        let checks = verify(&url, self.repair, &mut |name| match &spinner {
            Some(spinner) => {
                spinner.enable_steady_tick(std::time::Duration::from_millis(100));
                spinner.set_message(format!("checking {name}"));
            }
            // Progress that nobody reads is no reason to stop.
            None => {
                let _ = writeln!(std::io::stderr(), "checking {name}");
            }
        })?;
        if let Some(spinner) = &spinner {
            spinner.finish_and_clear();
        }
        let text: String = checks.iter().map(line).collect();
        let wrong: Vec<_> = checks.iter().filter(|check| !check.is_well()).map(|check| check.name).collect();
        self.output.print(&json!({"ok": wrong.is_empty(), "checks": checks}), &text)?;
        if wrong.is_empty() { Ok(()) } else { Err(CliError::Usage(format!("failed checks: {}", wrong.join(", ")))) }
    }
}

fn line(check: &Check) -> String {
    let verdict = match (check.differences, check.repaired) {
        (0, _) => "ok",
        (_, true) => "repaired",
        (_, false) => "differs",
    };
    let advice = if check.is_well() { None } else { check.advice };
    let advice = advice.map(|advice| format!("; to do: {advice}")).unwrap_or_default();
    format!("{verdict:<8} {:<12} {}{advice}\n", check.name, check.found)
}
