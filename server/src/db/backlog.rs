//! What waits to be done.

use diesel::dsl::{count_star, min};
use diesel::prelude::*;

use super::connection::AnyConnection;
use super::outbox::{OutboxState, Undelivered};
use super::parked::Parked;
use super::schema::{outbox, search_queue};

/// Work the database holds for later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// Messages still to be delivered.
    pub outbox_pending: i64,
    /// For how long the longest due of them has been due; 0 when none is.
    pub outbox_overdue_seconds: f64,
    /// For how long the oldest message has waited that is due or was tried in vain; 0 when there is none.
    pub outbox_undelivered_seconds: f64,
    /// Messages that were given up.
    pub outbox_parked: i64,
    /// Responses whose comment is still to be indexed.
    pub to_index: i64,
}

impl Backlog {
    /// As of `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, now: i64) -> QueryResult<Self> {
        let (outbox_pending, oldest): (i64, Option<i64>) = outbox::table
            .filter(outbox::state.eq(OutboxState::Pending.as_str()))
            .select((count_star(), min(outbox::next_attempt_at)))
            .first(conn)?;
        // A message that is being sent, or is to be tried later, is due in the future.
        let overdue_ms = oldest.map_or(0, |due| now.saturating_sub(due).max(0));
        let outbox_overdue_seconds = overdue_ms as f64 / 1_000.0;
        let undelivered = Undelivered::load(conn, now, now)?;
        let undelivered_ms = undelivered.map_or(0, |undelivered| now.saturating_sub(undelivered.oldest_at).max(0));
        let outbox_undelivered_seconds = undelivered_ms as f64 / 1_000.0;
        let outbox_parked = Parked::load(conn)?.map_or(0, |parked| parked.messages);
        let to_index = search_queue::table.count().get_result(conn)?;
        Ok(Self { outbox_pending, outbox_overdue_seconds, outbox_undelivered_seconds, outbox_parked, to_index })
    }
}
