//! Messages that a server holds while it sends them, and what it writes down of them.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::outbox::{OutboxRow, OutboxState};
use super::schema::outbox;

/// What became of one delivery attempt.
#[derive(Clone, Debug)]
pub enum Attempt {
    /// The receiving server took it.
    Delivered,
    /// It failed; try again at this time (Unix ms).
    Retry {
        /// What the other side said, without addresses.
        error: String,
        /// When.
        at: i64,
    },
    /// It was not tried after all, through a fault on our side; to be tried at this time (Unix ms). It counts as no attempt.
    NotTried {
        /// When.
        at: i64,
    },
    /// It failed for the last time.
    Parked {
        /// What the other side said, without addresses.
        error: String,
    },
}

/// A message that this server alone may deliver, until its lease ends.
///
/// The row shows whose it is by its number of attempts and by when the lease ends. What a server writes after another
/// one leased the message changes nothing.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The message, as it was leased.
    pub message: OutboxRow,
    until: i64,
    /// The end of a renewal that was asked for, when it is not known whether it was committed.
    asked: Option<i64>,
}

impl Lease {
    /// The lease of a message that was just leased.
    pub fn new(message: OutboxRow) -> Self {
        Self { until: message.next_attempt_at, asked: None, message }
    }

    /// When it ends at the earliest (Unix ms).
    pub fn until(&self) -> i64 {
        self.until
    }

    /// It was renewed until `until` (Unix ms).
    pub fn renewed(&mut self, until: i64) {
        (self.until, self.asked) = (self.asked.unwrap_or(until), None);
    }

    /// It was to be renewed until `until` (Unix ms), and may have been.
    pub fn may_be_renewed(&mut self, until: i64) {
        self.asked.get_or_insert(until);
    }

    /// Moves its end to `until` (Unix ms), or to where it may stand already; whether it was still held.
    ///
    /// # Errors
    /// What the database says.
    pub fn renew(&self, conn: &mut AnyConnection, until: i64) -> QueryResult<bool> {
        let renewed = diesel::update(held(self)).set(outbox::next_attempt_at.eq(self.asked.unwrap_or(until)));
        Ok(renewed.execute(conn)? > 0)
    }

    /// Writes down what became of the attempt; whether the lease was still held. If not, nothing is written.
    ///
    /// # Errors
    /// What the database says.
    pub fn mark(&self, conn: &mut AnyConnection, attempt: &Attempt, now: i64) -> QueryResult<bool> {
        use outbox::dsl;

        let held = held(self);
        let marked = match attempt {
            Attempt::Delivered => diesel::update(held)
                .set((dsl::state.eq(OutboxState::Delivered.as_str()), dsl::finished_at.eq(now)))
                .execute(conn)?,
            Attempt::Retry { error, at } => {
                diesel::update(held).set((dsl::last_error.eq(error), dsl::next_attempt_at.eq(*at))).execute(conn)?
            }
            Attempt::NotTried { at } => diesel::update(held)
                .set((dsl::attempts.eq(self.message.attempts - 1), dsl::next_attempt_at.eq(*at)))
                .execute(conn)?,
            Attempt::Parked { error } => diesel::update(held)
                .set((dsl::state.eq(OutboxState::Parked.as_str()), dsl::last_error.eq(error), dsl::finished_at.eq(now)))
                .execute(conn)?,
        };
        Ok(marked > 0)
    }
}

/// The row of a lease that is still held.
#[diesel::dsl::auto_type(no_type_alias)]
fn held<'a>(lease: &'a Lease) -> _ {
    let site_id: i64 = lease.message.site_id;
    let message_id: &'a [u8] = &lease.message.message_id;
    let attempts: i32 = lease.message.attempts;
    let until: i64 = lease.until;
    let asked: i64 = lease.asked.unwrap_or(lease.until);
    let pending: &'static str = OutboxState::Pending.as_str();
    outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::message_id.eq(message_id))
        .filter(outbox::state.eq(pending))
        .filter(outbox::attempts.eq(attempts))
        .filter(outbox::next_attempt_at.eq(until).or(outbox::next_attempt_at.eq(asked)))
}
