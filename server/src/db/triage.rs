//! Responses that wait for triage.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::schema::triage_queue;

/// A response that is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct NewTriageRow {
    pub site_id: i64,
    pub response_id: [u8; 16],
    /// The one that is stored with this row.
    pub revision: i32,
    /// When, Unix ms.
    pub due_at: i64,
}

/// A response that is due.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct Due {
    pub response_id: Vec<u8>,
    pub revision: i32,
    pub attempts: i32,
}

/// Up to `limit` responses of a site that are due at `now` (Unix ms), the longest due first. Nobody is kept from changing
/// them.
///
/// # Errors
/// What the database says.
pub fn due(conn: &mut AnyConnection, site_id: i64, now: i64, limit: i64) -> QueryResult<Vec<Due>> {
    triage_queue::table
        .filter(triage_queue::site_id.eq(site_id))
        .filter(triage_queue::parked_at.is_null())
        .filter(triage_queue::due_at.le(now))
        .order(triage_queue::due_at)
        .select((triage_queue::response_id, triage_queue::revision, triage_queue::attempts))
        .limit(limit)
        .load(conn)
}

/// Takes a response out of the queue; whether it was still there as it was read: a later revision comes in its place. The
/// caller has locked the site and the response.
///
/// # Errors
/// What the database says.
pub fn take(conn: &mut AnyConnection, site_id: i64, due: &Due) -> QueryResult<bool> {
    Ok(diesel::delete(row(site_id, due)).execute(conn)? > 0)
}

/// Has a response that waits wait for this revision, until then; one that does not wait is left. The caller has locked the
/// response.
///
/// # Errors
/// What the database says.
pub fn put_off(conn: &mut AnyConnection, new: &NewTriageRow) -> QueryResult<()> {
    let waits = triage_queue::table
        .filter(triage_queue::site_id.eq(new.site_id))
        .filter(triage_queue::response_id.eq(new.response_id.as_slice()));
    diesel::update(waits)
        .set((triage_queue::revision.eq(new.revision), triage_queue::due_at.eq(new.due_at)))
        .execute(conn)
        .map(|_| ())
}

/// Has a response that failed by `error` looked at `again` (Unix ms), or no more, from `now` (Unix ms) on.
///
/// # Errors
/// What the database says.
pub fn fail(
    conn: &mut AnyConnection,
    site_id: i64,
    due: &Due,
    error: &str,
    again: Option<i64>,
    now: i64,
) -> QueryResult<()> {
    let failed = (
        triage_queue::attempts.eq(due.attempts + 1),
        triage_queue::last_error.eq(error),
        triage_queue::due_at.eq(again.unwrap_or(now)),
        triage_queue::parked_at.eq(again.is_none().then_some(now)),
    );
    diesel::update(row(site_id, due)).set(failed).execute(conn).map(|_| ())
}

#[diesel::dsl::auto_type(no_type_alias)]
fn row<'a>(site_id: i64, due: &'a Due) -> _ {
    let response_id: &'a [u8] = &due.response_id;
    let revision: i32 = due.revision;
    triage_queue::table
        .filter(triage_queue::site_id.eq(site_id))
        .filter(triage_queue::response_id.eq(response_id))
        .filter(triage_queue::revision.eq(revision))
}
