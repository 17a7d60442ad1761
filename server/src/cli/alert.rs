//! `counterbell alert`.

use clap::{Args, Subcommand};
use counterbell_shared::time::UnixMillis;
use serde_json::json;

use super::CliError;
use super::of_site::SiteArgs;
use super::output::OutputArgs;
use super::rules::reason;
use super::warning::warn;
use crate::db::dialect;
use crate::db::journal::{self, By};
use crate::rules::UNHAPPY;
use crate::sites::load_rules;
use crate::triage::{gap_of, send_trial};

#[derive(Subcommand)]
pub enum AlertCommand {
    /// Send a mail that says that it is a test to everybody whom a rule tells
    ///
    /// It goes the way that every alert goes, through the outbox of a running server. It counts nowhere.
    Test(TestArgs),
}

#[derive(Args)]
pub struct TestArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The rule
    #[arg(long, value_name = "NAME", default_value = UNHAPPY)]
    rule: String,
    /// As if the customer had answered here, for a rule that tells the touchpoint's owner
    #[arg(long, value_name = "NAME", default_value = "")]
    touchpoint: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl AlertCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Test(args) => args.run(),
        }
    }
}

impl TestArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let now = UnixMillis::now().0;
        let told = dialect::write_transaction(&mut conn, |conn| {
            let mut lock = journal::lock(conn, site_id)?;
            let rules = load_rules(conn, site_id, None)?;
            match rules.named(&self.rule) {
                Some(rule) => {
                    let gap = gap_of(conn, site_id, &rule.rule, now)?;
                    let told = send_trial(conn, &mut lock, (rule, &self.touchpoint), &By::operator(), now)?;
                    Ok(Some((told, gap)))
                }
                None => Ok(None),
            }
        })?;
        let (told, gap) = told.ok_or_else(|| {
            let hint = format!("`counterbell rules list --site {}` shows them", self.site.key);
            CliError::Usage(format!("the site has no rule \"{}\" in force that can be read: {hint}", self.rule))
        })?;
        let lines: String = told.iter().map(|(email, why)| format!("  {email}  {}\n", reason(why))).collect();
        let text = match told.is_empty() {
            true => format!("The rule {} tells nobody: the site has no staff that it names\n", self.rule),
            false => format!("A test of {} goes to, as soon as a server runs:\n\n{lines}", self.rule),
        };
        let people: Vec<_> = told.iter().map(|(email, why)| json!({ "email": email, "why": why })).collect();
        self.output.print(&json!({ "rule": self.rule, "told": people }), &text)?;
        gap.iter().for_each(warn);
        Ok(())
    }
}
