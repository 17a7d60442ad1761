//! The one thread that writes, and how work is handed to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use counterbell_shared::{Outcome, ResponseId};
use diesel::result::QueryResult;
use tokio::sync::{Notify, oneshot};

use super::health::Health;
use super::job::{Job, Task};
use super::overload::OverloadLog;
use super::queue::{Receiver, Refused, Sender, queue};
use super::record::Record;
use super::store::Written;
use super::write_connection::WriteConnection;
use super::writer_thread::WriterThread;
use crate::background::Foreground;
use crate::db::{AnyConnection, DatabaseUrl, StorageError};
use crate::metrics::WriterMetrics;
use crate::panics::Place;

/// Most responses in one transaction: enough to share a commit, few enough to keep it short.
const BATCH_MAX: usize = 512;
/// How often a connection to PostgreSQL is looked at while nothing comes: it may have been cut since, or the database be
/// away, and whoever comes next would be the first to know.
const LOOK_EVERY: Duration = Duration::from_secs(5);

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

/// Who is told after a commit that there is something to do.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Messages are in the outbox.
    pub outbox_filled: Arc<Notify>,
    /// Comments are to be indexed for search.
    pub comments_queued: Arc<Notify>,
}

/// How the writer works.
#[derive(Clone, Copy, Debug)]
pub struct WriterSettings {
    /// Most records waiting; one more is refused.
    pub queue_capacity: usize,
    /// Most records of one commit.
    pub batch_max: usize,
    /// Whether anything is stored at all; only not as a floor to measure against.
    #[cfg(feature = "bench")]
    pub stores: bool,
}

impl WriterSettings {
    /// As it is for use.
    pub const fn new(queue_capacity: usize) -> Self {
        Self {
            queue_capacity,
            batch_max: BATCH_MAX,
            #[cfg(feature = "bench")]
            stores: true,
        }
    }
}

/// A thread that writes cannot go on: whatever it does ends by a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be stored any more: every try ends by a panic, a fault of Counterbell's; the log says where")]
pub struct WriterFailed;

/// What is queued for a thread that writes.
pub(super) enum Work {
    /// Boxed: it is moved several times.
    Store(Box<Waiting>),
    Run(Box<dyn Job>),
}

/// A record, and who waits for its commit.
pub(super) struct Waiting {
    pub record: Record,
    pub waiter: oneshot::Sender<Result<Written, StorageError>>,
}

/// Hands work to the writer; cheap to clone.
#[derive(Clone)]
pub struct WriterHandle {
    queue: Sender<Work>,
    /// The same queue on SQLite, another one on PostgreSQL.
    pub(super) jobs: Sender<Work>,
    stopping: Arc<AtomicBool>,
    stored: Arc<AtomicU64>,
    #[cfg(feature = "bench")]
    stores: bool,
    /// Whether the writer waits for a usual batch.
    gathers: bool,
    metrics: WriterMetrics,
    overload: Arc<OverloadLog>,
    health: Arc<Health>,
}

/// The threads themselves; [`Writer::join`] ends them.
pub struct Writer {
    threads: Vec<JoinHandle<Result<(), WriterFailed>>>,
    handle: WriterHandle,
    failed: Arc<Notify>,
}

impl Writer {
    /// Starts the thread on a connection whose schema is up to date; it joins `foreground`. `signals` are given after
    /// each commit that made work.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start(
        conn: AnyConnection,
        url: DatabaseUrl,
        settings: WriterSettings,
        signals: Signals,
        metrics: WriterMetrics,
        foreground: Foreground,
    ) -> std::io::Result<Self> {
        let (to_writer, work) = queue(settings.queue_capacity);
        let mut handle = WriterHandle {
            jobs: to_writer.clone(),
            queue: to_writer,
            stopping: Arc::default(),
            stored: Arc::default(),
            #[cfg(feature = "bench")]
            stores: settings.stores,
            gathers: gathers(&url),
            metrics: metrics.clone(),
            overload: Arc::default(),
            health: Arc::default(),
        };
        let thread = |conn, place| WriterThread {
            connection: WriteConnection::new(conn, url.clone(), place),
            signals: signals.clone(),
            stored: Arc::clone(&handle.stored),
            metrics: metrics.clone(),
            batch_max: settings.batch_max,
            gathers: handle.gathers,
            place,
            health: (place == Place::Writer).then(|| Arc::clone(&handle.health)),
            looks_every: (place == Place::Writer && matches!(url, DatabaseUrl::Postgres(_))).then_some(LOOK_EVERY),
            tried_at: Instant::now(),
        };
        let failed = Arc::<Notify>::default();
        let writer = thread(Some(conn), Place::Writer);
        let beside = matches!(url, DatabaseUrl::Postgres(_)).then(|| thread(None, Place::Jobs));
        let mut threads = Vec::new();
        if let Some(beside) = beside {
            // Messages are marked and leased beside ingest, not between its batches.
            let (jobs, work) = queue(settings.queue_capacity);
            handle.jobs = jobs;
            threads.push(spawn(beside, work, &failed, || {})?);
        }
        threads.push(spawn(writer, work, &failed, move || foreground.join())?);
        Ok(Self { threads, handle, failed })
    }

    /// To hand it work.
    pub fn handle(&self) -> WriterHandle {
        self.handle.clone()
    }

    /// Completes when a thread cannot go on: then the server is of no use any more.
    pub fn failed(&self) -> impl Future<Output = ()> + use<> {
        let failed = Arc::clone(&self.failed);
        async move { failed.notified().await }
    }

    /// Waits until all that was queued is committed, and ends the threads.
    ///
    /// # Errors
    /// [`WriterFailed`], when one could not go on.
    pub fn join(self) -> Result<(), WriterFailed> {
        self.handle.stop_accepting();
        self.handle.queue.close();
        self.handle.jobs.close();
        let ended: Vec<_> = self.threads.into_iter().map(|thread| thread.join().unwrap_or(Err(WriterFailed))).collect();
        ended.into_iter().collect()
    }
}

impl WriterHandle {
    /// From now on every new response is refused; what is queued is still committed.
    pub fn stop_accepting(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether [`Self::stop_accepting`] was called.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Whether a response would be stored.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// How many responses were stored or replaced since the start.
    pub fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
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
        if !self.stores {
            return Ok(Stored { response_id, outcome: Outcome::Accepted });
        }
        let (reply, answer) = oneshot::channel();
        if self.gathers {
            // What else this thread has received by now is queued in the same moment.
            tokio::task::yield_now().await;
        }
        self.enqueue(&self.queue, Work::Store(Box::new(Waiting { record, waiter: reply })))?;
        let outcome = match answer.await.map_err(|_| unanswered())?? {
            Written::Accepted => Outcome::Accepted,
            Written::Updated => Outcome::Updated,
            Written::Duplicate => Outcome::Duplicate,
            Written::Closed => return Err(IngestError::Closed),
            Written::NoSite => return Err(IngestError::NoSite),
        };
        Ok(Stored { response_id, outcome })
    }

    fn enqueue(&self, queue: &Sender<Work>, work: Work) -> Result<(), IngestError> {
        // Before it is queued: the writer may take it at once, and the depth must not be seen below zero.
        self.metrics.queued.inc();
        queue.push(work).map_err(|refused| {
            self.metrics.queued.dec();
            match refused {
                Refused::Full => {
                    self.overload.note();
                    IngestError::QueueFull
                }
                Refused::Closed => IngestError::Storage(unanswered()),
            }
        })
    }

    /// Runs `write` in a transaction; returns after its commit. On SQLite it shares the commit of the responses that
    /// wait at that moment, on PostgreSQL it has a connection of its own.
    ///
    /// # Errors
    /// [`StorageError`] from `write` or the commit, or when the queue is full; then nothing is changed.
    pub async fn run<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut AnyConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(&self.jobs, Work::Run(Box::new(Task::new(write, reply)))).map_err(|error| match error {
            IngestError::Storage(error) => error,
            full => StorageError::Unavailable(full.to_string()),
        })?;
        answer.await.map_err(|_| unanswered())?
    }
}

/// Whether to wait for a usual batch. PostgreSQL commits in a process of its own while the next batch comes in: there,
/// waiting only made it slower.
const fn gathers(url: &DatabaseUrl) -> bool {
    matches!(url, DatabaseUrl::Sqlite(_))
}

fn unanswered() -> StorageError {
    StorageError::Unavailable("the thread that writes ended before it answered".to_owned())
}

/// Starts a thread, which first does `prepare`. Whichever way it ends before its queue is closed, `failed` is told.
fn spawn(
    thread: WriterThread,
    work: Receiver<Work>,
    failed: &Arc<Notify>,
    prepare: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<Result<(), WriterFailed>>> {
    let alarm = Alarm(Arc::clone(failed));
    std::thread::Builder::new().name(thread.place.as_str().to_owned()).spawn(move || {
        let alarm = alarm;
        prepare();
        thread.run(&work)?;
        // Told to stop.
        std::mem::forget(alarm);
        Ok(())
    })
}

/// Goes off when it is dropped.
struct Alarm(Arc<Notify>);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}
