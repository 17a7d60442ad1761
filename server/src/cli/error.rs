//! What a command can fail with; each prints as one readable line.

use crate::config::ConfigError;
use crate::db::OpenError;
use crate::db::distributed::DistributeError;
use crate::db::revert::RevertError;
use crate::import::ImportError;
use crate::startup::ServeError;
use crate::store::StorageError;
use crate::transfer::TransferError;

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A database that cannot be spread over machines.
    #[error(transparent)]
    Distribute(#[from] DistributeError),
    /// A migration that is not taken back.
    #[error(transparent)]
    Revert(#[from] RevertError),
    /// The database refused.
    #[error("the database refused: {0}")]
    Query(#[from] diesel::result::Error),
    /// The database, or the search index beside it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// An import.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A copy, a backup or a restore.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The system.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// What was asked for does not exist or makes no sense; the text says what to do.
    #[error("{0}")]
    Usage(String),
}
