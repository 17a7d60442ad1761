//! Why a database could not be copied, backed up or restored.

use std::path::PathBuf;

use crate::db::OpenError;

/// `Display` is one readable line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// A database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A database refused.
    #[error("the database refused: {0}")]
    Query(#[from] diesel::result::Error),
    /// The system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A file cannot be read, made or put in its place.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What was asked for would destroy something, or makes no sense; the text says what to do.
    #[error("{0}")]
    Refused(String),
    /// Afterwards the two are not alike.
    #[error("{table}: {detail}; run the command again, and report it if that does not help")]
    Differs {
        /// Where.
        table: &'static str,
        /// How.
        detail: String,
    },
}

impl TransferError {
    /// As `map_err` takes it.
    pub(super) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }
}
