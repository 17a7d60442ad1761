//! `counterbell site theme`.

use std::path::{Path, PathBuf};

use clap::Args;
use counterbell_shared::limits::THEME_MAX_BYTES;
use counterbell_shared::theme::Contrast;
use counterbell_shared::time::UnixMillis;

use super::CliError;
use super::database::open_up_to_date;
use super::document::Document;
use super::key::find_site;
use super::output::{OutputArgs, SEEN_SOON};
use crate::config::CommonSettings;
use crate::db::journal::By;
use crate::db::sites::Site;
use crate::db::{AnyConnection, dialect, themes};
use crate::themes::ThemeView;

/// Show, store or clear what a site's card is drawn with: colours, corners, font, density
///
/// Without FILE the theme is shown, and how well its colours are seen: `counterbell site theme SITE_KEY > theme.json` is
/// where to start. docs/THEMES.md explains the document. A colour that is hard to see (WCAG 2.2, SC 1.4.3 and 1.4.11) is
/// refused, and the nearest colour that passes is suggested.
#[derive(Args)]
pub struct ThemeArgs {
    /// The site
    #[arg(value_name = "SITE_KEY")]
    site_key: String,
    /// The theme to store, a JSON document; `-` reads standard input
    #[arg(value_name = "FILE", conflicts_with = "clear")]
    file: Option<PathBuf>,
    /// Remove the theme and use the defaults
    #[arg(long)]
    clear: bool,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl ThemeArgs {
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
        let document = Document::read(file, THEME_MAX_BYTES)?;
        let view = ThemeView::new(site.site_key.as_str(), Some(document.text.as_bytes()))
            .map_err(|errors| document.wrong("theme", &errors))?;
        dialect::write_transaction(conn, |conn| {
            themes::replace(conn, site.id, Some(&document.text), &By::operator(), UnixMillis::now().0)
        })?;
        let stored = format!("Stored the theme of {} ({})", site.site_key, site.name);
        self.output.print(&view, &format!("{stored}. {SEEN_SOON}\n{}", notes(&view)))
    }

    fn take_away(&self, conn: &mut AnyConnection, site: &Site) -> Result<(), CliError> {
        let had_one = dialect::write_transaction(conn, |conn| {
            themes::replace(conn, site.id, None, &By::operator(), UnixMillis::now().0)
        })?;
        let name = format!("{} ({})", site.site_key, site.name);
        let text = if had_one {
            format!("Took away the theme of {name}. {SEEN_SOON}")
        } else {
            format!("{name} has no theme; nothing was changed.")
        };
        self.output.print(&self.view(site, None)?, &text)
    }

    fn show(&self, conn: &mut AnyConnection, site: &Site) -> Result<(), CliError> {
        let document = themes::find(conn, site.id)?;
        let view = self.view(site, document.as_deref())?;
        if !self.output.json {
            // Beside the document, which may go into a file.
            let none = format!("{} has no theme: this is how the card of such a site is drawn.\n", site.site_key);
            let head = if document.is_none() { none } else { String::new() };
            eprint!("{head}{}", notes(&view));
        }
        let text = match document {
            Some(document) => document,
            None => serde_json::to_string_pretty(view.resolved()).map_err(std::io::Error::from)?,
        };
        self.output.print(&view, &text)
    }

    fn view(&self, site: &Site, document: Option<&str>) -> Result<ThemeView, CliError> {
        ThemeView::new(site.site_key.as_str(), document.map(str::as_bytes)).map_err(|_| {
            let hint = format!("store another with `counterbell site theme {} FILE`, or --clear it", self.site_key);
            CliError::Usage(format!("the theme of {} is not valid: {hint}", self.site_key))
        })
    }
}

/// How well its colours are seen, and what the launcher needs.
fn notes(view: &ThemeView) -> String {
    let line = |contrast: &Contrast| {
        let front = format!("{} {}", contrast.token, contrast.color);
        let behind = format!("{} {}", contrast.on, contrast.on_color);
        let ratio = contrast.ratio.to_string();
        format!("    {front:<22}  on {behind:<22}  {ratio:>8}, needed {}\n", contrast.needed)
    };
    let contrasts: String = view.contrasts().iter().map(line).collect();
    format!(
        "{contrasts}The button, drawn before the theme is known, has these colours from your pages' style sheet:\n{}\n",
        view.page_css()
    )
}
