//! `counterbell migrate`.

use clap::Args;
use serde_json::json;

use super::CliError;
use super::output::OutputArgs;
use crate::config::CommonSettings;
use crate::db::{OpenError, migrations, open};

#[derive(Args)]
pub struct MigrateArgs {
    /// Take back the newest migration instead; what it added is LOST
    #[arg(long)]
    revert_last: bool,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl MigrateArgs {
    pub fn run(self) -> Result<(), CliError> {
        let url = self.common.database_url()?;
        let mut conn = open(&url)?;
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| OpenError::Migrate {
            url: url.to_string(),
            reason: error.to_string(),
        };
        if self.revert_last {
            let reverted = migrations::revert_last(&mut conn).map_err(failed)?;
            return self.output.print(&json!({"reverted": reverted}), &format!("Took back {reverted}"));
        }
        let applied = migrations::up(&mut conn).map_err(failed)?;
        let text = if applied.is_empty() {
            "The schema is up to date.".to_owned()
        } else {
            applied.iter().map(|name| format!("Applied {name}\n")).collect()
        };
        self.output.print(&json!({"applied": applied}), &text)
    }
}
