//! What tells that a backup is what it was when it was made.
//!
//! SQLite reads no further than the last page its header counts, so a line behind it does no harm and goes wherever the
//! file goes. A table could not hold the digest of the header, or of the table itself. See docs/adr/0014.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::TransferError;

/// What the line begins with. 64 hexadecimal digits and the end of the line follow.
const BEGINNING: &str = "\nCounterbell backup. SHA-256 of all that stands before this line: ";
/// Bytes of the whole line.
const LINE_BYTES: u64 = BEGINNING.len() as u64 + 65;
/// Pages of SQLite are multiples of this, so a file that is none has something behind its last page.
const SMALLEST_PAGE_BYTES: u64 = 512;
const _: () = assert!(!LINE_BYTES.is_multiple_of(SMALLEST_PAGE_BYTES));

/// What a backup's checksum says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Checksum {
    /// Every byte is as it was written.
    Right,
    /// There is none: an older version made it, or another program.
    Missing,
}

/// Writes the line behind the last page.
///
/// # Errors
/// What the system says.
pub(super) fn append(path: &Path) -> Result<(), TransferError> {
    let append = || {
        let mut file = File::options().read(true).append(true).open(path)?;
        let bytes = file.metadata()?.len();
        let line = line(&mut file, bytes)?;
        file.write_all(line.as_bytes())
    };
    append().map_err(TransferError::file(path))
}

/// Reads every byte.
///
/// # Errors
/// [`TransferError::Refused`] when any is not as it was written.
pub(super) fn check(path: &Path) -> Result<Checksum, TransferError> {
    let read = || {
        let mut file = File::open(path)?;
        let bytes = file.metadata()?.len();
        if bytes.is_multiple_of(SMALLEST_PAGE_BYTES) {
            return Ok(Some(Checksum::Missing));
        }
        let Some(before) = bytes.checked_sub(LINE_BYTES) else { return Ok(None) };
        let expected = line(&mut file, before)?;
        let mut found = String::new();
        // What is no text is no line either.
        let is_text = file.read_to_string(&mut found).is_ok();
        Ok((is_text && found == expected).then_some(Checksum::Right))
    };
    read().map_err(TransferError::file(path))?.ok_or_else(|| {
        let name = path.display();
        TransferError::Refused(format!(
            "{name} is not as it was written, or no backup: its checksum is another; nothing was changed, use another backup"
        ))
    })
}

/// Copies the database without the line.
///
/// # Errors
/// What the system says.
pub(super) fn copy_database(from: &Path, to: &Path, checksum: Checksum) -> Result<(), TransferError> {
    // Not `fs::copy`, which takes the mode along: a backup may be read-only, or open to all.
    let source = File::open(from).map_err(TransferError::file(from))?;
    let all = source.metadata().map_err(TransferError::file(from))?.len();
    let bytes = if checksum == Checksum::Right { all - LINE_BYTES } else { all };
    let copy = || io::copy(&mut source.take(bytes), &mut File::create(to)?);
    copy().map(drop).map_err(TransferError::file(to))
}

/// The line of a file whose first `bytes` are the database; the file is read up to there.
fn line(file: &mut File, bytes: u64) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut left = (&mut *file).take(bytes);
    loop {
        match left.read(&mut buffer)? {
            0 => break,
            read => digest.update(&buffer[..read]),
        }
    }
    let mut line = BEGINNING.to_owned();
    for byte in digest.finalize() {
        // Writing to a String cannot fail.
        let _ = write!(line, "{byte:02x}");
    }
    line.push('\n');
    Ok(line)
}
