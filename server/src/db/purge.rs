//! Deletes old responses, and what belongs to them.

use counterbell_shared::time::{DAY_MS, UnixMillis};
use diesel::prelude::*;

use super::case_words::Gone;
use super::connection::AnyConnection;
use super::schema::{outbox, responses, sites};
use super::{journal, tables};

/// Sites that keep responses for a limited time, with the days they keep them.
///
/// # Errors
/// What the database says.
pub fn sites_with_retention(conn: &mut AnyConnection) -> QueryResult<Vec<(i64, i32)>> {
    sites::table
        .filter(sites::retention_days.is_not_null())
        .order(sites::id)
        .select((sites::id, sites::retention_days.assume_not_null()))
        .load(conn)
}

/// When a site deletes what is older than `days`: the start of a day (UTC), so that the rollup and the responses of a day
/// are never of different extent.
pub fn horizon(now: UnixMillis, days: i32) -> i64 {
    (now.day() - i64::from(days)) * DAY_MS
}

/// Before when (Unix ms) responses of a site may be gone; 0 when none ever were.
///
/// # Errors
/// What the database says.
pub fn purged_before(conn: &mut AnyConnection, site_id: i64) -> QueryResult<i64> {
    sites::table.find(site_id).select(sites::purged_before).first(conn)
}

/// Writes down that a site's responses created before `horizon` (Unix ms) may be gone.
///
/// # Errors
/// What the database says.
pub fn set_purged_before(conn: &mut AnyConnection, site_id: i64, horizon: i64) -> QueryResult<usize> {
    diesel::update(sites::table.filter(sites::id.eq(site_id)).filter(sites::purged_before.lt(horizon)))
        .set(sites::purged_before.eq(horizon))
        .execute(conn)
}

/// How many of a site's responses were created before `horizon` (Unix ms).
///
/// # Errors
/// What the database says.
pub fn count_older(conn: &mut AnyConnection, site_id: i64, horizon: i64) -> QueryResult<i64> {
    responses::table
        .filter(responses::site_id.eq(site_id))
        .filter(responses::created_at.lt(horizon))
        .count()
        .get_result(conn)
}

/// What a chunk took away.
#[derive(Clone, Debug, Default)]
pub struct Deleted {
    /// Responses.
    pub responses: usize,
    /// What went along.
    pub gone: Gone,
}

impl Deleted {
    /// How many responses and messages.
    pub fn rows(&self) -> usize {
        self.responses + self.gone.messages.len()
    }

    /// Whether nothing was left to delete.
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }
}

/// Deletes up to `limit` of a site's responses created before `horizon` (Unix ms) with what belongs to them, but for their
/// words, and as many of the messages made before it. Call in a transaction that writes.
///
/// # Errors
/// What the database says.
pub fn delete_chunk(conn: &mut AnyConnection, site_id: i64, horizon: i64, limit: i64) -> QueryResult<Deleted> {
    // Nobody else decides about the site meanwhile.
    let _lock = journal::lock(conn, site_id)?;
    let old: Vec<Vec<u8>> = responses::table
        .filter(responses::site_id.eq(site_id))
        .filter(responses::created_at.lt(horizon))
        .order((responses::created_at, responses::response_id))
        .select(responses::response_id)
        .limit(limit)
        .load(conn)?;
    let mut gone = tables::delete_responses(conn, site_id, &old.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    // Whose response is gone already.
    let left_behind: Vec<Vec<u8>> = outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::created_at.lt(horizon))
        .order((outbox::created_at, outbox::message_id))
        .select(outbox::message_id)
        .limit(limit)
        .load(conn)?;
    tables::delete_messages(conn, site_id, &left_behind)?;
    gone.messages.extend(left_behind);
    Ok(Deleted { responses: old.len(), gone })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::SharedText;
    use crate::db::responses::NewResponseRow;
    use crate::db::schema::search_queue;
    use crate::db::test_database::TestDatabase;
    use crate::db::{dialect, migrations};

    fn response(id: u8, created_at: i64) -> NewResponseRow {
        NewResponseRow {
            site_id: 1,
            response_id: [id; 16],
            touchpoint: String::new(),
            survey: SharedText("csat".into()),
            survey_version: 1,
            metric: "csat",
            score: 1,
            comment: Some("late".to_owned()),
            order_ref: None,
            customer_ref: None,
            contact_email: None,
            locale: None,
            page_url: None,
            channel: "web",
            created_at,
            received_at: created_at,
            held: None,
            answers: None,
            complete: true,
            revision: 0,
        }
    }

    #[test]
    fn what_waits_for_the_search_index_goes_with_its_response() {
        for database in TestDatabase::of_each_kind() {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();
            let [old, new] = [response(1, 10), response(2, 30)];
            dialect::insert_responses(&mut conn, &[&old, &new]).unwrap();
            dialect::enqueue_for_search(&mut conn, &[(1, &old.response_id), (1, &new.response_id)]).unwrap();

            dialect::write_transaction(&mut conn, |conn| delete_chunk(conn, 1, 20, 500)).unwrap();

            let left: Vec<Vec<u8>> = search_queue::table.select(search_queue::response_id).load(&mut conn).unwrap();
            assert_eq!(left, [new.response_id]);
        }
    }
}
