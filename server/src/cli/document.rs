//! Documents that commands are handed.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use counterbell_shared::problem::FieldError;

use super::CliError;

/// A file, or standard input.
pub struct Document {
    /// For messages.
    pub name: String,
    /// What is in it; one byte more than allowed when there is more.
    pub text: String,
}

impl Document {
    /// Reads `file`, or standard input when that is `-`.
    ///
    /// # Errors
    /// One that names the file.
    pub fn read(file: &Path, max_bytes: usize) -> Result<Self, CliError> {
        let from_stdin = file.as_os_str() == "-";
        let name = if from_stdin { "standard input".to_owned() } else { file.display().to_string() };
        // One byte more than is allowed tells that there are too many.
        let most = u64::try_from(max_bytes).unwrap_or(u64::MAX) + 1;
        let mut text = String::new();
        let read = if from_stdin {
            std::io::stdin().take(most).read_to_string(&mut text)
        } else {
            File::open(file).and_then(|file| file.take(most).read_to_string(&mut text))
        };
        read.map_err(|error| CliError::Usage(format!("cannot read {name}: {error}")))?;
        Ok(Self { name, text })
    }

    /// The document is not a valid `what`.
    pub fn wrong(&self, what: &str, errors: &[FieldError]) -> CliError {
        let one = |error: &FieldError| format!("{} {}", error.pointer, error.detail).trim_start().to_owned();
        let errors: Vec<_> = errors.iter().map(one).collect();
        CliError::Usage(format!("{} is not a valid {what}: {}", self.name, errors.join("; ")))
    }
}
