//! `counterbell survey`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use counterbell_shared::limits::SURVEY_MAX_BYTES;
use counterbell_shared::time::UnixMillis;
use serde_json::{Value, json};

use super::CliError;
use super::database::open_up_to_date;
use super::document::Document;
use super::key::find_site;
use super::output::{OutputArgs, SEEN_SOON};
use crate::config::CommonSettings;
use crate::db::journal::By;
use crate::db::{dialect, surveys};
use crate::surveys::{CatalogEntry, ShownSurvey, catalog, find_shown, parse_document, put, shown_template, templates};

#[derive(Subcommand)]
pub enum SurveyCommand {
    Put(PutArgs),
    Publish(PublishArgs),
    List(ListArgs),
    Show(ShowArgs),
}

/// Check a survey and store it as a new version, a draft until it is published
///
/// Start from a template: counterbell survey show checkout > my.json; docs/SURVEYS.md explains the document. Storing the
/// same document again changes nothing.
#[derive(Args)]
pub struct PutArgs {
    /// The document; `-` reads standard input
    file: PathBuf,
    /// Site that asks it
    #[arg(long, value_name = "SITE_KEY")]
    site: String,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

/// Put a version in force: it is what customers are asked from now on
///
/// An older version can be put in force again. Responses tell which version they answer.
#[derive(Args)]
pub struct PublishArgs {
    /// The survey
    name: String,
    /// Site that asks it
    #[arg(long, value_name = "SITE_KEY")]
    site: String,
    /// The version [default: the newest]
    #[arg(long, value_name = "N")]
    version: Option<i32>,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

/// List the surveys of a site: templates and its own, with their versions
#[derive(Args)]
pub struct ListArgs {
    /// The site
    #[arg(long, value_name = "SITE_KEY")]
    site: String,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

/// Print a survey's document, to be changed and stored with `survey put`
///
/// Without --site it is the template, and no database is opened.
#[derive(Args)]
pub struct ShowArgs {
    /// The survey
    name: String,
    /// Site whose version is shown
    #[arg(long, value_name = "SITE_KEY")]
    site: Option<String>,
    /// The version [default: the one in force, else the newest]
    #[arg(long, value_name = "N", requires = "site")]
    version: Option<i32>,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl SurveyCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Put(args) => args.run(),
            Self::Publish(args) => args.run(),
            Self::List(args) => args.run(),
            Self::Show(args) => args.run(),
        }
    }
}

impl PutArgs {
    fn run(self) -> Result<(), CliError> {
        let document = Document::read(&self.file, SURVEY_MAX_BYTES)?;
        let survey = parse_document(document.text.as_bytes()).map_err(|errors| document.wrong("survey", &errors))?;
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let site = find_site(&mut conn, &self.site)?;
        let (by, now) = (By::operator(), UnixMillis::now().0);
        let put = dialect::write_transaction(&mut conn, |conn| put(conn, site.id, &survey, &document.text, &by, now))?;
        let put = put.map_err(|error| document.wrong("survey", &[error]))?;
        let name = &survey.name;
        let text = if put.is_new {
            let publish = format!("counterbell survey publish {name} --site {}", self.site);
            format!("Stored {name} as version {}, a draft. Put it in force with:\n\n  {publish}\n", put.version)
        } else {
            format!("Version {} of {name} is the same; nothing was stored.\n", put.version)
        };
        self.output.print(&json!({"name": name, "version": put.version, "is_new": put.is_new}), &text)
    }
}

impl PublishArgs {
    fn run(self) -> Result<(), CliError> {
        let Self { name, version, .. } = &self;
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let site = find_site(&mut conn, &self.site)?;
        let (by, now) = (By::operator(), UnixMillis::now().0);
        let publish = |conn: &mut _| surveys::publish(conn, site.id, name, *version, &by, now);
        let published = dialect::write_transaction(&mut conn, publish)?.ok_or_else(|| {
            let which = version.map_or("no version".to_owned(), |version| format!("no version {version}"));
            let hint = format!("`counterbell survey list --site {}` shows them", self.site);
            CliError::Usage(format!("the site has {which} of a survey \"{name}\" of its own: {hint}"))
        })?;
        let text = format!("Version {published} of {name} is in force. {SEEN_SOON}\n");
        self.output.print(&json!({"name": name, "version": published}), &text)
    }
}

impl ListArgs {
    fn run(self) -> Result<(), CliError> {
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let site = find_site(&mut conn, &self.site)?;
        let entries = catalog(&mut conn, site.id)?;
        let text: String = entries.iter().map(entry_text).collect();
        self.output.print(&entries, &text)
    }
}

fn entry_text(entry: &CatalogEntry) -> String {
    let in_force = match entry.in_force {
        Some(_) if entry.template => "template".to_owned(),
        Some(version) => format!("version {version}"),
        None => "no version in force".to_owned(),
    };
    let mut text = format!("{:<16}  {:<11}  {in_force}\n", entry.name, entry.metric.as_str());
    for version in &entry.versions {
        let published = version.published_at.map_or("draft".to_owned(), |at| format!("published {at}"));
        text.push_str(&format!("    version {}  stored {}  {published}\n", version.version, version.created_at));
    }
    text
}

impl ShowArgs {
    fn run(self) -> Result<(), CliError> {
        let shown = match &self.site {
            None => shown_template(&self.name),
            Some(key) => {
                let mut conn = open_up_to_date(&self.common.database_url()?)?;
                let site = find_site(&mut conn, key)?;
                find_shown(&mut conn, site.id, &self.name, self.version)?
            }
        };
        let ShownSurvey { version, template, document } = shown.ok_or_else(|| self.unknown())?;
        let value: Value = serde_json::from_str(&document).map_err(std::io::Error::from)?;
        let json = json!({"name": self.name, "version": version, "template": template, "document": value});
        self.output.print(&json, &document)
    }

    fn unknown(&self) -> CliError {
        let name = &self.name;
        CliError::Usage(match (&self.site, self.version) {
            (Some(key), Some(version)) => format!(
                "the site has no version {version} of a survey \"{name}\": `counterbell survey list --site {key}` shows them"
            ),
            (Some(key), None) => {
                format!("the site has no survey \"{name}\": `counterbell survey list --site {key}` shows them")
            }
            (None, _) => {
                let names: Vec<_> = templates().map(|template| template.survey.name.as_str()).collect();
                format!("no template is called \"{name}\": use {}, or name a --site", names.join(", "))
            }
        })
    }
}
