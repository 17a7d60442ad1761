//! Lets a response in that was held back as suspected spam.

use counterbell_shared::ResponseId;
use counterbell_shared::time::UnixMillis;
use diesel::Connection;
use diesel::result::QueryResult;

use crate::db::journal::{self, By, Event};
use crate::db::responses::ResponseRow;
use crate::db::score_days::{ScoreDays, day_of};
use crate::db::triage::NewTriageRow;
use crate::db::{AnyConnection, dialect};

/// Counts a response that was held back and has triage look at it, in one transaction; the response, `None` when none of
/// `site_ids` has it. One that is not held is left as it is.
///
/// # Errors
/// What the database says.
pub fn release(
    conn: &mut AnyConnection,
    site_ids: &[i64],
    id: ResponseId,
    by: &By,
    now: UnixMillis,
) -> QueryResult<Option<ResponseRow>> {
    conn.transaction(|conn| {
        let Some(found) = ResponseRow::find(conn, site_ids, id)? else { return Ok(None) };
        let mut site_lock = journal::lock(conn, found.site_id)?;
        // Of two releases at the same time only one changes the row, and what is counted is what is stored.
        let Some(mut row) = dialect::lock_response(conn, found.site_id, id.as_bytes())? else { return Ok(None) };
        if row.held.take().is_none() || !ResponseRow::clear_held(conn, row.site_id, id)? {
            return Ok(Some(row));
        }
        let mut counts = ScoreDays::default();
        counts.add((row.site_id, &row.metric, day_of(row.created_at), &row.touchpoint), row.score);
        counts.store(conn)?;
        site_lock.append(conn, by, now.0, &[Event::ResponseReleased { response_id: id }])?;
        let (site_id, revision) = (row.site_id, row.revision);
        let triage = NewTriageRow { site_id, response_id: *id.as_bytes(), revision, due_at: now.0 };
        dialect::enqueue_for_triage(conn, &[triage])?;
        Ok(Some(row))
    })
}
