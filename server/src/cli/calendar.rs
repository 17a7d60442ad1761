//! `counterbell site calendar`.

use std::path::{Path, PathBuf};

use clap::Args;
use counterbell_shared::time::UnixMillis;

use super::CliError;
use super::database::open_up_to_date;
use super::document::Document;
use super::key::find_site;
use super::output::{OutputArgs, tell};
use crate::calendar::{CALENDAR_MAX_BYTES, Calendar};
use crate::config::CommonSettings;
use crate::db::journal::{self, By};
use crate::db::sites::Site;
use crate::db::{AnyConnection, calendars, dialect};
use crate::touchpoints::{CalendarView, in_words};

/// Show, store or clear the opening hours of a site, which count at every touchpoint without its own
///
/// Without FILE they are shown, and when the site opens next. {"hours": {"mon": ["09:00-12:00", "13:30-18:00"]}, "closed":
/// ["2026-12-25"]} in the site's time zone, or "always"; docs/STAFF.md explains the rest.
#[derive(Args)]
pub struct CalendarArgs {
    /// The site
    #[arg(value_name = "SITE_KEY")]
    site_key: String,
    /// The opening hours to store, a JSON document; `-` reads standard input
    #[arg(value_name = "FILE", conflicts_with = "clear")]
    file: Option<PathBuf>,
    /// Remove the opening hours: the site is always open
    #[arg(long)]
    clear: bool,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl CalendarArgs {
    pub fn run(self) -> Result<(), CliError> {
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let site = find_site(&mut conn, &self.site_key)?;
        let name = format!("{} ({})", site.site_key, site.name);
        match &self.file {
            Some(file) => {
                let document = read_calendar(file)?.to_document();
                self.replace(&mut conn, &site, Some(&document))?;
                self.print(&mut conn, &site, &format!("Stored the opening hours of {name}"))
            }
            None if self.clear && self.replace(&mut conn, &site, None)? => {
                self.print(&mut conn, &site, &format!("Took away the opening hours of {name}"))
            }
            None if self.clear => self.print(&mut conn, &site, &format!("{name} has none; nothing was changed")),
            None => self.show(&mut conn, &site),
        }
    }

    fn replace(&self, conn: &mut AnyConnection, site: &Site, document: Option<&str>) -> Result<bool, CliError> {
        let replaced = dialect::write_transaction(conn, |conn| {
            let mut lock = journal::lock(conn, site.id)?;
            calendars::replace(conn, &mut lock, document, &By::operator(), UnixMillis::now().0)
        });
        Ok(replaced?)
    }

    fn print(&self, conn: &mut AnyConnection, site: &Site, done: &str) -> Result<(), CliError> {
        let (view, _) = CalendarView::load(conn, site.id, site.site_key.as_str(), UnixMillis::now().0)?;
        self.output.print(&view, &format!("{done}.\n{}", in_words(view.hours())))
    }

    fn show(&self, conn: &mut AnyConnection, site: &Site) -> Result<(), CliError> {
        let (view, _) = CalendarView::load(conn, site.id, site.site_key.as_str(), UnixMillis::now().0)?;
        if !self.output.json {
            // Beside the document, which may go into a file.
            tell(&format!("{}: {}", site.site_key, in_words(view.hours())));
        }
        let always = Calendar::Always.to_document();
        self.output.print(&view, &view.document().unwrap_or(always))
    }
}

/// Reads opening hours from a file.
pub fn read_calendar(file: &Path) -> Result<Calendar, CliError> {
    let document = Document::read(file, CALENDAR_MAX_BYTES)?;
    Calendar::parse(document.text.as_bytes()).map_err(|errors| document.wrong("calendar", &errors))
}
