//! `counterbell site words`.

use std::path::{Path, PathBuf};

use clap::Args;
use counterbell_shared::limits::SITE_WORDS_MAX_BYTES;
use counterbell_shared::time::UnixMillis;
use serde_json::{Value, json};

use super::CliError;
use super::database::open_up_to_date;
use super::document::Document;
use super::key::find_site;
use super::output::{OutputArgs, SEEN_SOON, tell};
use crate::config::CommonSettings;
use crate::db::journal::By;
use crate::db::sites::Site;
use crate::db::{AnyConnection, dialect, site_words};
use crate::surveys::{own_words_document, parse_site_words};

/// Show, store or clear a site's wording for the widget's own words, such as the one on the button that sends
///
/// It holds for every survey of the site; the "texts" of a survey go before it. Without FILE the words are shown, those
/// of the widget in English when the site has none: `counterbell site words SITE_KEY > words.json` is where to start.
/// Keep only the words you change: {"send": {"en": "Submit", "de": "Absenden"}}; docs/SURVEYS.md explains the rest.
#[derive(Args)]
pub struct WordsArgs {
    /// The site
    #[arg(value_name = "SITE_KEY")]
    site_key: String,
    /// The words to store, a JSON document; `-` reads standard input
    #[arg(value_name = "FILE", conflicts_with = "clear")]
    file: Option<PathBuf>,
    /// Remove the site's words and use the widget's own
    #[arg(long)]
    clear: bool,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl WordsArgs {
    pub fn run(self) -> Result<(), CliError> {
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let site = find_site(&mut conn, &self.site_key)?;
        match &self.file {
            Some(file) => self.store(&mut conn, &site, file),
            None if self.clear => self.take_away(&mut conn, &site),
            None => self.show(&mut conn, &site),
        }
    }

    fn store(&self, conn: &mut AnyConnection, site: &Site, file: &Path) -> Result<(), CliError> {
        let document = Document::read(file, SITE_WORDS_MAX_BYTES)?;
        let checked = parse_site_words(document.text.as_bytes());
        checked.map_err(|errors| document.wrong("document of words", &errors))?;
        dialect::write_transaction(conn, |conn| {
            site_words::replace(conn, site.id, Some(&document.text), &By::operator(), UnixMillis::now().0)
        })?;
        let stored = format!("Stored the words of {} ({})", site.site_key, site.name);
        self.print(site, Some(&document.text), &format!("{stored}. {SEEN_SOON}"))
    }

    fn take_away(&self, conn: &mut AnyConnection, site: &Site) -> Result<(), CliError> {
        let had_some = dialect::write_transaction(conn, |conn| {
            site_words::replace(conn, site.id, None, &By::operator(), UnixMillis::now().0)
        })?;
        let name = format!("{} ({})", site.site_key, site.name);
        let text = if had_some {
            format!("Took away the words of {name}. {SEEN_SOON}")
        } else {
            format!("{name} has no words of its own; nothing was changed.")
        };
        self.print(site, None, &text)
    }

    fn show(&self, conn: &mut AnyConnection, site: &Site) -> Result<(), CliError> {
        let document = site_words::find(conn, site.id)?;
        if document.is_none() && !self.output.json {
            // Beside the document, which may go into a file.
            tell(&format!("{} has no words of its own: these are the widget's, in English.", site.site_key));
        }
        let text = match &document {
            Some(document) => document.clone(),
            None => serde_json::to_string_pretty(&own_words_document()).map_err(std::io::Error::from)?,
        };
        self.print(site, document.as_deref(), &text)
    }

    fn print(&self, site: &Site, document: Option<&str>, text: &str) -> Result<(), CliError> {
        let words: Option<Value> = document.map(serde_json::from_str).transpose().map_err(std::io::Error::from)?;
        self.output.print(&json!({"site_key": site.site_key.as_str(), "words": words}), text)
    }
}
