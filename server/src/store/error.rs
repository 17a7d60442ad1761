//! Why storage did not do what was asked.

use std::sync::Arc;

use tokio::task::JoinError;

use super::unavailable::is_unavailable;
use crate::panics::{self, Panicked, Place};

/// Storage could not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StorageError {
    /// The database does not answer, or has no free connection in time. Try again.
    #[error("storage is not available: {0}")]
    Unavailable(String),
    /// Too many wait for it already. Try again.
    #[error("too many wait for the database")]
    Busy,
    /// The query failed.
    #[error(transparent)]
    Query(Arc<diesel::result::Error>),
    /// A fault of ours. Trying again will hardly help.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

impl StorageError {
    /// Whether the database is away, or has no time: nothing is wrong with what was asked.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy)
    }

    /// What becomes of `work` that was done on a thread where it may block, and could not be waited for.
    pub(crate) fn of_task(place: Place, error: &JoinError) -> Self {
        if error.is_panic() {
            Self::Panicked(panics::note(place))
        } else {
            Self::Unavailable("the server is stopping".to_owned())
        }
    }

    /// The same, for somebody else whose work it ended.
    pub(crate) fn repeated(&self) -> Self {
        match self {
            Self::Query(error) => Self::Unavailable(error.to_string()),
            other => other.clone(),
        }
    }
}

impl From<diesel::result::Error> for StorageError {
    fn from(error: diesel::result::Error) -> Self {
        if is_unavailable(&error) { Self::Unavailable(error.to_string()) } else { Self::Query(Arc::new(error)) }
    }
}
