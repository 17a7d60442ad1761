//! The worker of a lane: what it is sending, what it has to mark, and when it looks again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterbell_shared::time::UnixMillis;
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use super::deliver::{Delivery, Lane, NotDelivered, ToDo};
use super::exchange::{Exchange, Exchanged};
use super::handover::Handover;
use super::overdue::Overdue;
use super::prepare::{Kinds, prepare};
use super::{LaneWorker, POLL, retry};
use crate::clock::{CLOCKS_DIFFER_MS, Clock};
use crate::counted::counted;
use crate::db::due::Queue;
use crate::db::lease::{Attempt, Lease, SiteDone, SiteWork};
use crate::db::{AnyConnection, journal, outbox};
use crate::metrics::{MailResult, Metrics};
use crate::panics::{self, Place};
use crate::store::{StorageError, Store};
use crate::tasks::{Meter, Pace};

/// Before a message is tried again whose response could not be read.
const READ_AGAIN_MS: i64 = 1_000;

/// Longest that the messages at hand are waited for while ingest is short of processors: a receiver that keeps silent for
/// minutes delays no other message.
const STRAINED_MAX: Duration = Duration::from_secs(1);

/// Delivers the messages of a lane.
pub struct Worker {
    store: Store,
    lane: Arc<dyn Lane>,
    kinds: Kinds,
    queue: Queue,
    metrics: Arc<Metrics>,
    pace: Pace,
    clock: Clock,
    /// The clock was set back, and messages that wait are still to be brought forward.
    set_back: bool,
    sending: JoinSet<Result<(), NotDelivered>>,
    /// What is being sent, by its task.
    held: HashMap<Id, Held>,
    /// Kept until they are marked: a message that is not is sent again.
    tried: Vec<(Lease, Attempt)>,
    /// Leases go round the sites: whose turn was last.
    last_site: i64,
    /// Ingest is short of processors: since when the messages at hand are worked on, before the worker rests.
    strained: Option<Instant>,
    stop_by: Option<Instant>,
    gave_back: bool,
    overdue: Overdue,
}

/// A message that is being sent.
struct Held {
    lease: Lease,
    task: AbortHandle,
    handover: Handover,
}

impl Worker {
    /// One that holds nothing yet.
    pub fn new(LaneWorker { store, lane, kinds, metrics, foreground }: LaneWorker) -> Self {
        let names: Vec<_> = kinds.iter().map(|kind| kind.kind()).collect();
        Self {
            queue: Queue::lane(lane.name(), &names),
            store,
            lane,
            kinds,
            metrics,
            pace: Pace::new(foreground),
            clock: Clock::new(),
            // Also while no server ran the clock may have been set back.
            set_back: true,
            sending: JoinSet::new(),
            held: HashMap::new(),
            tried: Vec::new(),
            last_site: i64::MIN,
            strained: None,
            stop_by: None,
            gave_back: false,
            overdue: Overdue::default(),
        }
    }

    /// Leases nothing more. What is being sent is given back or left behind when it takes longer than `patience` from the
    /// first call.
    pub fn stop_within(&mut self, patience: Duration) {
        self.stop_by.get_or_insert_with(|| Instant::now() + patience);
    }

    /// Whether it was told to stop, and has nothing left to do or no time left to do it.
    pub fn is_done(&self) -> bool {
        if self.stop_by.is_none() {
            return false;
        }
        if self.sending.is_empty() && self.tried.is_empty() {
            return true;
        }
        if self.gave_back {
            let messages = self.sending.len() + self.tried.len();
            let were = counted(messages, "message was", "messages were");
            tracing::warn!(messages, "Stopped while {were} being sent, perhaps to be sent a second time");
        }
        self.gave_back
    }

    /// Once there is no time left: breaks off what the mail server cannot have got yet, and has it due now.
    pub async fn give_back_when_late(&mut self) {
        if self.gave_back || self.stop_by.is_none_or(|stop_by| Instant::now() < stop_by) {
            return;
        }
        self.gave_back = true;
        let mut open: HashMap<Id, Held> = self.held.extract_if(|_, held| !held.handover.has_begun()).collect();
        open.values().for_each(|held| held.task.abort());
        let attempt = Attempt::NotTried { at: UnixMillis::now().0 };
        let mut messages = 0;
        while !open.is_empty()
            && let Some(done) = self.sending.join_next_with_id().await
        {
            let id = done.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
            match (open.remove(&id), done) {
                (Some(held), Err(error)) if error.is_cancelled() => {
                    messages += 1;
                    self.tried.push((held.lease, attempt.clone()));
                }
                (held, done) => {
                    self.held.extend(held.map(|held| (id, held)));
                    self.note(done);
                }
            }
        }
        if messages > 0 {
            let back = counted(messages, "message", "messages");
            tracing::info!(messages, "Gave back {back} not yet handed over, which can be sent now");
        }
    }

    /// Marks what was tried, renews leases, leases what is due and begins to send it.
    pub async fn work(&mut self, meter: &mut Meter) {
        let is_over = |since: &Instant| self.sending.is_empty() || since.elapsed() >= STRAINED_MAX;
        if let Some(since) = self.strained.filter(is_over) {
            tokio::time::sleep(self.pace.rest(since.elapsed().min(STRAINED_MAX))).await;
            self.strained = None;
        }
        meter.turn(self.turn()).await;
        self.lane.rest();
        if self.stop_by.is_none() {
            self.overdue.look(&self.store.reads).await;
        }
    }

    async fn turn(&mut self) -> Result<(), StorageError> {
        let started = Instant::now();
        self.set_back |= self.clock.was_set_back();
        // What this server is sending is leased by the clock as it was; nobody is to send it a second time.
        if self.set_back && self.sending.is_empty() && self.tried.is_empty() {
            self.bring_forward().await?;
            self.set_back = false;
        }
        let busy = self.stop_by.is_some() || self.set_back || self.strained.is_some();
        let free = if busy { 0 } else { self.lane.slots() - self.sending.len() };
        let (leased, failed) = self.exchange(free).await?;
        if !leased.is_empty() && self.pace.strain() > 0.0 {
            // Ingest goes first: fewer mails at a time, with rests between them.
            self.strained = Some(started);
        }
        self.send_all(leased).await?;
        failed.map_or(Ok(()), Err)
    }

    /// Waits until a message was sent, more have come, or a second is over.
    pub async fn wait(&mut self, stopped: &mut watch::Receiver<bool>) {
        let poll = tokio::time::sleep(POLL);
        tokio::pin!(poll);
        loop {
            tokio::select! {
                Some(done) = self.sending.join_next_with_id() => {
                    self.note(done);
                    // Whatever else is done by now shares the commit.
                    while let Some(done) = self.sending.try_join_next_with_id() {
                        self.note(done);
                    }
                    if self.strained.is_none() || self.sending.is_empty() {
                        return;
                    }
                }
                () = self.store.signals.outbox_filled.notified(), if self.strained.is_none() => return,
                () = &mut poll => return,
                _ = stopped.changed(), if self.stop_by.is_none() => return,
            }
        }
    }

    /// Messages whose next attempt is further ahead than it can be become due: or they would wait for as long as the
    /// clock was set back.
    async fn bring_forward(&self) -> Result<(), StorageError> {
        let (now, lane, lease_ms) = (UnixMillis::now().0, self.lane.name(), self.lane.lease_ms());
        let queue = self.queue.clone();
        let mut messages = 0;
        for site_id in self.store.reads.background.read(move |conn| queue.open_sites(conn)).await? {
            let longest = retry::longest_waits_ms(lease_ms);
            let longest = longest.map(|(attempts, wait_ms)| (attempts, wait_ms + CLOCKS_DIFFER_MS));
            let forward = move |conn: &mut AnyConnection| {
                let _lock = journal::lock(conn, site_id)?;
                outbox::bring_forward(conn, lane, site_id, now, longest)
            };
            messages += self.store.writes.leases.run(forward).await?;
        }
        if messages > 0 {
            let due = counted(messages, "message is", "messages are");
            tracing::warn!("The clock was set back: {due} due now that waited for the next attempt");
        }
        Ok(())
    }

    /// Marks what was tried, renews leases that end soon, and leases up to `free` due messages. What was leased, and why that
    /// was not all that was to be done.
    async fn exchange(&mut self, free: usize) -> Result<(Vec<Lease>, Option<StorageError>), StorageError> {
        let (now, lease_ms) = (UnixMillis::now().0, self.lane.lease_ms());
        let mut exchange = Exchange::default();
        for held in self.held.values().filter(|held| held.lease.until() - now < lease_ms / 4 * 3) {
            exchange.renew(held.lease.clone());
        }
        let sites = self.due_sites(now, free, self.tried.is_empty() && exchange.is_empty()).await?;
        for (lease, attempt) in self.tried.drain(..) {
            exchange.mark(lease, attempt);
        }
        exchange.lease(&sites, free);
        self.last_site = sites.last().copied().unwrap_or(self.last_site);
        let mut leased = Vec::new();
        while !exchange.is_empty() {
            let Exchanged { done, failed, error } = exchange.run(&self.store, &self.queue, now, now + lease_ms).await;
            let mut more = Vec::new();
            for (work, done) in done {
                if work.wanted > 0 && done.leased.len() == work.wanted {
                    more.push(work.site_id);
                }
                leased.extend(self.after_exchange(work, done, now + lease_ms).await);
            }
            for work in failed {
                self.tried.extend(work.tried);
                for lease in &work.renewals {
                    self.after_renewal(lease, None, now + lease_ms);
                }
            }
            if error.is_some() {
                return Ok((leased, error));
            }
            // What other sites left of their shares.
            exchange = Exchange::default();
            more.truncate(free - leased.len());
            exchange.lease(&more, free - leased.len());
        }
        Ok((leased, None))
    }

    /// Sites with due messages, no more than `free`. An `idle` server reads, and writes nothing.
    async fn due_sites(&self, now: i64, free: usize, idle: bool) -> Result<Vec<i64>, StorageError> {
        if free == 0 {
            return Ok(Vec::new());
        }
        let (queue, after) = (self.queue.clone(), self.last_site);
        let due = move |conn: &mut AnyConnection| queue.due_sites(conn, now, after, free);
        if idle { self.store.reads.background.read(due).await } else { self.store.writes.leases.run(due).await }
    }

    /// Of one site; what was leased.
    async fn after_exchange(&mut self, work: SiteWork, done: SiteDone, until: i64) -> Vec<Lease> {
        for (lease, renewed) in work.renewals.iter().zip(done.renewed) {
            if self.after_renewal(lease, Some(renewed), until) {
                self.lose(lease, "Sending it was broken off").await;
            }
        }
        for ((lease, attempt), marked) in work.tried.iter().zip(done.marked) {
            if marked {
                self.tell(lease, attempt);
            } else {
                self.lose(lease, "What became of it is not written down").await;
            }
        }
        done.leased
    }

    /// An attempt that failed is told once it is written down: of a message that is deleted by then nothing more is to come.
    fn tell(&self, lease: &Lease, attempt: &Attempt) {
        let (id, attempts) = (message_id(lease), lease.message.recent_attempts());
        match attempt {
            Attempt::Delivered | Attempt::NotTried { .. } => {}
            Attempt::Retry { error, .. } => {
                tracing::warn!(message.id = %id, attempt = attempts, "Message {id} will be tried again: {error}");
                self.metrics.count_mail(MailResult::Retry);
            }
            Attempt::Parked { error } => {
                tracing::error!(message.id = %id, "Message {id} is parked after attempt {attempts}: {error}");
                self.metrics.count_mail(MailResult::Parked);
            }
            Attempt::Withdrawn => {
                tracing::info!(message.id = %id, "Withdrew message {id}: what it was to tell of is over");
                self.metrics.count_mail(MailResult::Withdrawn);
                // An attempt of which nothing is known may have written its mail.
                self.lane.forget(std::slice::from_ref(&lease.message.message_id));
            }
        }
    }

    /// A message is no longer this server's: its response was deleted, or another server sends it now.
    async fn lose(&self, lease: &Lease, what: &str) {
        let (id, site_id, wanted) = (message_id(lease), lease.message.site_id, lease.message.message_id.clone());
        let stored = self.store.reads.background.read(move |conn| outbox::is_stored(conn, site_id, &wanted)).await;
        if matches!(stored, Ok(false)) {
            tracing::info!(message.id = %id, "Message {id} is gone, its response was deleted. {what}");
            // Its mail may have been written meanwhile; then nobody else knows the file.
            self.lane.forget(std::slice::from_ref(&lease.message.message_id));
        } else {
            tracing::warn!(message.id = %id, "The lease of message {id} was lost. {what}");
        }
    }

    /// Whether sending was broken off. `renewed` is `None` when it is not known.
    fn after_renewal(&mut self, lease: &Lease, renewed: Option<bool>, until: i64) -> bool {
        let is_it = |held: &&mut Held| held.lease.message.message_id == lease.message.message_id;
        let Some(Held { lease, task, .. }) = self.held.values_mut().find(is_it) else { return false };
        match renewed {
            Some(true) => lease.renewed(until),
            None => lease.may_be_renewed(until),
            Some(false) => task.abort(),
        }
        renewed == Some(false)
    }

    /// Begins to send what was leased. When it cannot be read just now it is tried again soon, and nobody waits for the end of
    /// its lease.
    async fn send_all(&mut self, leased: Vec<Lease>) -> Result<(), StorageError> {
        if leased.is_empty() {
            return Ok(());
        }
        let prepared = prepare(&self.store.reads.background, &self.kinds, leased.clone()).await.inspect_err(|_| {
            let attempt = Attempt::NotTried { at: UnixMillis::now().0 + READ_AGAIN_MS };
            self.tried.extend(leased.into_iter().map(|lease| (lease, attempt.clone())));
        })?;
        for (lease, to_do) in prepared {
            match to_do {
                Ok(ToDo::Send(delivery)) => self.send(lease, delivery),
                Ok(ToDo::Withdraw) => self.tried.push((lease, Attempt::Withdrawn)),
                Err(_) => self.end(lease, Err(by_panic())),
            }
        }
        Ok(())
    }

    fn send(&mut self, lease: Lease, delivery: Delivery) {
        let handover = Handover::default();
        let begun = handover.clone();
        let task = self.sending.spawn_local(async move { delivery(begun).await });
        self.held.insert(task.id(), Held { lease, task, handover });
    }

    /// Writes down how an attempt ended, to be marked with the next exchange.
    fn note(&mut self, done: Result<(Id, Result<(), NotDelivered>), JoinError>) {
        let (task, sent) = match done {
            Ok(sent) => sent,
            Err(error) if error.is_cancelled() => {
                self.held.remove(&error.id());
                return;
            }
            Err(error) => {
                panics::note(Place::Outbox);
                (error.id(), Err(by_panic()))
            }
        };
        if let Some(Held { lease, .. }) = self.held.remove(&task) {
            self.end(lease, sent);
        }
    }

    fn end(&mut self, lease: Lease, sent: Result<(), NotDelivered>) {
        let attempt = match sent {
            Ok(()) => {
                let (id, kind) = (message_id(&lease), &lease.message.kind);
                tracing::info!(message.id = %id, message.kind = kind, "Delivered message {id}");
                self.metrics.count_mail(MailResult::Delivered);
                Attempt::Delivered
            }
            Err(NotDelivered { error, is_permanent }) => {
                let next = retry::next_attempt(lease.message.recent_attempts(), UnixMillis::now().0);
                match next.filter(|_| !is_permanent) {
                    Some(at) => Attempt::Retry { error, at },
                    None => Attempt::Parked { error },
                }
            }
        };
        self.tried.push((lease, attempt));
    }
}

fn by_panic() -> NotDelivered {
    NotDelivered { error: "sending it ended by a panic, a fault of Counterbell's".to_owned(), is_permanent: false }
}

fn message_id(lease: &Lease) -> String {
    lease.message.id().map(|id| id.to_string()).unwrap_or_default()
}
