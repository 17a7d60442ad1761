//! Messages in the outbox: how they are made, found, sent again.

mod new;
mod waiting;

use std::str::FromStr;

use counterbell_shared::ResponseId;
use counterbell_shared::metric::UnknownName;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde_json::Value;

use super::connection::AnyConnection;
use super::journal::{self, By, Event};
use super::responses::id_from_column;
use super::schema::{attempts, outbox};
use super::{dialect, tables};

pub use new::{About, NewOutboxRow, Subject, was_told_about_case, was_told_since, withdraw_about_case};
pub use waiting::{WaitingFor, is_sent_to};

/// What a message about a response has as its kind of subject.
pub const SUBJECT_RESPONSE: &str = "response";

/// What a message about touchpoints of a site has.
pub const SUBJECT_SITE: &str = "site";

/// The lane that mails take.
pub const MAIL_LANE: &str = "mail";

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

impl FromStr for OutboxState {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or(UnknownName)
    }
}

/// A message in the outbox.
#[derive(Clone, Debug, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = outbox)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct OutboxRow {
    pub site_id: i64,
    pub message_id: Vec<u8>,
    pub kind: String,
    pub lane: String,
    pub destination: String,
    pub subject_kind: String,
    pub subject_id: Vec<u8>,
    pub payload: String,
    pub state: String,
    pub leased: bool,
    pub attempts: i32,
    pub resent_after: i32,
    pub due_at: i64,
    pub last_error: Option<String>,
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

impl OutboxRow {
    /// The id. `None` only if the column holds something else than 16 bytes.
    pub fn id(&self) -> Option<ResponseId> {
        id_from_column(&self.message_id)
    }

    /// Attempts since it was last sent again, or was made.
    pub fn recent_attempts(&self) -> i32 {
        self.attempts - self.resent_after
    }

    /// Whom it is for; `None` in messages of an earlier version.
    pub fn person_id(&self) -> Option<i64> {
        serde_json::from_str::<Value>(&self.payload).ok()?.get("person")?.as_i64()
    }

    /// What the payload holds under this name.
    pub fn payload_text(&self, name: &str) -> Option<String> {
        let payload: Value = serde_json::from_str(&self.payload).ok()?;
        payload.get(name)?.as_str().map(str::to_owned)
    }
}

/// Puts messages in the outbox, but for those whose dedupe key is there already.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut AnyConnection, rows: &[NewOutboxRow]) -> QueryResult<()> {
    if rows.is_empty() { Ok(()) } else { dialect::insert_outbox(conn, rows) }
}

/// Messages that should have gone out long ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// How many.
    pub messages: i64,
    /// When the oldest was made, or was to go out for the first time (Unix ms).
    pub oldest_at: i64,
    /// Why its last attempt failed; `None` when there was none.
    pub last_error: Option<String>,
}

impl Undelivered {
    /// Those that were due before `before` (Unix ms) and not tried, or made before it and tried in vain; `None` when there are
    /// none.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, before: i64) -> QueryResult<Option<Self>> {
        use outbox::dsl;

        let pending = || outbox::table.filter(dsl::state.eq(OutboxState::Pending.as_str()));
        let tried = || pending().filter(dsl::attempts.gt(0)).filter(dsl::created_at.le(before));
        let untried = || pending().filter(dsl::attempts.eq(0)).filter(dsl::due_at.le(before));
        let messages = tried().count().get_result::<i64>(conn)? + untried().count().get_result::<i64>(conn)?;
        if messages == 0 {
            return Ok(None);
        }
        let tried = tried().order(dsl::created_at).select((dsl::created_at, dsl::last_error)).first(conn).optional()?;
        let untried = untried().order(dsl::due_at).select((dsl::due_at, dsl::last_error)).first(conn).optional()?;
        let oldest = tried.into_iter().chain(untried).min_by_key(|(at, _): &(i64, Option<String>)| *at);
        Ok(oldest.map(|(oldest_at, last_error)| Self { messages, oldest_at, last_error }))
    }
}

/// Makes messages of a lane and a site due that are further ahead than they can be: for each pair of attempts made and longest wait
/// (ms). How many.
///
/// # Errors
/// What the database says.
pub fn bring_forward(
    conn: &mut AnyConnection,
    lane: &str,
    site_id: i64,
    now: i64,
    longest_waits_ms: impl Iterator<Item = (i32, i64)>,
) -> QueryResult<usize> {
    use outbox::dsl;

    let mut changed = 0;
    for (attempts, longest_ms) in longest_waits_ms {
        let too_far = outbox::table
            .filter(dsl::lane.eq(lane))
            .filter(dsl::site_id.eq(site_id))
            // Written out, not bound: only so does SQLite see that the index of what is due serves.
            .filter(sql::<Bool>("state = 'pending'"))
            .filter(dsl::due_at.gt(now + longest_ms))
            // Made before now and never tried: it waits for the end of quiet hours.
            .filter(dsl::attempts.gt(0).or(dsl::created_at.gt(now + longest_ms)))
            .filter((dsl::attempts - dsl::resent_after).eq(attempts));
        changed += diesel::update(too_far).set(dsl::due_at.eq(now)).execute(conn)?;
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
/// due (Unix ms), `None` when no such message is there. One that is being sent stays as it is. Call in a transaction that
/// writes.
///
/// # Errors
/// What the database says.
pub fn resend(
    conn: &mut AnyConnection,
    site_ids: &[i64],
    message_id: ResponseId,
    by: &By,
    now: i64,
) -> QueryResult<Option<i64>> {
    use outbox::dsl;

    let Some(found) = find(conn, site_ids, message_id)? else { return Ok(None) };
    let mut site = journal::lock(conn, found.site_id)?;
    let in_state = |state: OutboxState| {
        let one = outbox::table.filter(dsl::site_id.eq(found.site_id));
        one.filter(dsl::message_id.eq(message_id.as_bytes().as_slice())).filter(dsl::state.eq(state.as_str()))
    };
    let again = (
        dsl::state.eq(OutboxState::Pending.as_str()),
        dsl::resent_after.eq(dsl::attempts),
        dsl::due_at.eq(now),
        dsl::finished_at.eq(None::<i64>),
    );
    let unparked = diesel::update(in_state(OutboxState::Parked)).set(again).execute(conn)?;
    let waiting = in_state(OutboxState::Pending).filter(dsl::leased.eq(false)).filter(dsl::due_at.gt(now));
    let moved = diesel::update(waiting).set(dsl::due_at.eq(now)).execute(conn)?;
    if unparked + moved > 0 {
        site.append(conn, by, now, &[Event::MessageResent { message_id }])?;
    }
    in_state(OutboxState::Pending).select(dsl::due_at).first(conn).optional()
}

/// The message of this id, of any site in `site_ids`.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut AnyConnection, site_ids: &[i64], message_id: ResponseId) -> QueryResult<Option<OutboxRow>> {
    for site_id in site_ids {
        let one = outbox::table.find((*site_id, message_id.as_bytes().as_slice()));
        let found = one.select(OutboxRow::as_select()).first(conn).optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// A try to deliver a message.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = attempts)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct AttemptRow {
    pub site_id: i64,
    pub message_id: Vec<u8>,
    pub attempt: i32,
    pub started_at: i64,
    pub finished_at: i64,
    pub outcome: String,
    pub error: Option<String>,
}

/// The tries to deliver a message, in their order.
///
/// # Errors
/// What the database says.
pub fn attempts(conn: &mut AnyConnection, site_id: i64, message_id: &[u8]) -> QueryResult<Vec<AttemptRow>> {
    attempts::table
        .filter(attempts::site_id.eq(site_id))
        .filter(attempts::message_id.eq(message_id))
        .order(attempts::attempt)
        .load(conn)
}

/// Deletes up to `limit` messages of a site that were made and delivered before `before` (Unix ms), with their tries; their
/// ids. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn expire(conn: &mut AnyConnection, site_id: i64, before: i64, limit: i64) -> QueryResult<Vec<Vec<u8>>> {
    let old: Vec<Vec<u8>> = outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::created_at.lt(before))
        .filter(outbox::state.eq(OutboxState::Delivered.as_str()))
        .filter(outbox::finished_at.lt(before))
        .order((outbox::created_at, outbox::message_id))
        .select(outbox::message_id)
        .limit(limit)
        .load(conn)?;
    tables::delete_messages(conn, site_id, &old)?;
    Ok(old)
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
        let mut query = outbox::table.filter(dsl::site_id.eq(*site_id)).select(OutboxRow::as_select()).into_boxed();
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
