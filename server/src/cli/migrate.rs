//! `counterbell migrate`.

use clap::Args;
use serde_json::json;

use super::CliError;
use super::output::OutputArgs;
use crate::config::CommonSettings;
use crate::db::{OpenError, distributed, migrations, revert};

#[derive(Args)]
pub struct MigrateArgs {
    /// Undo the newest migration instead; data it added is LOST. Refused while a server runs, and while work waits that
    /// would be lost with it
    #[arg(long)]
    revert_last: bool,
    /// Confirm that data may be lost; with a version, only if the newest migration is of that one
    #[arg(long, value_name = "VERSION", requires = "revert_last", num_args = 0..=1, require_equals = true)]
    yes: Option<Option<String>>,
    /// Then spread the tables over the machines of a distributed PostgreSQL (the extension citus)
    #[arg(long, conflicts_with = "revert_last")]
    distributed: bool,
    /// Only print what --distributed would do
    #[arg(long, requires = "distributed")]
    print: bool,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl MigrateArgs {
    pub fn run(self) -> Result<(), CliError> {
        if self.print {
            let statements: Vec<_> = distributed::statements().into_iter().map(|(_, statement)| statement).collect();
            let text: String = statements.iter().map(|statement| format!("{statement};\n")).collect();
            return self.output.print(&json!({"statements": statements}), &text);
        }
        let url = self.common.database_url()?;
        let mut conn = migrations::open_checked(&url)?;
        if self.revert_last {
            let newest = migrations::newest(&mut conn)
                .map_err(|error| CliError::Usage(format!("nothing can be taken back: {error}")))?;
            let Some(asked) = self.yes else {
                return Err(CliError::Usage(format!(
                    "taking back {newest} drops what it added, with everything stored in it: stop the server, make a \
                     backup, then give --yes={newest}"
                )));
            };
            let reverted = revert::revert_last(&mut conn, &asked.unwrap_or(newest))?;
            return self.output.print(&json!({"reverted": reverted}), &format!("Took back {reverted}"));
        }
        let applied = migrations::up(&mut conn)
            .map_err(|error| OpenError::Migrate { url: url.to_string(), reason: error.to_string() })?;
        let text = if applied.is_empty() {
            "The schema is up to date.".to_owned()
        } else {
            applied.iter().map(|name| format!("Applied {name}\n")).collect()
        };
        if self.distributed {
            let spread = distributed::distribute(&mut conn)?;
            let tables = if spread.is_empty() {
                "All tables were spread before.".to_owned()
            } else {
                format!("Spread {}.", spread.join(", "))
            };
            return self
                .output
                .print(&json!({"applied": applied, "distributed": spread}), &format!("{text}\n{tables}"));
        }
        self.output.print(&json!({"applied": applied}), &text)
    }
}
