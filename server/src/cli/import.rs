//! `counterbell import`.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use counterbell_shared::Touchpoint;
use counterbell_shared::survey::DEFAULT_SURVEY;
use indicatif::{ProgressBar, ProgressStyle};

use super::CliError;
use super::database::open_up_to_date;
use super::key::find_site;
use super::output::OutputArgs;
use crate::config::CommonSettings;
use crate::counted::counted;
use crate::db::is_same_file;
use crate::import::{self, ImportOptions, ImportReport, Mapping};
use crate::surveys::{SiteSurveys, TEMPLATES_ONLY};
use crate::transfer::refuse_own;

/// Store responses from a file
///
/// Example: counterbell import --site SITE_KEY --map 'score=Rating,comment="Review Text",touchpoint=Department' r.csv
///
/// Importing the same file again changes nothing. Bad rows are written to a rejects file with line and reason; good
/// ones are kept. Nobody is told about imported responses unless --alert is given.
#[derive(Args)]
pub struct ImportArgs {
    /// File to read; `-` reads standard input
    file: PathBuf,
    /// Site the responses belong to
    #[arg(long, value_name = "SITE_KEY")]
    site: String,
    /// What the file holds
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Which column holds what: field=column, separated by commas; quote a column that holds a comma. Fields: score
    /// (needed), comment, answers, touchpoint, order_ref, customer_ref, locale, page_url, created_at, response_id
    #[arg(long, value_name = "FIELD=COLUMN,...")]
    map: Mapping,
    /// Survey the scores answer: a published one of the site, or a template (`counterbell survey list` shows them)
    #[arg(long, default_value = DEFAULT_SURVEY, value_name = "NAME")]
    survey: String,
    /// Touchpoint of rows that name none
    #[arg(long, value_parser = parse_touchpoint)]
    touchpoint: Option<Touchpoint>,
    /// Check every row and report, but store nothing
    #[arg(long)]
    dry_run: bool,
    /// Tell staff about unhappy customers in the file, as if they had answered now
    #[arg(long)]
    alert: bool,
    /// Where bad rows go [default: FILE.rejects.csv, stdin.rejects.csv for standard input]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Replace the file for bad rows if it exists; the one of an earlier import is replaced without it when --rejects is not
    /// given
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    /// Comma-separated values with a header line (RFC 4180), UTF-8
    #[default]
    Csv,
}

fn parse_touchpoint(text: &str) -> Result<Touchpoint, String> {
    Touchpoint::new(text).map_err(|error| error.to_string())
}

impl ImportArgs {
    pub fn run(self) -> Result<(), CliError> {
        let Format::Csv = self.format;
        let from_stdin = self.file.as_os_str() == "-";
        let url = self.common.database_url()?;
        let rejects = self.rejects_file(from_stdin)?;
        refuse_own(&rejects, &url)?;
        let mut conn = open_up_to_date(&url)?;
        let site = find_site(&mut conn, &self.site)?;
        let surveys = SiteSurveys::load(&mut conn, site.id, &TEMPLATES_ONLY)?;
        let survey = surveys.version(&self.survey).map_err(|reason| CliError::Usage(format!("--survey {reason}")))?;
        let options = ImportOptions {
            mapping: self.map,
            survey,
            touchpoint: self.touchpoint,
            dry_run: self.dry_run,
            alert: self.alert,
            rejects: Some(rejects.clone()),
        };
        // Of standard input nobody knows the length.
        let (file, bytes): (Box<dyn Read + Send>, _) = if from_stdin {
            (Box::new(std::io::stdin()), None)
        } else {
            let file = std::fs::File::open(&self.file)
                .map_err(|error| CliError::Usage(format!("cannot read {}: {error}", self.file.display())))?;
            let bytes = file.metadata()?.len();
            (Box::new(file), Some(bytes))
        };
        let progress = Progress::new(bytes);
        let report = import::import_csv(&mut conn, &site, file, &options, |report| progress.show(report))?;
        progress.finish();

        let mut text = if self.dry_run {
            format!("{} good; nothing was stored (--dry-run).\n", counted(report.valid, "row is", "rows are"))
        } else {
            let stored = counted(report.accepted, "response", "responses");
            format!("Stored {stored}; {} stored before.\n", counted(report.duplicate, "was", "were"))
        };
        if report.rejected > 0 {
            let rows = counted(report.rejected, "row", "rows");
            text.push_str(&format!("Rejected {rows}: see {}\n", rejects.display()));
            for (line, reason) in &report.first_rejects {
                text.push_str(&format!("  line {line}: {reason}\n"));
            }
        }
        self.output.print(&report, &text)
    }

    /// Where bad rows go, which nobody must miss.
    fn rejects_file(&self, from_stdin: bool) -> Result<PathBuf, CliError> {
        let rejects = self.rejects.clone().unwrap_or_else(|| {
            let mut name = if from_stdin { "stdin".into() } else { self.file.clone().into_os_string() };
            name.push(".rejects.csv");
            PathBuf::from(name)
        });
        let (name, input) = (rejects.display(), if from_stdin { Path::new("/dev/stdin") } else { &self.file });
        // What is no file, such as /dev/null, loses nothing.
        if !rejects.is_file() {
            return Ok(rejects);
        }
        if is_same_file(&rejects, input) {
            return Err(CliError::Usage(format!("{name} is the file that is read: give another --rejects")));
        }
        let left_by_an_import = self.rejects.is_none() && import::is_rejects(&rejects);
        if !self.force && !left_by_an_import {
            return Err(CliError::Usage(format!("{name} exists: give another --rejects, or --force to replace it")));
        }
        Ok(rejects)
    }
}

/// A bar on a terminal, a plain line now and then otherwise.
pub struct Progress {
    bar: Option<ProgressBar>,
    total_bytes: Option<u64>,
    last_line: std::cell::Cell<Instant>,
}

const LINE_EVERY: Duration = Duration::from_secs(2);

impl Progress {
    /// Of a file of this size; `None` when nobody knows it.
    pub fn new(total_bytes: Option<u64>) -> Self {
        let template = if total_bytes.is_some() {
            "{bar:40} {percent:>3}%  {msg}  {eta} left"
        } else {
            "{spinner} {msg} in {elapsed}"
        };
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = total_bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            bar.with_style(style)
        });
        Self { bar, total_bytes, last_line: std::cell::Cell::new(Instant::now()) }
    }

    /// After each batch.
    pub fn show(&self, report: &ImportReport) {
        if let Some(bar) = &self.bar {
            bar.set_message(counted(report.rows, "row", "rows"));
            bar.set_position(report.bytes);
        } else if self.last_line.get().elapsed() >= LINE_EVERY {
            self.last_line.set(Instant::now());
            let percent = |total: u64| format!(" ({} %)", 100 * report.bytes / total.max(1));
            let percent = self.total_bytes.map(percent).unwrap_or_default();
            // Progress that nobody reads is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{} read{percent}", counted(report.rows, "row", "rows"));
        }
    }

    /// At the end.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
