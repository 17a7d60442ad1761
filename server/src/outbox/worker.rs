//! The worker: what it is sending, what it has to mark, and when it looks again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterbell_shared::time::UnixMillis;
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use super::clock::Clock;
use super::content::{Leased, add_content};
use super::overdue::Overdue;
use super::{CLOCKS_DIFFER_MS, Delivery, POLL, retry};
use crate::config::SILENCE_MAX_MS;
use crate::db::lease::{Attempt, Lease};
use crate::db::outbox;
use crate::db::responses::id_from_column;
use crate::db::{AnyConnection, dialect};
use crate::mail::{self, Handover, MailBuildError, Mailer, SendError};
use crate::metrics::{MailResult, Metrics};
use crate::panics::{self, Place};
use crate::store::{StorageError, Store};
use crate::tasks::{Meter, Pace};

/// Before a message is tried again whose response could not be read.
const READ_AGAIN_MS: i64 = 1_000;
/// Messages sent side by side.
const SENDING_MAX: usize = 16;

/// Delivers the messages of an outbox.
pub struct Worker {
    store: Store,
    mailer: Arc<Mailer>,
    metrics: Arc<Metrics>,
    lease_ms: i64,
    pace: Pace,
    clock: Clock,
    /// The clock was set back, and messages that wait are still to be brought forward.
    set_back: bool,
    sending: JoinSet<Result<(), SendError>>,
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

/// What one exchange with the database brought.
struct Exchanged {
    /// For each message that was tried, whether it was marked.
    marked: Vec<bool>,
    /// For each lease to renew, whether it was still held.
    renewed: Vec<bool>,
    leased: Vec<Lease>,
    /// Whose turn was last.
    last_site: i64,
}

impl Worker {
    /// One that holds nothing yet.
    pub fn new(Delivery { store, mailer, metrics, foreground }: Delivery) -> Self {
        let pace = Pace::new(foreground);
        let lease_ms = mailer.limits().lease_ms();
        Self {
            store,
            mailer,
            metrics,
            lease_ms,
            pace,
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
            tracing::warn!(
                messages,
                "Stopped while {messages} messages were being sent: some may be sent a second time"
            );
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
            tracing::info!(messages, "Gave back {messages} messages that were not handed over: they are due now");
        }
    }

    /// Marks what was tried, renews leases, leases what is due and begins to send it.
    pub async fn work(&mut self, meter: &mut Meter) {
        if let Some(since) = self.strained.filter(|_| self.sending.is_empty()) {
            tokio::time::sleep(self.pace.rest(since.elapsed())).await;
            self.strained = None;
        }
        meter.turn(self.turn()).await;
        self.mailer.close_idle();
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
        let free = if busy { 0 } else { SENDING_MAX - self.sending.len() };
        let leased = self.exchange(free).await?;
        let leased = self.read_content(leased).await?;
        let any = !leased.is_empty();
        for message in leased {
            self.send(message);
        }
        if any && self.pace.strain() > 0.0 {
            // Ingest goes first: fewer mails at a time, with rests between them.
            self.strained = Some(started);
        }
        Ok(())
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
        let now = UnixMillis::now().0;
        let longest = retry::longest_waits_ms(self.lease_ms.max(SILENCE_MAX_MS));
        let longest = longest.map(|(attempts, wait_ms)| (attempts, wait_ms + CLOCKS_DIFFER_MS));
        let messages = self.store.writes.leases.run(move |conn| outbox::bring_forward(conn, now, longest)).await?;
        if messages > 0 {
            tracing::warn!("The clock was set back: {messages} messages that wait for their next attempt are due now");
        }
        Ok(())
    }

    /// Marks what was tried, renews leases that end soon, and leases up to `free` due messages, all in one commit.
    async fn exchange(&mut self, free: usize) -> Result<Vec<Lease>, StorageError> {
        let (now, lease_ms) = (UnixMillis::now().0, self.lease_ms);
        let ending = |lease: &Lease| lease.until() - now < lease_ms / 4 * 3;
        let (renewing, renewals): (Vec<Id>, Vec<Lease>) = self
            .held
            .iter()
            .filter(|(_, held)| ending(&held.lease))
            .map(|(id, held)| (*id, held.lease.clone()))
            .unzip();
        // Reading first keeps an idle server from writing.
        let idle = self.tried.is_empty() && renewals.is_empty();
        let after = self.last_site;
        let due = move |conn: &mut AnyConnection| outbox::due_sites(conn, now, after, free);
        if idle && (free == 0 || self.store.reads.background.read(due).await?.is_empty()) {
            return Ok(Vec::new());
        }
        let tried = self.tried.clone();
        let work = move |conn: &mut AnyConnection| {
            let mark = |(lease, attempt): &(Lease, Attempt)| lease.mark(conn, attempt, now);
            let marked = tried.iter().map(mark).collect::<Result<_, _>>()?;
            let renew = |lease: &Lease| lease.renew(conn, now + lease_ms);
            let renewed = renewals.iter().map(renew).collect::<Result<_, _>>()?;
            let sites = due(conn)?;
            let last_site = sites.last().copied().unwrap_or(after);
            let leased = dialect::lease_due(conn, now, now + lease_ms, sites, free)?;
            Ok(Exchanged { marked, renewed, leased: leased.into_iter().map(Lease::new).collect(), last_site })
        };
        let exchanged = self.store.writes.leases.run(work).await;
        for (place, id) in renewing.into_iter().enumerate() {
            let renewed = exchanged.as_ref().ok().map(|exchanged| exchanged.renewed[place]);
            self.after_renewal(id, renewed, now + lease_ms);
        }
        let Exchanged { marked, leased, last_site, .. } = exchanged?;
        self.last_site = last_site;
        for ((lease, _), marked) in self.tried.split_off(0).into_iter().zip(marked) {
            if !marked {
                let id = message_id(&lease);
                tracing::warn!(message.id = %id, "What became of message {id} is not written down: its lease was lost");
                self.delete_file_if_deleted(&lease).await;
            }
        }
        Ok(leased)
    }

    /// Its response may have been deleted while its mail was being written; then nobody else knows the file.
    async fn delete_file_if_deleted(&self, lease: &Lease) {
        let (site_id, id) = (lease.message.site_id, lease.message.message_id.clone());
        let Some(folder) = self.mailer.folder() else { return };
        let wanted = id.clone();
        if let Ok(false) = self.store.reads.background.read(move |conn| outbox::is_stored(conn, site_id, &wanted)).await
        {
            mail::delete_files(Some(folder), &[id]);
        }
    }

    /// `renewed` is `None` when it is not known.
    fn after_renewal(&mut self, id: Id, renewed: Option<bool>, until: i64) {
        let Some(Held { lease, task, .. }) = self.held.get_mut(&id) else { return };
        match renewed {
            Some(true) => lease.renewed(until),
            None => lease.may_be_renewed(until),
            Some(false) => {
                // Another server sends it now, or its response was deleted.
                let id = message_id(lease);
                tracing::warn!(message.id = %id, "Sending message {id} was broken off: its lease was lost");
                task.abort();
            }
        }
    }

    /// What the mails of leased messages are made of. When it cannot be read just now they are tried again soon, and
    /// nobody waits for the end of their lease.
    async fn read_content(&mut self, leased: Vec<Lease>) -> Result<Vec<Leased>, StorageError> {
        if leased.is_empty() {
            return Ok(Vec::new());
        }
        let leases = leased.clone();
        self.store.reads.background.read(move |conn| add_content(conn, leases)).await.inspect_err(|_| {
            let attempt = Attempt::NotTried { at: UnixMillis::now().0 + READ_AGAIN_MS };
            self.tried.extend(leased.into_iter().map(|lease| (lease, attempt.clone())));
        })
    }

    fn send(&mut self, Leased { lease, content }: Leased) {
        let (mailer, id) = (Arc::clone(&self.mailer), id_from_column(&lease.message.message_id));
        let recipient = lease.message.recipient.clone();
        let handover = Handover::default();
        let begun = handover.clone();
        let task = self.sending.spawn_local(async move {
            let content = content.ok_or(SendError::Gone)?;
            let id = id.ok_or_else(|| MailBuildError::Unwritable("its id is none".to_owned()))?;
            let make = |smtputf8| mail::alert_mail(mailer.from(), &recipient, id, &content, smtputf8);
            mailer.send(&id.to_string(), make, &begun).await
        });
        self.held.insert(task.id(), Held { lease, task, handover });
    }

    /// Writes down how an attempt ended, to be marked with the next exchange.
    fn note(&mut self, done: Result<(Id, Result<(), SendError>), JoinError>) {
        let (task, sent) = match done {
            Ok((task, sent)) => (task, sent.map_err(|error| (error.is_permanent(), error.to_string()))),
            Err(error) if error.is_cancelled() => {
                self.held.remove(&error.id());
                return;
            }
            Err(error) => {
                panics::note(Place::Outbox);
                (error.id(), Err((false, "sending it ended by a panic, a fault of Counterbell's".to_owned())))
            }
        };
        let Some(Held { lease, .. }) = self.held.remove(&task) else { return };
        let id = message_id(&lease);
        let attempts = lease.message.attempts;
        let (attempt, result) = match sent {
            Ok(()) => {
                tracing::info!(message.id = %id, message.kind = lease.message.kind, "Delivered message {id}");
                (Attempt::Delivered, MailResult::Delivered)
            }
            Err((permanent, error)) => {
                match retry::next_attempt(attempts, UnixMillis::now().0).filter(|_| !permanent) {
                    Some(at) => {
                        tracing::warn!(message.id = %id, attempt = attempts, "Message {id} will be tried again: {error}");
                        (Attempt::Retry { error, at }, MailResult::Retry)
                    }
                    None => {
                        tracing::error!(message.id = %id, "Message {id} is parked after attempt {attempts}: {error}");
                        (Attempt::Parked { error }, MailResult::Parked)
                    }
                }
            }
        };
        self.metrics.count_mail(result);
        self.tried.push((lease, attempt));
    }
}

fn message_id(lease: &Lease) -> String {
    id_from_column(&lease.message.message_id).map(|id| id.to_string()).unwrap_or_default()
}
