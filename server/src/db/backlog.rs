//! What waits to be done.

use diesel::prelude::*;

use super::case_figures::UnfinishedCases;
use super::connection::AnyConnection;
use super::due::{Queue, Waiting};
use super::outbox::Undelivered;
use super::parked::Parked;
use super::schema::search_queue;

/// Work the database holds for later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// Responses that wait for triage.
    pub triage: Waiting,
    /// Responses that triage was given up for.
    pub triage_parked: i64,
    /// Timers that are set.
    pub timers: Waiting,
    /// Timers that were given up.
    pub timers_parked: i64,
    /// Messages still to be delivered, of every lane and kind. One that is being sent, or is to be tried later, is due in the
    /// future.
    pub outbox: Waiting,
    /// For how long the oldest message has waited that is due or was tried in vain; 0 when there is none.
    pub outbox_undelivered_seconds: f64,
    /// Messages that were given up.
    pub outbox_parked: i64,
    /// Responses whose comment is still to be indexed.
    pub to_index: i64,
    /// Cases that are not ended.
    pub cases: UnfinishedCases,
}

impl Backlog {
    /// As of `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, now: i64) -> QueryResult<Self> {
        let undelivered = Undelivered::load(conn, now)?;
        let undelivered_ms = undelivered.map_or(0, |undelivered| now.saturating_sub(undelivered.oldest_at).max(0));
        Ok(Self {
            triage: Queue::triage().waiting(conn, now)?,
            triage_parked: Queue::triage().parked(conn)?.map_or(0, |parked| parked.rows),
            timers: Queue::timers(&[]).waiting(conn, now)?,
            timers_parked: Queue::timers(&[]).parked(conn)?.map_or(0, |parked| parked.rows),
            outbox: Queue::every_lane().waiting(conn, now)?,
            outbox_undelivered_seconds: undelivered_ms as f64 / 1_000.0,
            outbox_parked: Parked::load(conn)?.map_or(0, |parked| parked.messages),
            to_index: search_queue::table.count().get_result(conn)?,
            cases: UnfinishedCases::load(conn, now)?,
        })
    }
}
