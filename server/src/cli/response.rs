//! `counterbell response`.

use clap::{Args, Subcommand};
use counterbell_shared::ResponseId;
use counterbell_shared::time::UnixMillis;
use serde_json::json;

use super::CliError;
use super::database::open_up_to_date;
use super::key::find_site;
use super::output::OutputArgs;
use crate::config::{CommonSettings, MailFolderArgs};
use crate::counted::counted;
use crate::db::dialect;
use crate::db::journal::By;
use crate::responses::erase_stored;
use crate::{mail, search};

#[derive(Subcommand)]
pub enum ResponseCommand {
    /// Delete one response, with its additions, alerts, messages, words in the search index and share of the figures
    ///
    /// For a customer who asks for it. A server may go on beside it. Backups keep what they hold. It does not come back from
    /// a page that still keeps it.
    Delete(DeleteArgs),
}

#[derive(Args)]
pub struct DeleteArgs {
    /// The response, as the admin API names it
    #[arg(value_name = "RESPONSE_ID")]
    response_id: String,
    /// Its site
    #[arg(long, value_name = "SITE_KEY")]
    site: String,
    #[command(flatten)]
    mail_folder: MailFolderArgs,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl ResponseCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Delete(args) => args.run(),
        }
    }
}

impl DeleteArgs {
    fn run(self) -> Result<(), CliError> {
        let unknown = || CliError::Usage(format!("the site has no response {}", self.response_id));
        let id: ResponseId = self.response_id.parse().map_err(|_| unknown())?;
        let url = self.common.database_url()?;
        let mail_folder = self.common.mail_folder(&self.mail_folder)?;
        let mut conn = open_up_to_date(&url)?;
        let site = find_site(&mut conn, &self.site)?;
        // The words first: were it the other way round, a crash in between would leave them.
        search::remove_from_file(&url, site.id, Some(id.as_bytes()))?;
        let (by, now) = (By::operator(), UnixMillis::now().0);
        let erased = dialect::write_transaction(&mut conn, |conn| erase_stored(conn, site.id, id, &by, now))?;
        let gone = erased.ok_or_else(unknown)?;
        // And once more: a server may have indexed in between what was still queued.
        search::remove_from_file(&url, site.id, Some(id.as_bytes()))?;
        mail::delete_files(Some(&mail_folder), &gone.mail_files());
        crate::store::truncate_log(&url)?;
        let text = format!("Deleted response {id}, with {}\n", counted(gone.messages.len(), "message", "messages"));
        self.output.print(&json!({"response_id": id.to_string(), "messages": gone.messages.len()}), &text)
    }
}
