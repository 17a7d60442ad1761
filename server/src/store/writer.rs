//! The threads that write.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::result::QueryResult;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::Notify;

use super::StorageError;
use super::health::Health;
use super::overload::OverloadLog;
use super::queue::{Receiver, queue};
use super::write_connection::WriteConnection;
use super::writer_thread::WriterThread;
use super::writes::{JobQueue as _, Work, WorkQueue, Writes, WritesByPurpose};
use crate::db::dialect::Plans;
use crate::db::{AnyConnection, DatabaseUrl};
use crate::panics::Place;

/// Most responses in one transaction: enough to share a commit, few enough to keep it short.
const BATCH_MAX: usize = 512;
/// How often a connection to PostgreSQL is looked at while nothing comes: it may have been cut since, or the database be
/// away, and whoever comes next would be the first to know.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Connections for writing to PostgreSQL: one stores responses, one for each of [`WritesByPurpose`].
pub const WRITE_CONNECTIONS: u32 = 4;

/// How the threads write.
#[derive(Clone, Copy, Debug)]
pub struct WriterSettings {
    /// Most work waiting; more is refused.
    pub queue_capacity: usize,
    /// Most work of one commit of the thread that stores responses.
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

/// What is counted of the thread that writes in batches; clones count together.
#[derive(Clone)]
pub struct WriterMetrics {
    /// Work waiting for a thread that writes.
    pub queued: Gauge,
    /// Entries of one commit.
    pub batch_entries: Histogram,
    /// How long a commit took, in seconds, with all its statements.
    pub commit_seconds: Histogram,
}

/// A thread that writes cannot go on: whatever it does ends by a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be stored any more: every try ends by a panic, a fault of Counterbell's; the log says where")]
pub struct WriterFailed;

/// How the entries of a queue are written, many in one transaction.
pub trait Batch: Send + 'static {
    /// What is queued.
    type Entry: Send + 'static;
    /// What became of each entry of a batch.
    type Written;

    /// Writes a batch, in a transaction of its own making.
    ///
    /// # Errors
    /// What the database says; then nothing of the batch is written.
    fn write(&mut self, conn: &mut AnyConnection, entries: &[Self::Entry]) -> QueryResult<Self::Written>;

    /// Writes a batch in the caller's transaction, in which jobs write, too.
    ///
    /// # Errors
    /// What the database says; then the transaction is to be rolled back.
    fn write_in_transaction(&mut self, conn: &mut AnyConnection, entries: &[Self::Entry])
    -> QueryResult<Self::Written>;

    /// Tells whoever waits what became of the batch. After a failure each entry may be tried alone.
    fn finish(
        &mut self,
        connection: &mut WriteConnection,
        entries: Vec<Self::Entry>,
        committed: Result<Self::Written, StorageError>,
    );
}

/// The threads that write, and what is theirs to hand to others. Dropping it leaves them running; [`Writer::join`] ends
/// them.
pub struct Writer<E> {
    threads: Vec<JoinHandle<Result<(), WriterFailed>>>,
    entries: WorkQueue<E>,
    writes: WritesByPurpose,
    failed: Arc<Notify>,
}

impl<E: Send + 'static> Writer<E> {
    /// Starts the thread that writes in batches, on a connection whose schema is up to date; it does `prepare` first. On SQLite
    /// it runs jobs, too; on PostgreSQL those have threads and connections of their own.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start(
        conn: AnyConnection,
        url: &DatabaseUrl,
        settings: WriterSettings,
        metrics: &WriterMetrics,
        batch: impl Batch<Entry = E>,
        prepare: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let health = Arc::<Health>::default();
        let commits = Arc::<AtomicU64>::default();
        let is_postgres = matches!(url, DatabaseUrl::Postgres(_));
        // PostgreSQL commits in a process of its own while the next batch comes in: there, waiting only made it slower.
        let gathers = !is_postgres;
        let mut start =
            Start { url, settings, metrics, overload: Arc::default(), failed: Arc::default(), threads: Vec::new() };
        let (entries, work) = start.queue(gathers);
        let [leases, decisions, long] = if is_postgres {
            [
                start.jobs(Place::Leases, Plans::ByKeys)?,
                start.jobs(Place::Decisions, Plans::Default)?,
                start.jobs(Place::Long, Plans::Default)?,
            ]
        } else {
            [(); 3].map(|()| Writes(Arc::new(entries.clone())))
        };
        let thread = WriterThread {
            batch,
            connection: WriteConnection::new(Some(conn), url.clone(), Place::Writer, Plans::ByKeys),
            commits: Arc::clone(&commits),
            metrics: metrics.clone(),
            batch_max: settings.batch_max,
            gathers,
            place: Place::Writer,
            health: Some(Arc::clone(&health)),
            looks_every: is_postgres.then_some(LOOK_EVERY),
            tried_at: Instant::now(),
        };
        start.thread(thread, work, prepare)?;
        let Start { threads, failed, .. } = start;
        let capacity = settings.queue_capacity;
        let writes = WritesByPurpose { leases, decisions, long, health, commits, capacity };
        Ok(Self { threads, entries, writes, failed })
    }

    /// Where entries of a batch are handed over.
    pub fn entries(&self) -> WorkQueue<E> {
        self.entries.clone()
    }

    /// Where jobs are handed over.
    pub fn writes(&self) -> WritesByPurpose {
        self.writes.clone()
    }

    /// Completes when a thread cannot go on: then the server is of no use any more.
    pub fn failed(&self) -> impl Future<Output = ()> + use<E> {
        let failed = Arc::clone(&self.failed);
        async move { failed.notified().await }
    }

    /// Waits until all that was queued is committed, and ends the threads. What comes meanwhile is refused.
    ///
    /// # Errors
    /// [`WriterFailed`], when one could not go on.
    pub fn join(self) -> Result<(), WriterFailed> {
        self.entries.close();
        self.writes.close();
        let ended: Vec<_> = self.threads.into_iter().map(|thread| thread.join().unwrap_or(Err(WriterFailed))).collect();
        ended.into_iter().collect()
    }
}

/// For a thread that only runs jobs.
struct NoBatch;

impl Batch for NoBatch {
    type Entry = Infallible;
    type Written = ();

    fn write(&mut self, _: &mut AnyConnection, _: &[Infallible]) -> QueryResult<()> {
        Ok(())
    }

    fn write_in_transaction(&mut self, _: &mut AnyConnection, _: &[Infallible]) -> QueryResult<()> {
        Ok(())
    }

    fn finish(&mut self, _: &mut WriteConnection, _: Vec<Infallible>, _: Result<(), StorageError>) {}
}

/// What threads that write are started with, and those that were.
struct Start<'a> {
    url: &'a DatabaseUrl,
    settings: WriterSettings,
    metrics: &'a WriterMetrics,
    overload: Arc<OverloadLog>,
    failed: Arc<Notify>,
    threads: Vec<JoinHandle<Result<(), WriterFailed>>>,
}

impl Start<'_> {
    fn queue<E>(&self, gathers: bool) -> (WorkQueue<E>, Receiver<Work<E>>) {
        let (queue, work) = queue(self.settings.queue_capacity);
        let (queued, overload) = (self.metrics.queued.clone(), Arc::clone(&self.overload));
        (WorkQueue { queue, queued, overload, gathers }, work)
    }

    /// Starts a thread that only runs jobs.
    fn jobs(&mut self, place: Place, plans: Plans) -> std::io::Result<Writes> {
        let (jobs, work) = self.queue(false);
        let thread = WriterThread {
            batch: NoBatch,
            connection: WriteConnection::new(None, self.url.clone(), place, plans),
            commits: Arc::default(),
            metrics: self.metrics.clone(),
            // A transaction that holds rows of two sites could end in a deadlock with another that does.
            batch_max: 1,
            gathers: false,
            place,
            health: None,
            looks_every: None,
            tried_at: Instant::now(),
        };
        self.thread(thread, work, || {})?;
        Ok(Writes(Arc::new(jobs)))
    }

    /// Starts a thread, which first does `prepare`. Whichever way it ends before its queue is closed, `failed` is told.
    fn thread<B: Batch>(
        &mut self,
        thread: WriterThread<B>,
        work: Receiver<Work<B::Entry>>,
        prepare: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<()> {
        let alarm = Alarm(Arc::clone(&self.failed));
        let started = std::thread::Builder::new().name(thread.place.to_string()).spawn(move || {
            let alarm = alarm;
            prepare();
            thread.run(&work)?;
            // Told to stop.
            std::mem::forget(alarm);
            Ok(())
        });
        self.threads.push(started?);
        Ok(())
    }
}

/// Goes off when it is dropped.
struct Alarm(Arc<Notify>);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}
