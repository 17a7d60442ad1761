//! Stores responses from a file.

mod mapping;
mod rejects;
mod row;

use std::io::Read;
use std::path::PathBuf;

use counterbell_shared::time::UnixMillis;
use counterbell_shared::{Outcome, Survey, Touchpoint};
use serde::Serialize;

pub use mapping::{Field, Mapping};
use rejects::Rejects;
pub use row::RowParser;

use crate::db::AnyConnection;
use crate::db::sites::Site;
use crate::ingest::{Record, store_batch};

/// Rows of one transaction.
const BATCH: usize = 500;
/// Rejected rows named in the report itself; the rest are in the rejects file.
const FIRST_REJECTS: usize = 5;

/// How to read the file.
#[derive(Debug)]
pub struct ImportOptions {
    /// Which column holds what.
    pub mapping: Mapping,
    /// The survey the scores answer.
    pub survey: &'static Survey,
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

/// Reads `file` row by row and stores what is good, a few hundred rows at a time; `progress` is told after each batch.
///
/// # Errors
/// [`ImportError`].
pub fn import_csv(
    conn: &mut AnyConnection,
    site: &Site,
    file: impl Read,
    options: &ImportOptions,
    progress: impl Fn(&ImportReport),
) -> Result<ImportReport, ImportError> {
    let mut reader = csv::ReaderBuilder::new().from_reader(file);
    let header = reader.byte_headers()?.clone();
    let mut parser = RowParser::new(site, options, &header)?;
    let mut rejects = options.rejects.clone().map(|path| Rejects::new(path, &header));
    let mut report = ImportReport::default();
    let mut batch = Vec::with_capacity(BATCH);
    let mut row = csv::ByteRecord::new();
    loop {
        let line = reader.position().line();
        let parsed = match reader.read_byte_record(&mut row) {
            Ok(false) => break,
            Ok(true) => parser.parse(&row),
            // A row with too few or too many columns is a bad row; a file that cannot be read is no row at all.
            Err(error) => match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    Err(format!("has {len} columns instead of {expected_len}"))
                }
                _ => return Err(error.into()),
            },
        };
        // After a quoted line break the reader stands at the row's end; the row itself knows where it began.
        let line = row.position().map_or(line, csv::Position::line);
        report.rows += 1;
        report.bytes = reader.position().byte();
        match parsed {
            Ok(response) => {
                report.valid += 1;
                let record = Record::new(site, response, UnixMillis::now());
                batch.push(if options.alert { record } else { record.without_alerts() });
            }
            Err(reason) => {
                report.rejected += 1;
                if let Some(rejects) = &mut rejects {
                    rejects.write(line, &reason, &row)?;
                }
                if report.first_rejects.len() < FIRST_REJECTS {
                    report.first_rejects.push((line, reason));
                }
            }
        }
        if batch.len() == BATCH {
            store(conn, &mut batch, options, &mut report)?;
            progress(&report);
        }
    }
    store(conn, &mut batch, options, &mut report)?;
    if let Some(rejects) = rejects {
        rejects.finish()?;
    }
    progress(&report);
    Ok(report)
}

fn store(
    conn: &mut AnyConnection,
    batch: &mut Vec<Record>,
    options: &ImportOptions,
    report: &mut ImportReport,
) -> Result<(), ImportError> {
    if !options.dry_run && !batch.is_empty() {
        for outcome in store_batch(conn, &batch.iter().collect::<Vec<_>>())? {
            match outcome {
                Outcome::Accepted => report.accepted += 1,
                Outcome::Duplicate => report.duplicate += 1,
            }
        }
    }
    batch.clear();
    Ok(())
}
