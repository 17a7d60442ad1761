//! Triage: decides, behind the commit of a response, who is told of it.
//!
//! Ingest queues a response that a rule of its site could fire for. Triage locks the site and the response, evaluates the
//! rules over what is stored by then, and writes what follows, all in one transaction. See docs/adr/0016.

mod decide;
mod facts;
mod group;
mod leave;
mod reach;
mod rehearse;
mod site;
mod tell;
mod trial;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterbell_shared::time::UnixMillis;

pub use group::EndOfWindow;
pub use leave::StaffLeft;
pub use reach::{ADVICE, Gap, gap_of, gaps};
pub use rehearse::{REHEARSED_MAX, Rehearsal, rehearse};
pub use trial::send_trial;
pub use watch::{RehearsedTouchpoint, RehearsedWatch, WatchTouchpoints};

use self::site::{fail, triage};
use crate::config::SILENCE_MAX_MS;
use crate::counted::counted;
use crate::db::AnyConnection;
use crate::db::due::Queue;
use crate::db::triage::{self as queued, Due};
use crate::links::Links;
use crate::panics::Place;
use crate::rounds::Rounds;
use crate::sites::load_rules;
use crate::store::{StorageError, Store};
use crate::tasks::{Foreground, Pace, Running, Task};

/// How often the queue is looked at when nothing wakes the task: another process may have filled it, and what waits for
/// the customer to go on falls due.
const POLL: Duration = Duration::from_secs(1);
/// Responses of one transaction, on a database with one writer, which waits for it, and on one with many.
const CHUNK_OF_ONE_WRITER: i64 = 16;
const CHUNK: i64 = 64;

/// What the task is given.
#[derive(Clone)]
pub struct Triage {
    /// What is stored, and queued.
    pub store: Store,
    /// Whom it gives way to.
    pub foreground: Foreground,
    /// What the links of mails are signed with.
    pub links: Links,
}

impl Task for Triage {
    const PLACE: Place = Place::Triage;

    /// Looks at what is due until told to stop.
    async fn run(self, Running { mut stopped, mut meter }: Running) {
        let mut worker = Worker {
            rounds: Rounds::new(self.store.clone(), Queue::triage(), SILENCE_MAX_MS),
            pace: Pace::new(self.foreground),
            store: self.store,
            links: self.links,
            has_key: false,
            undecidable: BTreeSet::new(),
        };
        loop {
            let started = Instant::now();
            let decided = meter.turn(worker.turn()).await.unwrap_or(0);
            let pause = if decided == 0 { POLL } else { worker.pace.rest(started.elapsed()) };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = worker.store.signals.triage_queued.notified(), if decided == 0 => {}
                _ = stopped.changed() => return,
            }
        }
    }
}

struct Worker {
    store: Store,
    rounds: Rounds,
    pace: Pace,
    links: Links,
    /// There is a key for links: a server that started before the first site made none.
    has_key: bool,
    /// Sites with a rule that could not be read.
    undecidable: BTreeSet<i64>,
}

impl Worker {
    /// Looks at a chunk of each site that has something due; how many responses.
    async fn turn(&mut self) -> Result<usize, StorageError> {
        let now = UnixMillis::now().0;
        self.look_at_rules(now).await?;
        let is_postgres = self.store.reads.background.is_postgres();
        let chunk = if is_postgres { CHUNK } else { CHUNK_OF_ONE_WRITER };
        let mut decided = 0;
        for site_id in self.rounds.due_sites(now).await? {
            self.rounds.comes_to(site_id);
            let due = move |conn: &mut AnyConnection| queued::due(conn, site_id, now, chunk);
            let due = Arc::new(self.store.reads.background.read(due).await?);
            decided += due.len();
            self.triage_site(site_id, due, now).await?;
        }
        Ok(decided)
    }

    /// Has what was parked tried again, once the rules of its site can be read.
    async fn look_at_rules(&mut self, now: i64) -> Result<(), StorageError> {
        for site_id in self.undecidable.clone() {
            if self.can_decide(site_id).await? {
                let again = move |conn: &mut AnyConnection| Queue::triage().try_parked_again(conn, site_id, now);
                self.store.writes.decisions.run(again).await?;
                self.undecidable.remove(&site_id);
            }
        }
        Ok(())
    }

    /// Whether every rule of a site can be read.
    async fn can_decide(&self, site_id: i64) -> Result<bool, StorageError> {
        let rules = self.store.reads.background.read(move |conn| load_rules(conn, site_id, None)).await?;
        Ok(rules.unreadable().is_empty())
    }

    async fn triage_site(&mut self, site_id: i64, due: Arc<Vec<Due>>, now: i64) -> Result<(), StorageError> {
        if !self.has_key {
            let links = self.links.clone();
            self.store.writes.decisions.run(move |conn| links.make_first_key_within(conn, now)).await?;
            self.has_key = true;
        }
        let all = Arc::clone(&due);
        match self.store.writes.decisions.run(move |conn| triage(conn, site_id, &all, now)).await {
            Ok(told) => {
                if told {
                    self.store.signals.outbox_filled.notify_one();
                }
                return Ok(());
            }
            // The database is away: nothing is wrong with the responses.
            Err(error) if error.is_away() => return Err(error),
            Err(error) => {
                let responses = counted(due.len(), "response", "responses");
                tracing::error!(site.id = site_id, "Triage of {responses} failed, each is tried alone: {error}");
            }
        }
        if !self.can_decide(site_id).await? {
            self.undecidable.insert(site_id);
        }
        for one in due.iter() {
            let alone = vec![one.clone()];
            match self.store.writes.decisions.run(move |conn| triage(conn, site_id, &alone, now)).await {
                Ok(true) => self.store.signals.outbox_filled.notify_one(),
                Ok(false) => {}
                Err(error) if error.is_away() => return Err(error),
                Err(error) => {
                    let (one, error, now) = (one.clone(), error.to_string(), UnixMillis::now().0);
                    self.store.writes.decisions.run(move |conn| fail(conn, site_id, &one, &error, now)).await?;
                }
            }
        }
        Ok(())
    }
}
