//! The one thread that writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use counterbell_shared::{Outcome, ResponseId};
use diesel::Connection as _;
use diesel::result::{DatabaseErrorKind, Error as QueryError, QueryResult};
use tokio::sync::{Notify, oneshot};

use super::gathering::Gathering;
use super::overload::OverloadLog;
use super::queue::{Receiver, Refused, Sender, queue};
use super::record::Record;
use super::store::{Statements, StoreMode};
use crate::background::Foreground;
use crate::db::{
    AnyConnection, DatabaseUrl, OpenError, StorageError, check_writable, dialect, is_lost, open, prepare_to_write,
};
use crate::metrics::WriterMetrics;

/// Most responses in one transaction: enough to share a commit, few enough to keep it short.
const BATCH_MAX: usize = 512;
/// How long the writer waits at most for a usual batch.
const GATHER: Duration = Duration::from_micros(200);
/// It waits for no more than these: they share the cost of a commit well enough.
const GATHER_MAX: usize = 12;
/// How long the writer rests before it tries to reach a lost database again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(250);

/// Why a response was not stored. The client keeps it and tries again with the same `response_id`.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The queue is full.
    #[error("the queue to storage is full")]
    QueueFull,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
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
    /// How a batch is committed.
    pub mode: StoreMode,
}

enum Work {
    /// Boxed: it is moved several times.
    Store(Box<Waiting>),
    Run(Job),
}

/// A record, and who waits for its commit.
struct Waiting {
    record: Record,
    waiter: oneshot::Sender<Result<Outcome, StorageError>>,
}

/// Other writing, in a savepoint of the batch's transaction: it costs no commit of its own.
type Job = Box<dyn FnOnce(&mut AnyConnection) -> JobDone + Send>;

/// Tells the job's waiter, once it is known whether the transaction was committed.
type JobDone = Box<dyn FnOnce(Result<(), &StorageError>) + Send>;

/// Hands work to the writer; cheap to clone.
#[derive(Clone)]
pub struct WriterHandle {
    queue: Sender<Work>,
    /// The same queue on SQLite, another one on PostgreSQL.
    jobs: Sender<Work>,
    stopping: Arc<AtomicBool>,
    stored: Arc<AtomicU64>,
    mode: StoreMode,
    /// Whether the writer waits for a usual batch.
    gathers: bool,
    metrics: WriterMetrics,
    overload: Arc<OverloadLog>,
}

/// The threads themselves; [`Writer::join`] ends them.
pub struct Writer {
    threads: Vec<JoinHandle<()>>,
    handle: WriterHandle,
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
            mode: settings.mode,
            gathers: gathers(&url),
            metrics: metrics.clone(),
            overload: Arc::default(),
        };
        let writer = Loop {
            conn: Some(conn),
            url,
            mode: settings.mode,
            lost: false,
            statements: None,
            signals,
            stored: Arc::clone(&handle.stored),
            metrics,
        };
        let mut threads = Vec::new();
        if matches!(writer.url, DatabaseUrl::Postgres(_)) {
            // Messages are marked and leased beside ingest, not between its batches.
            let (jobs, work) = queue(settings.queue_capacity);
            handle.jobs = jobs;
            let beside = writer.beside();
            threads.push(spawn("jobs", move || beside.run(&work))?);
        }
        threads.push(spawn("writer", move || {
            foreground.join();
            writer.run(&work);
        })?);
        Ok(Self { threads, handle })
    }

    /// To hand it work.
    pub fn handle(&self) -> WriterHandle {
        self.handle.clone()
    }

    /// Waits until all that was queued is committed, and ends the thread.
    pub fn join(self) {
        self.handle.stop_accepting();
        self.handle.queue.close();
        self.handle.jobs.close();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("The writer ended by a panic");
            }
        }
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
        if self.mode == StoreMode::Null {
            return Ok(Stored { response_id, outcome: Outcome::Accepted });
        }
        let (reply, answer) = oneshot::channel();
        if self.gathers {
            // What else this thread has received by now is queued in the same moment.
            tokio::task::yield_now().await;
        }
        self.enqueue(&self.queue, Work::Store(Box::new(Waiting { record, waiter: reply })))?;
        let outcome = answer.await.map_err(|_| writer_gone())??;
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
                Refused::Closed => IngestError::Storage(writer_gone()),
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
        let job = Box::new(move |conn: &mut AnyConnection| -> JobDone {
            // A savepoint: what fails here fails alone.
            let written = conn.transaction(write);
            Box::new(move |committed| {
                let done = match committed {
                    Ok(()) => written.map_err(StorageError::from),
                    Err(error) => Err(StorageError::Unavailable(error.to_string())),
                };
                // Who asked may be gone.
                let _ = reply.send(done);
            })
        });
        self.enqueue(&self.jobs, Work::Run(job))
            .map_err(|_| StorageError::Unavailable("the queue to storage is full".to_owned()))?;
        answer.await.map_err(|_| writer_gone())?
    }
}

/// Whether to wait for a usual batch. PostgreSQL commits in a process of its own while the next batch comes in: there,
/// waiting only made it slower.
const fn gathers(url: &DatabaseUrl) -> bool {
    matches!(url, DatabaseUrl::Sqlite(_))
}

fn open_for_writing(url: &DatabaseUrl) -> Result<AnyConnection, OpenError> {
    let mut conn = open(url)?;
    check_writable(&mut conn, url)?;
    prepare_to_write(&mut conn).map_err(|source| OpenError::Setup { url: url.to_string(), source })?;
    Ok(conn)
}

fn writer_gone() -> StorageError {
    StorageError::Unavailable("the writer has no connection to the database".to_owned())
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

struct Loop {
    conn: Option<AnyConnection>,
    url: DatabaseUrl,
    mode: StoreMode,
    /// Whether there was a connection before.
    lost: bool,
    /// Known once it was asked for.
    statements: Option<Statements>,
    signals: Signals,
    stored: Arc<AtomicU64>,
    metrics: WriterMetrics,
}

impl Loop {
    /// One like it, not yet connected.
    fn beside(&self) -> Self {
        Self {
            conn: None,
            url: self.url.clone(),
            mode: self.mode,
            lost: false,
            statements: self.statements,
            signals: self.signals.clone(),
            stored: Arc::clone(&self.stored),
            metrics: self.metrics.clone(),
        }
    }

    /// Until told to stop.
    fn run(mut self, queue: &Receiver<Work>) {
        let max = if self.mode == StoreMode::Single { 1 } else { BATCH_MAX };
        let mut work = Vec::new();
        let mut gathering = Gathering::up_to(if gathers(&self.url) { GATHER_MAX } else { 1 });
        while queue.take(gathering.enough(), GATHER, max, &mut work) {
            gathering.shared(work.len());
            let mut batch: Vec<Box<Waiting>> = Vec::new();
            let mut jobs: Vec<Job> = Vec::new();
            for work in work.drain(..) {
                self.metrics.queued.dec();
                match work {
                    Work::Store(waiting) => batch.push(waiting),
                    Work::Run(job) => jobs.push(job),
                }
            }
            self.commit(batch, jobs);
        }
    }

    /// Stores the batch and runs the jobs in one transaction, then tells everybody who waits.
    #[expect(clippy::vec_box, reason = "boxed in the queue")]
    fn commit(&mut self, batch: Vec<Box<Waiting>>, jobs: Vec<Job>) {
        let records: Vec<&Record> = batch.iter().map(|waiting| &waiting.record).collect();
        let mut jobs = jobs.into_iter();
        let mut ran: Vec<JobDone> = Vec::new();
        let started = Instant::now();
        let committed = match self.connection() {
            Some((conn, statements)) if jobs.len() == 0 => statements.store(conn, &records).map_err(StorageError::from),
            Some((conn, statements)) => dialect::write_transaction(conn, |conn| {
                let outcomes =
                    if records.is_empty() { Vec::new() } else { statements.store_in_transaction(conn, &records)? };
                ran.extend(jobs.by_ref().map(|job| job(conn)));
                Ok(outcomes.into_iter().map(Ok).collect())
            })
            .map_err(StorageError::from),
            None => Err(writer_gone()),
        };
        if committed.is_ok() && !records.is_empty() {
            self.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
            self.metrics.batch_responses.observe(u32::try_from(records.len()).map_or(0.0, f64::from));
        }
        for done in ran {
            done(committed.as_ref().map(|_| ()));
        }
        let outcomes = match committed {
            Ok(outcomes) => self.after_commit(outcomes),
            Err(error) => {
                let outcomes = self.store_again(&records, error);
                self.run_alone(jobs);
                self.drop_broken_connection();
                outcomes
            }
        };
        let written = |outcome: &Result<Outcome, _>| matches!(outcome, Ok(Outcome::Accepted | Outcome::Updated));
        let written = || records.iter().zip(&outcomes).filter(|(_, outcome)| written(outcome));
        self.stored.fetch_add(written().count() as u64, Ordering::Relaxed);
        // What waits for the customer to go on is found when it is due.
        if written().any(|(record, _)| record.response.complete && !record.outbox.is_empty()) {
            self.signals.outbox_filled.notify_one();
        }
        if written().any(|(record, _)| record.response.comment.is_some()) {
            self.signals.comments_queued.notify_one();
        }
        for (waiting, outcome) in batch.into_iter().zip(outcomes) {
            // A client that hung up does not care; its response is stored all the same.
            let _ = waiting.waiter.send(outcome);
        }
    }

    /// What became of each record of a batch that was committed. Later revisions may have failed by themselves.
    fn after_commit(&mut self, outcomes: Vec<QueryResult<Outcome>>) -> Vec<Result<Outcome, StorageError>> {
        let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        if let Some(error) = outcomes.iter().find_map(|outcome| outcome.as_ref().err()) {
            tracing::error!(error = %error, records = failed, "Later revisions were not stored: {error}");
            self.drop_broken_connection();
        }
        outcomes.into_iter().map(|outcome| outcome.map_err(StorageError::from)).collect()
    }

    /// Jobs whose turn had not come when the batch failed. One that cannot be committed is dropped, and its waiter told.
    fn run_alone(&mut self, jobs: impl Iterator<Item = Job>) {
        let Some((conn, _)) = self.connection() else { return };
        for job in jobs {
            if let Ok(done) = dialect::write_transaction(conn, |conn| Ok(job(conn))) {
                done(Ok(()));
            }
        }
    }

    /// After a batch failed: one record the database refuses must not fail its neighbours, so each is tried alone,
    /// unless the database itself is away.
    fn store_again(&mut self, records: &[&Record], error: StorageError) -> Vec<Result<Outcome, StorageError>> {
        tracing::error!(error = %error, records = records.len(), "A batch was not stored: {error}");
        let poison = matches!(&error, StorageError::Query(error) if is_about_the_data(error));
        if !poison || records.len() <= 1 {
            let text = match error {
                StorageError::Unavailable(text) => text,
                StorageError::Busy | StorageError::Query(_) => error.to_string(),
            };
            return records.iter().map(|_| Err(StorageError::Unavailable(text.clone()))).collect();
        }
        let Some((conn, statements)) = self.connection() else {
            return records.iter().map(|_| Err(writer_gone())).collect();
        };
        records
            .iter()
            .map(|record| {
                let mut outcomes = statements.store(conn, &[record])?;
                Ok(outcomes.pop().ok_or_else(writer_gone)??)
            })
            .collect()
    }

    /// The connection, made anew when it was lost; one try.
    fn connection(&mut self) -> Option<(&mut AnyConnection, Statements)> {
        if self.conn.is_none() {
            match open_for_writing(&self.url) {
                Ok(conn) => {
                    if std::mem::take(&mut self.lost) {
                        tracing::info!("Storage is back");
                    }
                    self.conn = Some(conn);
                }
                Err(error) => {
                    tracing::error!("{error}");
                    std::thread::sleep(RECONNECT_PAUSE);
                }
            }
        }
        let conn = self.conn.as_mut()?;
        let statements = match self.statements {
            Some(known) => known,
            None if self.mode == StoreMode::Steps => Statements::Steps,
            // Asked again when there is no answer; what works everywhere will do meanwhile.
            None => match Statements::of(conn) {
                Ok(best) => *self.statements.insert(best),
                Err(_) => Statements::Steps,
            },
        };
        Some((conn, statements))
    }

    fn drop_broken_connection(&mut self) {
        if self.conn.as_mut().is_some_and(is_lost) {
            tracing::error!("The connection to storage is lost");
            self.conn = None;
            self.lost = true;
        }
    }
}

/// Whether the database refused a row, rather than being full, locked, read-only or gone: those it reports as
/// `Unknown`, and trying each record alone would only take longer.
fn is_about_the_data(error: &QueryError) -> bool {
    match error {
        QueryError::DatabaseError(kind, _) => matches!(
            kind,
            DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation
        ),
        QueryError::SerializationError(_) => true,
        _ => false,
    }
}
