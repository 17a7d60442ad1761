//! Deletes old responses, and what belongs to them.

use counterbell_shared::time::{DAY_MS, UnixMillis};
use diesel::prelude::*;

use super::connection::AnyConnection;
use super::schema::{alerts, outbox, response_additions, responses, sites};

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
    /// Ids of messages, whose mails may lie in files.
    pub messages: Vec<Vec<u8>>,
}

impl Deleted {
    /// Whether nothing was left to delete.
    pub fn is_empty(&self) -> bool {
        self.responses == 0 && self.messages.is_empty()
    }
}

/// Deletes up to `limit` of a site's responses created before `horizon` (Unix ms) with their alerts, and as many of its
/// messages, in one transaction.
///
/// # Errors
/// What the database says.
pub fn delete_chunk(conn: &mut AnyConnection, site_id: i64, horizon: i64, limit: i64) -> QueryResult<Deleted> {
    conn.transaction(|conn| {
        let old: Vec<Vec<u8>> = responses::table
            .filter(responses::site_id.eq(site_id))
            .filter(responses::created_at.lt(horizon))
            .order((responses::created_at, responses::response_id))
            .select(responses::response_id)
            .limit(limit)
            .load(conn)?;
        // The response before its alert, as everybody locks them: two must not wait for each other in a circle.
        let rows = responses::table.filter(responses::site_id.eq(site_id)).filter(responses::response_id.eq_any(&old));
        let responses = diesel::delete(rows).execute(conn)?;
        let of_old = alerts::table.filter(alerts::site_id.eq(site_id)).filter(alerts::response_id.eq_any(&old));
        diesel::delete(of_old).execute(conn)?;
        let of_old = response_additions::table
            .filter(response_additions::site_id.eq(site_id))
            .filter(response_additions::response_id.eq_any(&old));
        diesel::delete(of_old).execute(conn)?;
        let messages: Vec<Vec<u8>> = outbox::table
            .filter(outbox::site_id.eq(site_id))
            .filter(outbox::created_at.lt(horizon))
            .order((outbox::created_at, outbox::message_id))
            .select(outbox::message_id)
            .limit(limit)
            .load(conn)?;
        let old = outbox::table.filter(outbox::site_id.eq(site_id)).filter(outbox::message_id.eq_any(&messages));
        diesel::delete(old).execute(conn)?;
        Ok(Deleted { responses, messages })
    })
}
