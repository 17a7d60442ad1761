//! From a file to batches of records, on a thread of its own: while one batch is stored the next is read.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use counterbell_shared::time::UnixMillis;

use super::rejects::Rejects;
use super::row::RowParser;
use super::{ImportError, ImportOptions};
use crate::counted::counted;
use crate::db::sites::Site;
use crate::ingest::{Record, SILENCE_MS};
use crate::rules::RuleSet;

/// Rows of one transaction. More gain nothing; a server beside us waits for each to end.
pub const BATCH: usize = 2_000;
/// Read from the file at once.
const BUFFER_BYTES: usize = 64 * 1024;
/// Longest row: many times what a response can hold. A quotation mark that is not closed makes one row of all that follows.
const ROW_MAX_BYTES: usize = 1024 * 1024;
/// Rejected rows named in the report itself; the rest are in the rejects file.
const FIRST_REJECTS: usize = 5;

/// What was read so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadSoFar {
    /// Rows.
    pub rows: u64,
    /// Rows that make a response.
    pub valid: u64,
    /// Rows that make none.
    pub rejected: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Good rows, in the order of the file.
pub struct Batch {
    /// At most [`BATCH`].
    pub records: Vec<Record>,
    /// These included.
    pub read: ReadSoFar,
}

/// Reads the file to its end, or until nobody takes batches any more; all that was read, and line and reason of the
/// first few bad rows. A response created before `kept_from` is a bad row; `rules` are to fire for the good ones.
///
/// # Errors
/// The file cannot be read, lacks a column, or the rejects file cannot be written.
pub fn read(
    (site, rules): (&Site, &Arc<RuleSet>),
    file: impl Read,
    options: &ImportOptions,
    kept_from: UnixMillis,
    batches: &SyncSender<Batch>,
) -> Result<(ReadSoFar, Vec<(u64, String)>), ImportError> {
    let row_bytes = Rc::new(Cell::new(0));
    let file = LimitedRows { file, row_bytes: Rc::clone(&row_bytes) };
    let mut reader = csv::ReaderBuilder::new().buffer_capacity(BUFFER_BYTES).from_reader(file);
    let failed = |error: csv::Error, line: u64| {
        if is_too_long(row_bytes.get()) { ImportError::LongRow { line } } else { error.into() }
    };
    let header = reader.byte_headers().map_err(|error| failed(error, 1))?.clone();
    let mut parser = RowParser::new(site, options, kept_from, &header)?;
    let mut rejects = options.rejects.clone().map(|path| Rejects::new(path, &header));
    let mut first_rejects = Vec::new();
    let mut read = ReadSoFar::default();
    let mut records = Vec::with_capacity(BATCH);
    let mut row = csv::ByteRecord::new();
    loop {
        let line = reader.position().line();
        row_bytes.set(0);
        let parsed = match reader.read_byte_record(&mut row) {
            Ok(false) => break,
            Ok(true) => parser.parse(&row),
            // A row with too few or too many columns is a bad row; a file that cannot be read is no row at all.
            Err(error) => match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    Err(format!("has {} instead of {expected_len}", counted(*len, "column", "columns")))
                }
                _ => return Err(failed(error, line)),
            },
        };
        // After a quoted line break the reader stands at the row's end; the row itself knows where it began.
        let line = row.position().map_or(line, csv::Position::line);
        read.rows += 1;
        read.bytes = reader.position().byte();
        match parsed {
            Ok(response) => {
                read.valid += 1;
                records.push(Record::new(site, rules, response, UnixMillis::now(), SILENCE_MS));
            }
            Err(reason) => {
                read.rejected += 1;
                if let Some(rejects) = &mut rejects {
                    rejects.write(line, &reason, &row)?;
                }
                if first_rejects.len() < FIRST_REJECTS {
                    first_rejects.push((line, reason));
                }
            }
        }
        if records.len() == BATCH {
            let records = std::mem::replace(&mut records, Vec::with_capacity(BATCH));
            if batches.send(Batch { records, read }).is_err() {
                return Ok((read, first_rejects));
            }
        }
    }
    if let Some(rejects) = rejects {
        rejects.finish()?;
    }
    // Nobody to take it: they failed, and say so themselves.
    let _ = batches.send(Batch { records, read });
    Ok((read, first_rejects))
}

/// A file that is read only as long as its rows end.
struct LimitedRows<R> {
    file: R,
    /// Read since the last row ended.
    row_bytes: Rc<Cell<usize>>,
}

impl<R: Read> Read for LimitedRows<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if is_too_long(self.row_bytes.get()) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let bytes = self.file.read(buffer)?;
        self.row_bytes.set(self.row_bytes.get() + bytes);
        Ok(bytes)
    }
}

/// What was read last may be of the rows that follow.
fn is_too_long(row_bytes: usize) -> bool {
    row_bytes > ROW_MAX_BYTES + BUFFER_BYTES
}
