//! `counterbell root-cause`.

use clap::{Args, Subcommand};
use counterbell_shared::Reference;
use counterbell_shared::time::UnixMillis;
use serde_json::json;

use super::CliError;
use super::of_site::{SiteArgs, slug};
use super::output::OutputArgs;
use super::table::table;
use crate::casework::{self, RootCauseDocument};
use crate::db::journal::By;
use crate::db::{dialect, journal};

#[derive(Subcommand)]
pub enum RootCauseCommand {
    /// List what cases of a site can be resolved with
    List(ListArgs),
    /// Store a root cause, or change its label
    Put(PutArgs),
    /// Take a root cause away; cases that have it keep it
    Remove(RemoveArgs),
}

#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct PutArgs {
    /// Its name for programs: lowercase letters and digits, with hyphens between words
    #[arg(value_name = "NAME", value_parser = slug)]
    name: String,
    /// Its name for people
    #[arg(long)]
    label: String,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct RemoveArgs {
    /// The root cause
    #[arg(value_name = "NAME", value_parser = slug)]
    name: String,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl RootCauseCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::List(args) => args.run(),
            Self::Put(args) => args.run(),
            Self::Remove(args) => args.run(),
        }
    }
}

impl ListArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let all = casework::root_causes(&mut conn, site_id)?;
        let rows: Vec<_> = all.iter().map(|one| vec![one.name.clone(), one.label.clone()]).collect();
        self.output.print(&all, &table(&["name", "label"], &rows))
    }
}

impl PutArgs {
    fn run(self) -> Result<(), CliError> {
        let label = Reference::new(&self.label).map_err(|error| CliError::Usage(format!("--label {error}")))?;
        let (document, now) = (RootCauseDocument::new(label), UnixMillis::now().0);
        let (mut conn, site_id) = self.site.open()?;
        let stored = dialect::write_transaction(&mut conn, |conn| {
            let mut lock = journal::lock(conn, site_id)?;
            casework::put_root_cause(conn, &mut lock, &self.name, &document, (&By::operator(), now))
        })?;
        let (is_new, view) = stored.map_err(|error| CliError::Usage(error.detail))?;
        let done = if is_new { "Made" } else { "Stored" };
        self.output.print(&view, &format!("{done} the root cause {}: {}\n", view.name, view.label))
    }
}

impl RemoveArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let removed = dialect::write_transaction(&mut conn, |conn| {
            let mut lock = journal::lock(conn, site_id)?;
            casework::remove_root_cause(conn, &mut lock, &self.name, &By::operator(), UnixMillis::now().0)
        })?;
        if !removed {
            let hint = format!("`counterbell root-cause list --site {}` shows them", self.site.key);
            return Err(CliError::Usage(format!("the site has no root cause \"{}\": {hint}", self.name)));
        }
        let text = format!("Cases are resolved with {} no more; those that have it keep it.\n", self.name);
        self.output.print(&json!({ "name": self.name, "removed": true }), &text)
    }
}
