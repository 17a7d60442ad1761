//! `counterbell links`.

use clap::{Args, Subcommand};
use counterbell_shared::time::UnixMillis;
use serde_json::json;

use super::CliError;
use super::database::open_up_to_date;
use super::output::{OutputArgs, random};
use crate::config::{CommonSettings, LinksSettings};
use crate::db::journal::By;
use crate::db::{dialect, link_keys};
use crate::links::{LONGEST_MS, LinkKey};

#[derive(Subcommand)]
pub enum LinksCommand {
    /// List the keys in the database that links in mails are signed with, without their secrets
    List(LinksArgs),
    /// Have a new key sign from now on; links that were sent count for their 30 days
    Rotate(RotateArgs),
}

#[derive(Args)]
pub struct LinksArgs {
    #[command(flatten)]
    links: LinksSettings,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct RotateArgs {
    /// Links that were sent stop counting at once: for when the database or a backup got into wrong hands
    #[arg(long)]
    stop_old: bool,
    #[command(flatten)]
    args: LinksArgs,
}

impl LinksArgs {
    /// Keys of the settings are not in the database: to change those there would change nothing.
    fn refuse_those_of_settings(&self) -> Result<(), CliError> {
        if self.common.links(&self.links)?.keys.is_empty() {
            return Ok(());
        }
        Err(CliError::Usage(
            "the keys are set by [links] keys (COUNTERBELL_LINK_KEYS), and those of the database count for nothing: put a new \
             secret before the others there, or in their place, on every server, and restart it"
                .to_owned(),
        ))
    }
}

impl LinksCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::List(args) => list(&args),
            Self::Rotate(args) => args.run(),
        }
    }
}

fn list(args: &LinksArgs) -> Result<(), CliError> {
    args.refuse_those_of_settings()?;
    let mut conn = open_up_to_date(&args.common.database_url()?)?;
    let mut items = Vec::new();
    let mut text = String::new();
    for key in link_keys::in_force(&mut conn, UnixMillis::now().0)? {
        let created_at = UnixMillis(key.created_at).to_string();
        let expires_at = key.expires_at.map(|at| UnixMillis(at).to_string());
        let state = expires_at.as_ref().map_or("signs".to_owned(), |at| format!("its links count until {at}"));
        text.push_str(&format!("{:>10}  {created_at}  {state}\n", key.key_id));
        items.push(json!({ "key_id": key.key_id, "created_at": created_at, "expires_at": expires_at }));
    }
    let text = if text.is_empty() {
        "No keys yet: a server makes the first one when it starts with a site.".to_owned()
    } else {
        text
    };
    args.output.print(&items, &text)
}

impl RotateArgs {
    fn run(self) -> Result<(), CliError> {
        self.args.refuse_those_of_settings()?;
        let mut conn = open_up_to_date(&self.args.common.database_url()?)?;
        let (key, now) = (LinkKey::new(random()?), UnixMillis::now().0);
        let until = if self.stop_old { now } else { now + LONGEST_MS };
        dialect::write_transaction(&mut conn, |conn| {
            link_keys::rotate(conn, i64::from(key.id()), key.secret(), until, &By::operator(), now)
        })?;
        let sent = if self.stop_old {
            "Links that were sent before count no more.".to_owned()
        } else {
            format!("Links that were sent before count until {} at the latest.", UnixMillis(until))
        };
        let text = format!("Key {} signs from now on, on every server of this database. {sent}", key.id());
        let result = json!({ "key_id": key.id(), "old_links_count_until": UnixMillis(until).to_string() });
        self.args.output.print(&result, &text)
    }
}
