//! `counterbell site delete`.

use std::time::{Duration, Instant};

use clap::Args;
use counterbell_shared::time::UnixMillis;
use serde_json::json;

use super::CliError;
use super::database::open_up_to_date;
use super::key::find_site;
use super::output::{OutputArgs, tell};
use crate::config::{CommonSettings, MailFolderArgs};
use crate::counted::counted;
use crate::db::dialect;
use crate::db::erase::{self, SiteExtent};
use crate::db::journal::By;
use crate::store::truncate_log;
use crate::{mail, search};

/// Responses of one transaction: a server that stores others waits for no more.
const CHUNK: i64 = 500;
/// Between two transactions.
const PAUSE: Duration = Duration::from_millis(20);
/// After it is closed a site may get responses from servers that have not noticed yet, for five seconds, and those that
/// they had queued then.
const NOTICED: Duration = Duration::from_secs(6);

/// Delete a site with everything of it: responses, cases, alerts, messages, figures, surveys and API keys
///
/// First it prints what there is and changes nothing; with --yes it deletes. A server may go on beside it: the site is
/// closed at first, and answers 429 until it is gone. Stopped in the middle, run it again: it goes on where it was. Backups
/// keep what they hold.
#[derive(Args)]
pub struct SiteDeleteArgs {
    /// The site
    #[arg(value_name = "SITE_KEY")]
    site_key: String,
    /// Delete it
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    mail_folder: MailFolderArgs,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl SiteDeleteArgs {
    pub fn run(self) -> Result<(), CliError> {
        let url = self.common.database_url()?;
        let mail_folder = self.common.mail_folder(&self.mail_folder)?;
        let mut conn = open_up_to_date(&url)?;
        let site = find_site(&mut conn, &self.site_key)?;
        let extent = SiteExtent::load(&mut conn, site.id)?;
        let SiteExtent { responses, cases, alerts, messages, surveys, api_keys } = extent;
        let what = [
            counted(responses, "response", "responses"),
            counted(cases, "case", "cases"),
            counted(alerts, "alert", "alerts"),
            counted(messages, "message", "messages"),
            counted(surveys, "version of a survey", "versions of surveys"),
            counted(api_keys, "API key", "API keys"),
        ];
        let what = what.join(", ");
        if !self.yes {
            return Err(CliError::Usage(format!(
                "{} ({}) has {what}: give --yes to delete all of it, for good",
                site.site_key, site.name
            )));
        }
        dialect::write_transaction(&mut conn, |conn| erase::close_site(conn, site.id))?;
        let closed = Instant::now();
        let mut deleted = 0;
        loop {
            let chunk = dialect::write_transaction(&mut conn, |conn| erase::delete_site_chunk(conn, site.id, CHUNK))?;
            mail::delete_files(Some(&mail_folder), &chunk.gone.mail_files());
            deleted += chunk.responses;
            if !chunk.is_empty() {
                if deleted % 50_000 < chunk.responses {
                    tell(&format!("deleted {deleted} of {responses} responses"));
                }
                std::thread::sleep(PAUSE);
            } else if closed.elapsed() < NOTICED {
                std::thread::sleep(NOTICED.saturating_sub(closed.elapsed()));
            } else {
                break;
            }
        }
        // The words first: once the site is gone, it cannot be named to go on.
        search::remove_from_file(&url, site.id, None)?;
        dialect::write_transaction(&mut conn, |conn| {
            erase::delete_site(conn, &site, &By::operator(), UnixMillis::now().0)
        })?;
        truncate_log(&url)?;
        let text = format!("Deleted {} ({}): {what}\n", site.site_key, site.name);
        let deleted = json!({"site_key": site.site_key.as_str(), "name": site.name, "deleted": extent});
        self.output.print(&deleted, &text)
    }
}
