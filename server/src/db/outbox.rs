//! Fired alerts, and the messages they put in the outbox.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::connection::AnyConnection;
use super::schema::{alerts, outbox};

/// A rule that fired for a response.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = alerts)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct NewAlertRow {
    pub site_id: i64,
    pub response_id: [u8; 16],
    pub rule: String,
    pub fired_at: i64,
}

/// The mail that tells staff about an unhappy customer.
pub const KIND_ALERT_MAIL: &str = "alert_mail";

/// The kinds this program can deliver. One that a newer program stored waits for that.
pub const KINDS: [&str; 1] = [KIND_ALERT_MAIL];

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// To be delivered, now or at the next attempt.
    Pending,
    /// Taken by the receiving server.
    Delivered,
    /// Given up after the last attempt; can be sent again.
    Parked,
}

impl OutboxState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Parked];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
        }
    }
}

/// A message to be delivered after the commit.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = outbox)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct NewOutboxRow {
    pub site_id: i64,
    pub message_id: [u8; 16],
    pub kind: &'static str,
    pub recipient: String,
    pub response_id: [u8; 16],
    pub rule: String,
    pub state: &'static str,
    pub attempts: i32,
    pub next_attempt_at: i64,
    pub created_at: i64,
}

/// A message in the outbox.
#[derive(Clone, Debug, Queryable, QueryableByName)]
#[diesel(table_name = outbox)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct OutboxRow {
    pub site_id: i64,
    pub message_id: Vec<u8>,
    pub kind: String,
    pub recipient: String,
    pub response_id: Vec<u8>,
    pub rule: String,
    pub state: String,
    pub attempts: i32,
    pub next_attempt_at: i64,
    pub last_error: Option<String>,
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

/// Messages that should have gone out long ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// How many.
    pub messages: i64,
    /// When the oldest was made (Unix ms).
    pub oldest_at: i64,
    /// Why its last attempt failed; `None` when there was none.
    pub last_error: Option<String>,
}

impl Undelivered {
    /// Those made before `before` (Unix ms) that are due, or were tried in vain; `None` when there are none.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, now: i64, before: i64) -> QueryResult<Option<Self>> {
        use outbox::dsl;

        let late = || {
            outbox::table
                .filter(dsl::state.eq(OutboxState::Pending.as_str()))
                .filter(dsl::created_at.le(before))
                .filter(dsl::attempts.gt(0).or(dsl::next_attempt_at.le(now)))
        };
        let messages: i64 = late().count().get_result(conn)?;
        if messages == 0 {
            return Ok(None);
        }
        let oldest = late().order(dsl::created_at).select((dsl::created_at, dsl::last_error)).first(conn).optional()?;
        Ok(oldest.map(|(oldest_at, last_error)| Self { messages, oldest_at, last_error }))
    }
}

/// Messages of an alert. No index knows the response, but one knows when a message was made: when the alert fired.
#[diesel::dsl::auto_type(no_type_alias)]
fn messages_of<'a>(alert: FiredAlert<'a>) -> _ {
    let site_id: i64 = alert.site_id;
    let response_id: &'a [u8] = alert.response_id;
    let fired_at: i64 = alert.fired_at;
    outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::created_at.eq(fired_at))
        .filter(outbox::response_id.eq(response_id))
}

/// Those of them that no worker has leased yet.
#[diesel::dsl::auto_type(no_type_alias)]
fn untried<'a>(alert: FiredAlert<'a>) -> _ {
    let site_id: i64 = alert.site_id;
    let response_id: &'a [u8] = alert.response_id;
    let fired_at: i64 = alert.fired_at;
    let pending: &'static str = OutboxState::Pending.as_str();
    let attempts: i32 = 0;
    outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::created_at.eq(fired_at))
        .filter(outbox::response_id.eq(response_id))
        .filter(outbox::state.eq(pending))
        .filter(outbox::attempts.eq(attempts))
}

/// A response, by site and id, whose alert fired at this time (Unix ms).
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "named after the columns")]
pub struct FiredAlert<'a> {
    pub site_id: i64,
    pub response_id: &'a [u8],
    pub fired_at: i64,
}

impl<'a> FiredAlert<'a> {
    /// That of a response; `None` when nothing fired for it.
    ///
    /// # Errors
    /// What the database says.
    pub fn find(conn: &mut AnyConnection, site_id: i64, response_id: &'a [u8]) -> QueryResult<Option<Self>> {
        let of_response = alerts::table.filter(alerts::site_id.eq(site_id)).filter(alerts::response_id.eq(response_id));
        let fired_at = of_response.select(alerts::fired_at).first(conn).optional()?;
        Ok(fired_at.map(|fired_at| Self { site_id, response_id, fired_at }))
    }

    /// Who is told of it, or was.
    ///
    /// # Errors
    /// What the database says.
    pub fn recipients(&self, conn: &mut AnyConnection) -> QueryResult<Vec<String>> {
        messages_of(*self).select(outbox::recipient).load(conn)
    }

    /// Makes the messages that nobody has tried to deliver due at this time (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn move_untried(&self, conn: &mut AnyConnection, due_at: i64) -> QueryResult<usize> {
        diesel::update(untried(*self)).set(outbox::next_attempt_at.eq(due_at)).execute(conn)
    }

    /// Deletes the messages that nobody has tried to deliver.
    ///
    /// # Errors
    /// What the database says.
    pub fn delete_untried(&self, conn: &mut AnyConnection) -> QueryResult<usize> {
        diesel::delete(untried(*self)).execute(conn)
    }

    /// Deletes the alert, whichever rules fired; its messages stay.
    ///
    /// # Errors
    /// What the database says.
    pub fn delete(&self, conn: &mut AnyConnection) -> QueryResult<usize> {
        let of_response =
            alerts::table.filter(alerts::site_id.eq(self.site_id)).filter(alerts::response_id.eq(self.response_id));
        diesel::delete(of_response).execute(conn)
    }
}

/// Up to `limit` sites with due messages of the kinds we know: the next ones after `after`, and round to it again.
///
/// # Errors
/// What the database says.
pub fn due_sites(conn: &mut AnyConnection, now: i64, after: i64, limit: usize) -> QueryResult<Vec<i64>> {
    let mut due = Vec::new();
    // Site by site: a query for all of them would read every message of the first to find the second.
    for (mut last, end) in [(after, i64::MAX), (i64::MIN, after)] {
        while due.len() < limit
            && let Some(site_id) = next_pending_site(conn, last, end)?
        {
            last = site_id;
            if first_due(conn, site_id)?.is_some_and(|at| at <= now) {
                due.push(site_id);
            }
        }
    }
    Ok(due)
}

/// The first site with pending messages after `last`, up to `end`.
fn next_pending_site(conn: &mut AnyConnection, last: i64, end: i64) -> QueryResult<Option<i64>> {
    outbox::table
        .filter(outbox::state.eq(OutboxState::Pending.as_str()))
        .filter(outbox::site_id.gt(last))
        .filter(outbox::site_id.le(end))
        .order(outbox::site_id)
        .select(outbox::site_id)
        .first(conn)
        .optional()
}

/// When the next message of a site is due (Unix ms), of the kinds we know.
fn first_due(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Option<i64>> {
    outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::state.eq(OutboxState::Pending.as_str()))
        .filter(outbox::kind.eq_any(KINDS))
        .order(outbox::next_attempt_at)
        .select(outbox::next_attempt_at)
        .first(conn)
        .optional()
}

/// Makes due what is further ahead than it can be: for each pair of attempts made and longest wait (ms). How many.
///
/// # Errors
/// What the database says.
pub fn bring_forward(
    conn: &mut AnyConnection,
    now: i64,
    longest_waits_ms: impl Iterator<Item = (i32, i64)>,
) -> QueryResult<usize> {
    use outbox::dsl;

    let mut changed = 0;
    for (attempts, longest_ms) in longest_waits_ms {
        let too_far = outbox::table
            .filter(dsl::state.eq(OutboxState::Pending.as_str()))
            .filter(dsl::next_attempt_at.gt(now + longest_ms))
            .filter(dsl::attempts.eq(attempts));
        changed += diesel::update(too_far).set(dsl::next_attempt_at.eq(now)).execute(conn)?;
    }
    Ok(changed)
}

/// Whether this message is stored.
///
/// # Errors
/// What the database says.
pub fn is_stored(conn: &mut AnyConnection, site_id: i64, message_id: &[u8]) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(outbox::table.find((site_id, message_id)))).get_result(conn)
}

/// Has a parked message sent again from its first attempt on, and one that waits for its next attempt sent now; when it is
/// due (Unix ms), `None` when no such message is there. No lease ends later than `leases_end_by` (Unix ms): what is due by
/// then may be being sent, and stays as it is.
///
/// # Errors
/// What the database says.
pub fn resend(
    conn: &mut AnyConnection,
    site_ids: &[i64],
    message_id: &[u8],
    now: i64,
    leases_end_by: i64,
) -> QueryResult<Option<i64>> {
    use outbox::dsl;

    let in_state = |state: OutboxState| {
        outbox::table
            .filter(dsl::site_id.eq_any(site_ids.to_vec()))
            .filter(dsl::message_id.eq(message_id))
            .filter(dsl::state.eq(state.as_str()))
    };
    let again = (
        dsl::state.eq(OutboxState::Pending.as_str()),
        dsl::attempts.eq(0),
        dsl::next_attempt_at.eq(now),
        dsl::finished_at.eq(None::<i64>),
    );
    diesel::update(in_state(OutboxState::Parked)).set(again).execute(conn)?;
    // Who leases a message counts an attempt.
    let waiting = dsl::next_attempt_at.gt(leases_end_by).or(dsl::next_attempt_at.gt(now).and(dsl::attempts.eq(0)));
    let waiting = in_state(OutboxState::Pending).filter(waiting);
    diesel::update(waiting).set(dsl::next_attempt_at.eq(now)).execute(conn)?;
    in_state(OutboxState::Pending).select(dsl::next_attempt_at).first(conn).optional()
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxPosition {
    /// Creation time of the last message shown, Unix ms.
    pub created_at: i64,
    /// Its id.
    pub message_id: Vec<u8>,
}

/// The newest `limit` messages of `site_ids` after `after`, newest first. Message ids differ across sites.
///
/// # Errors
/// What the database says.
pub fn list(
    conn: &mut AnyConnection,
    site_ids: &[i64],
    state: Option<OutboxState>,
    after: Option<&OutboxPosition>,
    limit: i64,
) -> QueryResult<Vec<OutboxRow>> {
    use outbox::dsl;

    let mut rows = Vec::new();
    for site_id in site_ids {
        let mut query = outbox::table.filter(dsl::site_id.eq(*site_id)).into_boxed();
        if let Some(state) = state {
            // Written out, not bound: only so does SQLite see that the index of parked messages serves.
            query = query.filter(sql::<Bool>(&format!("state = '{}'", state.as_str())));
        }
        if let Some(after) = after {
            let older = dsl::created_at.lt(after.created_at);
            query = query
                .filter(dsl::created_at.le(after.created_at))
                .filter(older.or(dsl::message_id.lt(after.message_id.clone())));
        }
        rows.extend(
            query.order((dsl::created_at.desc(), dsl::message_id.desc())).limit(limit).load::<OutboxRow>(conn)?,
        );
    }
    if site_ids.len() > 1 {
        rows.sort_by(|a, b| (b.created_at, &b.message_id).cmp(&(a.created_at, &a.message_id)));
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(rows)
}
