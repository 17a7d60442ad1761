//! Who is told of a response.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use serde_json::Value;

use super::connection::AnyConnection;
use super::dialect;
use super::outbox::{OutboxState, SUBJECT_RESPONSE};
use super::schema::outbox;

/// A message about a response, as far as triage needs it.
#[derive(Clone, Debug, QueryableByName)]
#[diesel(table_name = outbox)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct AboutResponse {
    pub message_id: Vec<u8>,
    pub destination: String,
    pub payload: String,
    pub due_at: i64,
    pub state: String,
    pub attempts: i32,
    pub leased: bool,
}

impl AboutResponse {
    /// Whether nobody has tried to deliver it by `now`, and nobody will before a later moment (both Unix ms).
    pub fn is_held(&self, now: i64) -> bool {
        self.state == OutboxState::Pending.as_str() && self.attempts == 0 && !self.leased && self.due_at > now
    }

    /// Whether it was given up.
    pub fn is_parked(&self) -> bool {
        self.state == OutboxState::Parked.as_str()
    }

    /// Who is told; `None` in messages of an earlier version.
    pub fn person_id(&self) -> Option<i64> {
        serde_json::from_str::<Value>(&self.payload).ok()?.get("person")?.as_i64()
    }

    /// Every message about a response: who is told of it, or was.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64, response_id: &[u8]) -> QueryResult<Vec<Self>> {
        let by_subject = dialect::indexed_by(conn, "outbox_by_subject");
        let query = format!(
            "SELECT message_id, destination, payload, due_at, state, attempts, leased FROM outbox{by_subject} \
             WHERE site_id = $1 AND subject_kind = '{SUBJECT_RESPONSE}' AND subject_id = $2"
        );
        diesel::sql_query(query).bind::<BigInt, _>(site_id).bind::<Binary, _>(response_id).load(conn)
    }
}

/// Has a message that waits and nobody has tried to deliver sent at another time (Unix ms); whether there was one. The caller
/// has locked the site.
///
/// # Errors
/// What the database says.
pub fn send_at(conn: &mut AnyConnection, site_id: i64, message: &AboutResponse, at: i64) -> QueryResult<bool> {
    Ok(diesel::update(untried(site_id, &message.message_id)).set(outbox::due_at.eq(at)).execute(conn)? > 0)
}

/// Of these messages those that nobody has tried to deliver are deleted; whether there are others. The caller has locked the
/// site.
///
/// # Errors
/// What the database says.
pub fn withdraw(conn: &mut AnyConnection, site_id: i64, messages: &[AboutResponse]) -> QueryResult<bool> {
    let mut others = false;
    for message in messages {
        others |= diesel::delete(untried(site_id, &message.message_id)).execute(conn)? == 0;
    }
    Ok(others)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn untried<'a>(site_id: i64, message_id: &'a [u8]) -> _ {
    let pending: &'static str = OutboxState::Pending.as_str();
    outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::message_id.eq(message_id))
        .filter(outbox::state.eq(pending))
        .filter(outbox::attempts.eq(0_i32))
        .filter(outbox::leased.eq(false))
}

/// Every message of a kind about a subject, in the order in which they were made.
///
/// # Errors
/// What the database says.
pub fn of_kind(
    conn: &mut AnyConnection,
    (site_id, kind): (i64, &str),
    (subject_kind, subject_id): (&str, &[u8]),
) -> QueryResult<Vec<AboutResponse>> {
    let by_subject = dialect::indexed_by(conn, "outbox_by_subject");
    let query = format!(
        "SELECT message_id, destination, payload, due_at, state, attempts, leased FROM outbox{by_subject} \
         WHERE site_id = $1 AND subject_kind = $2 AND subject_id = $3 AND kind = $4 ORDER BY message_id"
    );
    diesel::sql_query(query)
        .bind::<BigInt, _>(site_id)
        .bind::<Text, _>(subject_kind)
        .bind::<Binary, _>(subject_id)
        .bind::<Text, _>(kind)
        .load(conn)
}
