//! Stores responses from a file.

mod mapping;
mod reader;
mod rejects;
mod row;
mod seen;

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use counterbell_shared::time::UnixMillis;
use counterbell_shared::{SurveyVersion, Touchpoint};
use serde::Serialize;

pub use mapping::{Field, Mapping};
use reader::{Batch, ReadSoFar, read};
pub use rejects::is_rejects;
pub use row::RowParser;

use crate::db::sites::Site;
use crate::db::{AnyConnection, dialect, purge};
use crate::ingest::{Record, Statements, Written};
use crate::sites::load_rules;

/// Batches that may be read before they can be stored.
const BATCHES_AHEAD: usize = 2;
/// SQLite: the share of a batch's time that the write lock is free afterwards.
const PAUSE_PART: u32 = 8;

/// How to read the file.
#[derive(Debug)]
pub struct ImportOptions {
    /// Which column holds what.
    pub mapping: Mapping,
    /// The survey the scores answer.
    pub survey: SurveyVersion,
    /// Touchpoint of rows that name none.
    pub touchpoint: Option<Touchpoint>,
    /// Check, but store nothing.
    pub dry_run: bool,
    /// Fire alert rules.
    pub alert: bool,
    /// Where bad rows go; nowhere when `None`.
    pub rejects: Option<PathBuf>,
}

/// What became of the rows.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Rows read.
    pub rows: u64,
    /// Rows that make a response.
    pub valid: u64,
    /// Responses stored.
    pub accepted: u64,
    /// Responses stored before.
    pub duplicate: u64,
    /// Bad rows.
    pub rejected: u64,
    /// Line and reason of the first few.
    pub first_rejects: Vec<(u64, String)>,
    /// Bytes of the file read so far.
    #[serde(skip)]
    pub bytes: u64,
}

impl ImportReport {
    fn count(&mut self, read: ReadSoFar) {
        (self.rows, self.valid, self.rejected, self.bytes) = (read.rows, read.valid, read.rejected, read.bytes);
    }
}

/// The import ended early; `Display` says what to do. What was stored stays: import again to go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A column that the mapping names is not in the file.
    #[error("the file has no column \"{column}\" (for {field}); it has: {known}")]
    NoColumn {
        /// The column.
        column: String,
        /// What it was to hold.
        field: &'static str,
        /// The columns there are.
        known: String,
    },
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Read(#[from] csv::Error),
    /// The site was deleted meanwhile.
    #[error("the site was deleted while the file was being imported")]
    NoSite,
    /// A row does not end.
    #[error("the row that begins in line {line} is longer than 1 MiB: look for a quotation mark that is not closed")]
    LongRow {
        /// Where.
        line: u64,
    },
    /// The rejects file cannot be written.
    #[error("cannot write {path}: {source}")]
    Rejects {
        /// The file.
        path: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// The database refused.
    #[error("the database refused: {0}; import the file again to go on")]
    Query(#[from] diesel::result::Error),
}

/// Reads `file` row by row and stores what is good, a few thousand rows at a time; `progress` is told after each batch.
///
/// # Errors
/// [`ImportError`].
pub fn import_csv(
    conn: &mut AnyConnection,
    site: &Site,
    file: impl Read + Send,
    options: &ImportOptions,
    progress: impl Fn(&ImportReport),
) -> Result<ImportReport, ImportError> {
    let statements = Statements::of(conn)?;
    let now = UnixMillis::now();
    let horizon = site.limits.retention_days.map_or(0, |days| purge::horizon(now, days));
    let kept_from = UnixMillis(purge::purged_before(conn, site.id)?.max(horizon));
    let rules = &if options.alert { load_rules(conn, site.id, None)? } else { Arc::default() };
    let (batches, read_batches) = sync_channel(BATCHES_AHEAD);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || read((site, rules), file, options, kept_from, &batches));
        let mut report = ImportReport::default();
        // An error here drops the channel, and so ends the reader.
        for Batch { records, read } in read_batches {
            if !options.dry_run && !records.is_empty() {
                store(conn, statements, &records, &mut report)?;
            }
            report.count(read);
            progress(&report);
        }
        let (read, first_rejects) = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        report.count(read);
        dialect::gather_statistics(conn, dialect::RESPONSE_TABLES, report.accepted)?;
        Ok(ImportReport { first_rejects, ..report })
    })
}

fn store(
    conn: &mut AnyConnection,
    statements: Statements,
    records: &[Record],
    report: &mut ImportReport,
) -> Result<(), ImportError> {
    let started = Instant::now();
    for outcome in statements.store(conn, &records.iter().collect::<Vec<_>>())? {
        match outcome? {
            Written::Accepted => report.accepted += 1,
            // Rows of a file have no revisions.
            Written::Duplicate | Written::Updated | Written::Closed => report.duplicate += 1,
            Written::NoSite => return Err(ImportError::NoSite),
        }
    }
    // SQLite's write lock goes to whoever asks at the right moment; a server beside us must find such moments.
    if matches!(conn, AnyConnection::Sqlite(_)) {
        std::thread::sleep(started.elapsed() / PAUSE_PART);
    }
    Ok(())
}
