//! What a thread that writes does: takes what is queued, commits it, tells everybody who waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::result::{DatabaseErrorKind, Error as QueryError};

use super::StorageError;
use super::gathering::Gathering;
use super::health::Health;
use super::job::{Job, Left};
use super::queue::Receiver;
use super::write_connection::WriteConnection;
use super::writer::{Batch, WriterFailed, WriterMetrics};
use super::writes::Work;
use crate::db::dialect::{self, write_nothing};
use crate::panics::{self, Place};

/// How long the writer waits at most for a usual batch.
const GATHER: Duration = Duration::from_micros(200);
/// It waits for no more than these: they share the cost of a commit well enough.
const GATHER_MAX: usize = 12;
/// After so many turns in a row that ended by a panic the thread gives up: it would answer nobody.
const PANICS_MAX: u32 = 5;
/// Between two of them.
const PANIC_PAUSE: Duration = Duration::from_millis(100);
/// How often a write is tried after one has failed.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// The state of a thread that writes.
pub struct WriterThread<B> {
    /// How it writes the entries of its queue.
    pub batch: B,
    /// Where it writes.
    pub connection: WriteConnection,
    /// How many batches were committed.
    pub commits: Arc<AtomicU64>,
    /// What is counted.
    pub metrics: WriterMetrics,
    /// Most work of one commit.
    pub batch_max: usize,
    /// Whether it waits for a usual batch.
    pub gathers: bool,
    /// The name under which it panics.
    pub place: Place,
    /// What is known of storage; only of the thread that stores responses.
    pub health: Option<Arc<Health>>,
    /// How often a connection is looked at that nobody uses; never when `None`.
    pub looks_every: Option<Duration>,
    /// When a write was last tried because others had failed.
    pub tried_at: Instant,
}

impl<B: Batch> WriterThread<B> {
    /// Works until told to stop. What panics ends one turn at most.
    ///
    /// # Errors
    /// [`WriterFailed`], when every turn ends by a panic.
    pub fn run(mut self, queue: &Receiver<Work<B::Entry>>) -> Result<(), WriterFailed> {
        let mut panics_in_a_row = 0;
        loop {
            if panics::catch(self.place, || self.take_turns(queue, &mut panics_in_a_row)).is_ok() {
                return Ok(());
            }
            self.busy(|this| this.connection.let_go());
            panics_in_a_row += 1;
            if panics_in_a_row == PANICS_MAX {
                return Err(WriterFailed);
            }
            std::thread::sleep(PANIC_PAUSE);
        }
    }

    fn take_turns(&mut self, queue: &Receiver<Work<B::Entry>>, panics_in_a_row: &mut u32) {
        let mut work = Vec::new();
        let mut gathering = Gathering::up_to(if self.gathers { GATHER_MAX } else { 1 });
        loop {
            if self.patience().is_some_and(|patience| !queue.wait(patience)) {
                self.busy(Self::look);
            } else if queue.take(gathering.enough(), GATHER, self.batch_max, &mut work) {
                gathering.shared(work.len());
                self.metrics.queued.dec_by(i64::try_from(work.len()).unwrap_or(0));
                self.busy(|this| this.turn(&mut work));
            } else {
                return;
            }
            *panics_in_a_row = 0;
        }
    }

    fn turn(&mut self, work: &mut Vec<Work<B::Entry>>) {
        let mut batch: Vec<B::Entry> = Vec::new();
        let mut jobs: Vec<Box<dyn Job>> = Vec::new();
        for work in work.drain(..) {
            match work {
                Work::Entry(entry) => batch.push(entry),
                Work::Run(job) => jobs.push(job),
            }
        }
        self.commit(batch, jobs);
        // Jobs that go well say nothing: they may have had nothing to write.
        if self.writes_fail() && self.tried_at.elapsed() >= TRY_EVERY {
            self.try_again();
        }
    }

    /// How long to wait for work before looking at storage.
    fn patience(&self) -> Option<Duration> {
        if self.writes_fail() { Some(TRY_EVERY) } else { self.looks_every }
    }

    fn writes_fail(&self) -> bool {
        self.health.as_ref().is_some_and(|health| health.writes_fail())
    }

    /// While nobody wants anything: whether storage can still be written to, or can again.
    fn look(&mut self) {
        if self.writes_fail() || self.connection.let_go_if_lost() {
            self.try_again();
        }
    }

    /// One small write, that it be known whether others would go well.
    fn try_again(&mut self) {
        let written = self.connection.attempt(write_nothing);
        self.note(written.as_ref().map(|_| ()));
        if written.is_err() {
            self.connection.let_go_if_lost();
        }
        self.tried_at = Instant::now();
    }

    /// Does something that may take long, or for ever.
    fn busy(&mut self, work: impl FnOnce(&mut Self)) {
        let health = self.health.clone();
        health.iter().for_each(|health| health.write_begins());
        work(self);
        health.iter().for_each(|health| health.write_ends());
    }

    /// What a write says about storage. A fault of the work says nothing.
    fn note(&self, written: Result<(), &StorageError>) {
        if let Some(health) = &self.health
            && !written.is_err_and(is_about_the_work)
        {
            health.note_write(written);
        }
    }

    /// Writes the batch and runs the jobs in one transaction, then tells everybody who waits.
    fn commit(&mut self, entries: Vec<B::Entry>, mut jobs: Vec<Box<dyn Job>>) {
        let started = Instant::now();
        let mut tried = 0;
        let mut doubtful = false;
        let (batch, place) = (&mut self.batch, self.place);
        let committed = self.connection.attempt(|conn| {
            if jobs.is_empty() {
                return batch.write(conn, &entries);
            }
            dialect::write_transaction(conn, |conn| {
                let written = batch.write_in_transaction(conn, &entries)?;
                for job in &mut jobs {
                    tried += 1;
                    doubtful |= job.run(conn, place)? == Left::Doubtful;
                }
                Ok(written)
            })
        });
        if doubtful {
            self.connection.let_go();
        }
        if committed.is_err() || !entries.is_empty() {
            self.note(committed.as_ref().map(|_| ()));
        }
        if !entries.is_empty() {
            self.commits.fetch_add(1, Ordering::Relaxed);
            if committed.is_ok() {
                self.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
                self.metrics.batch_entries.observe(u32::try_from(entries.len()).map_or(0.0, f64::from));
            }
        }
        let untried = jobs.split_off(tried);
        for job in jobs {
            job.finish(committed.as_ref().map(|_| ()));
        }
        let failed = committed.is_err();
        if failed {
            self.connection.let_go_if_broken();
        }
        self.batch.finish(&mut self.connection, entries, committed);
        if failed {
            self.run_alone(untried);
            self.connection.let_go_if_lost();
        }
    }

    /// Jobs whose turn had not come when the batch failed, by which they may not fail. When the database itself is away,
    /// nobody waits for more than one try.
    fn run_alone(&mut self, jobs: Vec<Box<dyn Job>>) {
        let mut away: Option<StorageError> = None;
        for mut job in jobs {
            if let Some(away) = &away {
                job.finish(Err(away));
                continue;
            }
            let place = self.place;
            let mut left = Left::Sound;
            let done = self.connection.attempt(|conn| {
                dialect::write_transaction(conn, |conn| {
                    left = job.run(conn, place)?;
                    Ok(())
                })
            });
            if left == Left::Doubtful {
                self.connection.let_go();
            }
            job.finish(done.as_ref().map(|_| ()));
            away = done.err().filter(|error| !is_about_the_work(error));
        }
    }
}

/// Whether other work may go well where this failed: a row was refused, or ours is the fault; rather than the database
/// being full, locked, read-only or gone. Those it reports as `Unknown`, and trying each record alone would only take
/// longer.
pub fn is_about_the_work(error: &StorageError) -> bool {
    match error {
        StorageError::Panicked(_) => true,
        StorageError::Unavailable(_) | StorageError::Busy => false,
        StorageError::Query(error) => match &**error {
            QueryError::DatabaseError(kind, _) => matches!(
                kind,
                DatabaseErrorKind::UniqueViolation
                    | DatabaseErrorKind::ForeignKeyViolation
                    | DatabaseErrorKind::NotNullViolation
                    | DatabaseErrorKind::CheckViolation
            ),
            QueryError::SerializationError(_) => true,
            _ => false,
        },
    }
}
