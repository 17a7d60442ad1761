//! Messages that wait for somebody who has left.

use counterbell_shared::ResponseId;
use diesel::dsl::{exists, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::OutboxState;
use super::new::key_of;
use crate::db::connection::AnyConnection;
use crate::db::journal::{By, Event, SiteLock};
use crate::db::responses::id_from_column;
use crate::db::schema::outbox;
use crate::db::tables;

/// A message that waits for somebody, and is not being sent.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = outbox)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct WaitingFor {
    pub message_id: Vec<u8>,
    pub kind: String,
    pub subject_id: Vec<u8>,
    pub payload: String,
    pub dedupe_key: Option<String>,
    pub attempts: i32,
}

#[diesel::dsl::auto_type(no_type_alias)]
fn made_for(site_id: i64, person_id: i64) -> _ {
    let to: String = format!("%/{person_id}");
    outbox::table.filter(outbox::site_id.eq(site_id)).filter(outbox::dedupe_key.like(to))
}

/// Written out, not bound: only so does SQLite see that the index of what is due serves.
fn is_pending() -> SqlLiteral<Bool> {
    sql("state = 'pending'")
}

/// Whether a message to somebody is being sent at this moment.
///
/// # Errors
/// What the database says.
pub fn is_sent_to(conn: &mut AnyConnection, site_id: i64, person_id: i64) -> QueryResult<bool> {
    let sent = made_for(site_id, person_id).filter(is_pending()).filter(outbox::leased.eq(true));
    diesel::select(exists(sent)).get_result(conn)
}

impl WaitingFor {
    /// Up to `limit` of them, in the order in which they were made.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64, person_id: i64, limit: i64) -> QueryResult<Vec<Self>> {
        made_for(site_id, person_id)
            .filter(is_pending())
            .filter(outbox::leased.eq(false))
            .order(outbox::message_id)
            .select(Self::as_select())
            .limit(limit)
            .load(conn)
    }

    /// The id. `None` only if the column holds something else than 16 bytes.
    pub fn id(&self) -> Option<ResponseId> {
        id_from_column(&self.message_id)
    }

    /// What of a case it tells, as its dedupe key names it; `None` when it is of another kind.
    pub fn occasion(&self) -> Option<&str> {
        Some(self.dedupe_key.as_deref()?.strip_prefix(&key_of(&self.kind, &self.subject_id))?.rsplit_once('/')?.0)
    }

    /// Takes it back; the journal says so.
    ///
    /// # Errors
    /// What the database says.
    pub fn withdraw(&self, conn: &mut AnyConnection, site: &mut SiteLock, now: i64) -> QueryResult<()> {
        tables::delete_messages(conn, site.site_id(), std::slice::from_ref(&self.message_id))?;
        let withdrawn = self.id().map(|message_id| Event::MessageWithdrawn { message_id });
        site.append(conn, &By::server(), now, withdrawn.as_slice())
    }

    /// Gives it up by `error`, at `now` (Unix ms), so that an admin sees it and can have it sent again.
    ///
    /// # Errors
    /// What the database says.
    pub fn park(&self, conn: &mut AnyConnection, site: &mut SiteLock, error: &str, now: i64) -> QueryResult<()> {
        let one = outbox::table.find((site.site_id(), self.message_id.as_slice()));
        let parked = (
            outbox::state.eq(OutboxState::Parked.as_str()),
            outbox::last_error.eq(error),
            outbox::finished_at.eq(Some(now)),
        );
        diesel::update(one.filter(outbox::leased.eq(false))).set(parked).execute(conn)?;
        let event = self.id().map(|message_id| Event::MessageParked { message_id, attempt: self.attempts });
        site.append(conn, &By::server(), now, event.as_slice())
    }
}
