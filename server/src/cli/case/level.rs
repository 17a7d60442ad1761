//! The service level of open cases.

use std::time::Duration;

use clap::Args;
use counterbell_shared::time::UnixMillis;

use super::act::{ByArgs, refused};
use crate::cases::{By, Means};
use crate::casework::{LevelView, WhoDocument, give_level, preview_level};
use crate::cli::CliError;
use crate::db::{dialect, journal};

/// How long cases are worked on in one transaction: a server that stores responses waits for no more.
const TURN: Duration = Duration::from_millis(10);
/// Between two transactions.
const PAUSE: Duration = Duration::from_millis(5);

#[derive(Args)]
pub struct LevelArgs {
    /// The rule that opened the cases
    #[arg(long, value_name = "NAME")]
    rule: String,
    /// Move the due times
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    by: ByArgs,
}

impl LevelArgs {
    pub fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.by.site.open()?;
        let who = WhoDocument::address(&self.by.person).person_id(&mut conn, site_id)?;
        let by = By::person(who.map_err(|not_done| refused(&not_done))?, Means::Cli);
        let no_rule = || {
            let hint = format!("`counterbell rules list --site {}` shows them", self.by.site.key);
            CliError::Usage(format!("no rule \"{}\" is in force: {hint}", self.rule))
        };
        if !self.yes {
            let view = preview_level(&mut conn, site_id, &self.rule, UnixMillis::now().0)?.ok_or_else(no_rule)?;
            let LevelView { version, open, changed, become_late } = &view;
            let text = format!(
                "Of {open} open cases of \"{}\" {changed} would get the times of version {version}, and {become_late} of those \
                 would be late by that. Nothing was moved: --yes does it.\n",
                self.rule
            );
            return self.by.output.print(&view, &text);
        }
        let (mut view, mut after) = (LevelView::default(), Some(0));
        while let Some(behind) = after {
            let (more, last) = dialect::write_transaction(&mut conn, |conn| {
                let mut lock = journal::lock(conn, site_id)?;
                give_level(conn, &mut lock, (&self.rule, behind), TURN, (&by, UnixMillis::now().0))
            })?
            .ok_or_else(no_rule)?;
            (view, after) = (view.and(more), last);
            std::thread::sleep(PAUSE);
        }
        let LevelView { version, open, changed, become_late } = view;
        let text = format!(
            "Of {open} open cases {changed} have the times of version {version} now; {become_late} are late by that.\n"
        );
        self.by.output.print(&view, &text)
    }
}
