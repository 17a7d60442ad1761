//! `counterbell doctor`.

use clap::Args;
use serde_json::json;

use super::CliError;
use super::output::OutputArgs;
use crate::config::{CommonSettings, ServeSettings};
use crate::doctor::{self, Verdict};

/// Check settings, database, clock, mail server and machine
///
/// Give it what you give `serve`, or run it where the same config file and variables are. It changes nothing and sends
/// nothing; it connects to the database and logs in to the mail server. A line for each check: ok, warning or failed,
/// what was found, and what to do. Ends with status 1 when something failed.
#[derive(Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    settings: ServeSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl DoctorArgs {
    pub fn run(self) -> Result<(), CliError> {
        let config = self.common.serve(&self.settings);
        let checks = actix_web::rt::System::new().block_on(doctor::examine(config));
        let mut text = String::new();
        for check in &checks {
            text.push_str(&format!("{:<8} {:<15} {}", check.verdict, check.name, check.found));
            if let Some(advice) = &check.advice {
                text.push_str(&format!("; to do: {advice}"));
            }
            text.push('\n');
        }
        let failed: Vec<_> =
            checks.iter().filter(|check| check.verdict == Verdict::Failed).map(|check| check.name).collect();
        self.output.print(&json!({"ok": failed.is_empty(), "checks": checks}), &text)?;
        if failed.is_empty() { Ok(()) } else { Err(CliError::Usage(format!("failed: {}", failed.join(", ")))) }
    }
}
