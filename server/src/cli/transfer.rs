//! `counterbell backup`, `restore` and `copy`.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::CliError;
use super::output::{OutputArgs, tell};
use crate::config::{CommonSettings, ConfigError};
use crate::counted::counted;
use crate::db::DatabaseUrl;
use crate::db::url::InvalidDatabaseUrl;
use crate::transfer::{self, Checksum, CopyOptions, CopyProgress};

/// Write everything the database holds to one file, while the server goes on
///
/// The file is an SQLite database whatever the database is, as it was at one moment. It is written under another name,
/// checked, and put in its place only when it is whole. It holds all customers' words: keep it as safe as the database.
#[derive(Args)]
pub struct BackupArgs {
    /// File to write
    file: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

/// Put a backup in the place of the database
///
/// The database may be SQLite or PostgreSQL, whichever the backup was made of. It must be empty, or --force replaces
/// everything in it. The server must be stopped. Every byte of the backup is checked before and the database after; a
/// failure leaves the database as it was. Run it as the user the server runs as.
#[derive(Args)]
pub struct RestoreArgs {
    /// Backup to read
    file: PathBuf,
    /// Replace everything the database holds
    #[arg(long)]
    force: bool,
    /// Check the backup and print what it holds, but restore nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

/// Make one database equal to another, such as to move from SQLite to PostgreSQL
///
/// Example: counterbell copy --from sqlite:data/counterbell.db --to postgres://user@host/counterbell
///
/// It compares range by range and writes only what differs: stopped, it goes on where it was, and a second run verifies
/// the first. The target must be empty or an earlier copy. To move with little downtime, copy while the server runs,
/// stop it, copy again (which is quick), and start it on the target.
#[derive(Args)]
pub struct CopyArgs {
    /// Database to read, such as sqlite:data/counterbell.db
    #[arg(long, value_name = "URL")]
    from: String,
    /// Database to write, such as postgres://user@host:5432/database
    #[arg(long, value_name = "URL")]
    to: String,
    /// Compare and report, but write no rows (the target's schema is made, or brought up to date); ends with status 1 when they
    /// differ
    #[arg(long)]
    dry_run: bool,
    /// Remove rows only the target has, such as those deleted in the source since an earlier copy
    #[arg(long)]
    delete_extra: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl BackupArgs {
    pub fn run(self) -> Result<(), CliError> {
        let url = self.common.database_url()?;
        let mut progress = Progress::new();
        let report = transfer::backup(&url, &self.file, self.force, &mut |at| progress.show(at))?;
        progress.finish();
        let text = format!("Wrote and checked {}, {} bytes\n{}", self.file.display(), report.bytes, rows(&report.rows));
        self.output.print(&report, &text)
    }
}

impl RestoreArgs {
    pub fn run(self) -> Result<(), CliError> {
        let mut progress = Progress::new();
        if self.dry_run {
            let found = transfer::inspect(&self.file, &mut |at| progress.show(at))?;
            progress.finish();
            warn_of_checksum(&self.file, found.checksum);
            let text = format!("{} can be restored\n{}", self.file.display(), rows(&found.rows));
            return self.output.print(&found, &text);
        }
        let url = self.common.database_url()?;
        let report = transfer::restore(&self.file, &url, self.force, &mut |at| progress.show(at))?;
        progress.finish();
        warn_of_checksum(&self.file, report.checksum);
        let mut text = format!("Restored {url} from {}\n{}", self.file.display(), rows(&report.rows));
        if report.awaiting_triage > 0 {
            text.push_str(&format!(
                "{} for triage when the backup was made: `serve` decides who is told, some perhaps for the second time.\n",
                counted(report.awaiting_triage, "response waited", "responses waited")
            ));
        }
        if report.pending_messages > 0 {
            text.push_str(&format!(
                "{} still to be delivered when the backup was made, which `serve` does, perhaps for the second time.\n",
                counted(report.pending_messages, "message was", "messages were")
            ));
        }
        self.output.print(&report, &text)
    }
}

/// Said whatever else is printed: damage inside a page's texts shows in nothing else.
fn warn_of_checksum(file: &Path, checksum: Checksum) {
    if checksum == Checksum::Missing {
        tell(&format!(
            "warning: {} has no checksum, as an older version made them: its pages were checked, but not every byte",
            file.display()
        ));
    }
}

fn rows(counts: &BTreeMap<&'static str, i64>) -> String {
    let line = |(table, rows): (_, &i64)| format!("  {table:<16} {:>17}\n", counted(*rows, "row ", "rows"));
    counts.iter().map(line).collect()
}

impl CopyArgs {
    pub fn run(self) -> Result<(), CliError> {
        let options = CopyOptions { dry_run: self.dry_run, delete_extra: self.delete_extra };
        let (from, to) = (database("--from", &self.from)?, database("--to", &self.to)?);
        let mut progress = Progress::new();
        let reports = transfer::copy_between(&from, &to, options, &mut |at| progress.show(at))?;
        progress.finish();
        let equal = reports.iter().all(transfer::TableReport::is_equal);
        let will = if self.dry_run { "to be " } else { "" };
        let mut text = String::new();
        for report in &reports {
            text.push_str(&format!(
                "{:<16} {:>15} {:>10} equal {:>10} {will}inserted {:>7} {will}updated {:>7} {will}deleted  {:.12}\n",
                report.table,
                counted(report.rows, "row ", "rows"),
                report.equal,
                report.inserted,
                report.updated,
                report.deleted,
                report.sha256
            ));
        }
        text.push_str(match (equal, self.dry_run) {
            (true, _) => "The databases already match.\n",
            (false, true) => "The databases differ.\n",
            (false, false) => "Both are equal now.\n",
        });
        self.output.print(&json!({"equal": equal || !self.dry_run, "tables": reports}), &text)?;
        let differ = || CliError::Usage("the databases differ: run it again without --dry-run".to_owned());
        if self.dry_run && !equal { Err(differ()) } else { Ok(()) }
    }
}

/// Not left to clap, which would quote a URL with its password.
fn database(setting: &'static str, url: &str) -> Result<DatabaseUrl, ConfigError> {
    url.parse().map_err(|error: InvalidDatabaseUrl| ConfigError::Invalid { setting, reason: error.to_string() })
}

/// A bar on a terminal, a plain line now and then otherwise.
struct Progress {
    bar: Option<ProgressBar>,
    last_line: Instant,
}

const LINE_EVERY: Duration = Duration::from_secs(2);

impl Progress {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}  {eta} left");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, last_line: Instant::now() }
    }

    fn show(&mut self, at: CopyProgress) {
        let (done, total) = (u64::try_from(at.done).unwrap_or(0), u64::try_from(at.total).unwrap_or(0));
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_message(at.table);
            bar.set_position(done);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            // Progress that nobody reads is no reason to stop.
            let _ = match (100 * done).checked_div(total) {
                Some(percent) => writeln!(std::io::stderr(), "{} ({percent} %)", at.table),
                None => writeln!(std::io::stderr(), "{}", at.table),
            };
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
