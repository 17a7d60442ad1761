//! Where responses are handed to the thread that stores them.

use std::sync::atomic::{AtomicBool, Ordering};

use counterbell_shared::{Outcome, ResponseId};
use tokio::sync::oneshot;

use super::batch::Waiting;
use super::daily_cap::DailyCaps;
use super::record::Record;
use super::store::Written;
use crate::store::{Refused, StorageError, WorkQueue, unanswered};

/// Why a response was not stored. The client keeps it and tries again with the same `response_id`.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The queue is full.
    #[error("the queue to storage is full")]
    QueueFull,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// What is stored under the response's id takes nothing more. Sending it again will not help.
    #[error("the response takes nothing more")]
    Closed,
    /// The site was deleted while the response waited.
    #[error("the site was deleted")]
    NoSite,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What became of a response, after the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The id it is stored under.
    pub response_id: ResponseId,
    /// Accepted, updated or duplicate.
    pub outcome: Outcome,
}

/// What the operator decides about responses.
#[derive(Clone, Copy, Debug)]
pub struct IngestSettings {
    /// How long ago, in ms, a response that is sent may say it was given.
    pub backdate_ms: i64,
    /// How long an alert about a response that is not complete waits for the customer to go on, in ms.
    pub silence_ms: i64,
    /// How long after its first step a response that is not complete may be replaced, in ms.
    pub revisable_ms: i64,
    /// Whether anything is stored at all; only not as a floor to measure against.
    #[cfg(feature = "bench")]
    pub stores: bool,
}

/// Takes responses.
pub struct Ingest {
    queue: WorkQueue<Box<Waiting>>,
    stopping: AtomicBool,
    /// How much one site takes a day.
    pub daily_caps: DailyCaps,
    /// What the operator decides.
    pub settings: IngestSettings,
}

impl Ingest {
    /// Hands responses over by `queue`.
    pub fn new(queue: WorkQueue<Box<Waiting>>, settings: IngestSettings) -> Self {
        Self { queue, stopping: AtomicBool::new(false), daily_caps: DailyCaps::default(), settings }
    }

    /// From now on every new response is refused; what is queued is still committed.
    pub fn stop_accepting(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether [`Self::stop_accepting`] was called.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Stores a record; returns after the commit.
    ///
    /// # Errors
    /// [`IngestError`]; the record may be sent again.
    pub async fn store(&self, record: Record) -> Result<Stored, IngestError> {
        if self.is_stopping() {
            return Err(IngestError::Stopping);
        }
        let response_id = record.response_id();
        #[cfg(feature = "bench")]
        if !self.settings.stores {
            return Ok(Stored { response_id, outcome: Outcome::Accepted });
        }
        let (waiter, answer) = oneshot::channel();
        if self.queue.gathers() {
            // What else this thread has received by now is queued in the same moment.
            tokio::task::yield_now().await;
        }
        self.queue.push(Box::new(Waiting { record, waiter })).map_err(|refused| match refused {
            Refused::Full => IngestError::QueueFull,
            Refused::Closed => IngestError::Storage(unanswered()),
        })?;
        let outcome = match answer.await.map_err(|_| unanswered())?? {
            Written::Accepted => Outcome::Accepted,
            Written::Updated => Outcome::Updated,
            Written::Duplicate => Outcome::Duplicate,
            Written::Closed => return Err(IngestError::Closed),
            Written::NoSite => return Err(IngestError::NoSite),
        };
        Ok(Stored { response_id, outcome })
    }
}
