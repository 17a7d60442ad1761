//! Timers: what falls due, done by the handler of its kind.
//!
//! A handler runs in a transaction in which the site is locked and the timer is still set as it was read; what it does and
//! what becomes of the timer are committed together. One that fails is tried again after a pause, and parked after the tenth
//! time.

mod handler;

use std::sync::Arc;
use std::time::{Duration, Instant};

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

pub use self::handler::{Handler, Next, ReadAhead};
use crate::db::due::{Queue, next_try};
use crate::db::sites::Site;
use crate::db::timers::{Timer, due, missing, set_if_missing};
use crate::db::{AnyConnection, journal};
use crate::panics::Place;
use crate::rounds::Rounds;
use crate::store::{StorageError, Store};
use crate::tasks::{Foreground, Pace, Running, Task};

/// How often it is looked for what falls due.
const POLL: Duration = Duration::from_secs(1);
/// How often it is looked whether a site lacks a timer that every site has.
const STANDING_CHECK: Duration = Duration::from_secs(3_600);
/// Timers of a site in one go.
const CHUNK: i64 = 64;

/// What the task is given.
#[derive(Clone)]
pub struct Timers {
    /// Where they are set.
    pub store: Store,
    /// One for each kind. A timer of another kind waits for a program that knows it.
    pub handlers: Arc<[Arc<dyn Handler>]>,
    /// Whom it gives way to.
    pub foreground: Foreground,
}

impl Task for Timers {
    const PLACE: Place = Place::Timers;

    /// Does what is due until told to stop.
    async fn run(self, Running { mut stopped, mut meter }: Running) {
        let kinds: Vec<_> = self.handlers.iter().map(|handler| handler.kind()).collect();
        let longest_ms = self.handlers.iter().map(|handler| handler.longest_ms()).max().unwrap_or(0);
        let mut worker = Worker {
            rounds: Rounds::new(self.store.clone(), Queue::timers(&kinds), longest_ms),
            pace: Pace::new(self.foreground),
            kinds: kinds.into(),
            handlers: self.handlers,
            store: self.store,
        };
        let mut standing_at: Option<Instant> = None;
        loop {
            let started = Instant::now();
            if standing_at.is_none_or(|at| at.elapsed() > STANDING_CHECK) && worker.set_standing().await.is_ok() {
                standing_at = Some(started);
            }
            let fired = meter.turn(worker.turn()).await.unwrap_or(0);
            let pause = if fired == 0 { POLL } else { worker.pace.rest(started.elapsed()) };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopped.changed() => return,
            }
        }
    }
}

struct Worker {
    store: Store,
    handlers: Arc<[Arc<dyn Handler>]>,
    kinds: Arc<[&'static str]>,
    rounds: Rounds,
    pace: Pace,
}

impl Worker {
    /// Does a chunk of what is due of each site; how many.
    async fn turn(&mut self) -> Result<usize, StorageError> {
        let now = UnixMillis::now().0;
        let mut fired = 0;
        for site_id in self.rounds.due_sites(now).await? {
            self.rounds.comes_to(site_id);
            let kinds = Arc::clone(&self.kinds);
            let timers = self.store.reads.background.read(move |conn| due(conn, site_id, &kinds, now, CHUNK)).await?;
            fired += timers.len();
            for timer in timers {
                self.fire(timer, now).await?;
            }
        }
        Ok(fired)
    }

    /// Sets what every site has where it is missing: an earlier version made the site, or somebody took it away.
    async fn set_standing(&self) -> Result<(), StorageError> {
        for (site_id, kind) in self.store.reads.background.read(missing).await? {
            let set = move |conn: &mut AnyConnection| {
                // It may have been deleted since.
                if Site::find_zone(conn, site_id)?.is_none() {
                    return Ok(());
                }
                let _site = journal::lock(conn, site_id)?;
                set_if_missing(conn, site_id, kind)
            };
            self.store.writes.decisions.run(set).await?;
        }
        Ok(())
    }

    async fn fire(&self, timer: Timer, now: i64) -> Result<(), StorageError> {
        let Some(handler) = self.handlers.iter().find(|handler| handler.kind() == timer.kind).cloned() else {
            return Ok(());
        };
        let handler = match handler.reads() {
            None => handler,
            Some(reads) => {
                let one = timer.clone();
                match self.store.reads.lists.read(move |conn| reads.read(conn, &one, now)).await {
                    Ok(handler) => handler,
                    Err(error) if error.is_away() => return Err(error),
                    Err(error) => return self.fail(timer, error.to_string()).await,
                }
            }
        };
        let one = timer.clone();
        match self.store.writes.decisions.run(move |conn| fire(conn, &*handler, &one, now)).await {
            // The database is away: nothing is wrong with the timer.
            Err(error) if error.is_away() => Err(error),
            Err(error) => self.fail(timer, error.to_string()).await,
            Ok(()) => Ok(()),
        }
    }

    async fn fail(&self, timer: Timer, error: String) -> Result<(), StorageError> {
        let (now, kind) = (UnixMillis::now().0, timer.kind.clone());
        let again = next_try(timer.attempts + 1, now);
        match again {
            Some(_) => tracing::warn!(timer.kind = kind, "Timer \"{kind}\" will be tried again: {error}"),
            None => tracing::error!(timer.kind = kind, "Timer \"{kind}\" is parked: {error}"),
        }
        self.store.writes.decisions.run(move |conn| timer.fail(conn, &error, again, now)).await
    }
}

fn fire(conn: &mut AnyConnection, handler: &dyn Handler, timer: &Timer, now: i64) -> QueryResult<()> {
    let mut site = journal::lock(conn, timer.site_id)?;
    // Another server may have done it, or somebody set it to another time.
    if !timer.is_set(conn)? {
        return Ok(());
    }
    match handler.fire(conn, &mut site, timer, now)? {
        Next::Done => timer.clear(conn)?,
        Next::At(at) => timer.set_to(conn, at)?,
    };
    Ok(())
}

#[cfg(test)]
mod tests;
