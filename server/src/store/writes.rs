//! How work is handed to the threads that write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::result::QueryResult;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::oneshot;

use super::StorageError;
use super::health::Health;
use super::job::{Job, Task};
use super::overload::OverloadLog;
use super::queue::{Refused, Sender};
use crate::db::AnyConnection;

/// What is queued for a thread that writes.
pub enum Work<E> {
    /// For the next batch.
    Entry(E),
    /// By itself.
    Run(Box<dyn Job>),
}

/// Where work waits for a thread that writes.
pub struct WorkQueue<E> {
    pub(super) queue: Sender<Work<E>>,
    pub(super) queued: Gauge,
    pub(super) overload: Arc<OverloadLog>,
    pub(super) gathers: bool,
}

impl<E> Clone for WorkQueue<E> {
    fn clone(&self) -> Self {
        let (queue, queued, overload) = (self.queue.clone(), self.queued.clone(), Arc::clone(&self.overload));
        Self { queue, queued, overload, gathers: self.gathers }
    }
}

impl<E> WorkQueue<E> {
    /// Queues an entry of a batch.
    ///
    /// # Errors
    /// [`Refused`]; the entry is dropped.
    pub fn push(&self, entry: E) -> Result<(), Refused> {
        self.enqueue(Work::Entry(entry))
    }

    /// Whether its thread waits a moment for others who come at the same time.
    pub fn gathers(&self) -> bool {
        self.gathers
    }

    fn enqueue(&self, work: Work<E>) -> Result<(), Refused> {
        // Before it is queued: the thread may take it at once, and the depth must not be seen below zero.
        self.queued.inc();
        self.queue.push(work).inspect_err(|refused| {
            self.queued.dec();
            if *refused == Refused::Full {
                self.overload.note();
            }
        })
    }
}

/// A queue that takes jobs, whatever else it takes.
pub(super) trait JobQueue: Send + Sync {
    fn push_job(&self, job: Box<dyn Job>) -> Result<(), Refused>;

    fn close(&self);
}

impl<E: Send> JobQueue for WorkQueue<E> {
    fn push_job(&self, job: Box<dyn Job>) -> Result<(), Refused> {
        self.enqueue(Work::Run(job))
    }

    fn close(&self) {
        self.queue.close();
    }
}

/// Where to hand jobs, by what they are for; cheap to clone. On PostgreSQL each has a thread and a connection of its own, so
/// that none waits for another. On SQLite all lead to the thread that stores responses.
#[derive(Clone)]
pub struct WritesByPurpose {
    /// Leases of messages, and marks on them.
    pub leases: Writes,
    /// What staff and API change, and what follows from a response: short.
    pub decisions: Writes,
    /// What may take long: retention, the search index, imports.
    pub long: Writes,
    pub(super) health: Arc<Health>,
    /// Commits of batches.
    pub(super) commits: Arc<AtomicU64>,
    pub(super) capacity: usize,
}

impl WritesByPurpose {
    /// Whether what is written would be stored.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Most work that may wait for one thread.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many batches of responses were committed since the start.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Takes no more jobs.
    pub(super) fn close(&self) {
        for writes in [&self.leases, &self.decisions, &self.long] {
            writes.0.close();
        }
    }
}

/// Hands jobs to the thread that writes them; cheap to clone.
#[derive(Clone)]
pub struct Writes(pub(super) Arc<dyn JobQueue>);

impl Writes {
    /// Runs `write` in a transaction; returns after its commit. On SQLite it shares the commit of the responses that
    /// wait at that moment, on PostgreSQL it has a transaction of its own.
    ///
    /// # Errors
    /// [`StorageError`] from `write` or the commit, or when the queue is full; then nothing is changed.
    pub async fn run<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut AnyConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (reply, answer) = oneshot::channel();
        self.0.push_job(Box::new(Task::new(write, reply))).map_err(|refused| match refused {
            Refused::Full => StorageError::Unavailable("the queue to storage is full".to_owned()),
            Refused::Closed => unanswered(),
        })?;
        answer.await.map_err(|_| unanswered())?
    }

    /// Queues a job that waits for nothing.
    ///
    /// # Errors
    /// [`Refused`].
    #[cfg(test)]
    pub fn push(&self, job: Box<dyn Job>) -> Result<(), Refused> {
        self.0.push_job(job)
    }
}

/// What becomes of work whose thread is gone.
pub fn unanswered() -> StorageError {
    StorageError::Unavailable("the thread that writes ended before it answered".to_owned())
}
