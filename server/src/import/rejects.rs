//! Rows that were not stored, with line and reason.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::ImportError;

/// How a rejects file begins.
const BEGINNING: &[u8] = b"line,reason,";

/// Whether `path` is a file that an earlier import wrote.
pub fn is_rejects(path: &Path) -> bool {
    let mut beginning = [0; BEGINNING.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut beginning)).is_ok() && beginning == *BEGINNING
}

/// Made with its first row: a good import leaves no empty file behind.
pub struct Rejects {
    path: PathBuf,
    header: csv::ByteRecord,
    writer: Option<csv::Writer<File>>,
}

impl Rejects {
    pub fn new(path: PathBuf, header: &csv::ByteRecord) -> Self {
        Self { path, header: header.clone(), writer: None }
    }

    /// The row as it was, behind its line and the reason.
    pub fn write(&mut self, line: u64, reason: &str, row: &csv::ByteRecord) -> Result<(), ImportError> {
        let (path, header) = (&self.path, &self.header);
        let fail = |source| ImportError::Rejects { path: path.clone(), source };
        if self.writer.is_none() {
            // A row may have the wrong number of columns: that is why it is here.
            let mut writer = csv::WriterBuilder::new().flexible(true).from_path(path).map_err(fail)?;
            write_row(&mut writer, b"line", b"reason", header).map_err(fail)?;
            self.writer = Some(writer);
        }
        match &mut self.writer {
            Some(writer) => write_row(writer, line.to_string().as_bytes(), reason.as_bytes(), row).map_err(fail),
            None => Ok(()),
        }
    }

    pub fn finish(self) -> Result<(), ImportError> {
        let Self { path, writer, .. } = self;
        writer.map_or(Ok(()), |mut writer| {
            writer.flush().map_err(|error| ImportError::Rejects { path, source: error.into() })
        })
    }
}

fn write_row(writer: &mut csv::Writer<File>, line: &[u8], reason: &[u8], row: &csv::ByteRecord) -> csv::Result<()> {
    writer.write_record([line, reason].into_iter().chain(row.iter()))
}
