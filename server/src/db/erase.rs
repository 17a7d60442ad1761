//! Deletes a response, or a site, with all that belongs to it.

use std::collections::HashSet;

use counterbell_shared::ResponseId;
use diesel::prelude::*;

use super::case_words::Gone;
use super::connection::AnyConnection;
use super::journal::{self, By, Event, NO_SITE};
use super::responses::by_site;
use super::schema::{alerts, api_keys, erased_responses, outbox, responses, sites, surveys};
use super::score_days::{ScoreDays, day_of, delete_if_empty};
use super::sites::Site;
use super::{case_figures, dialect, purge, staff, tables};

/// Deletes a response with its additions, alerts, messages, place in the search queue and share of the figures; what went
/// along. `None` when no such response is stored. Its id is kept, so that it does not
/// come back. `now` is in Unix ms. Call in a transaction that writes.
///
/// The words of an SQLite database are in a file of their own: see [`crate::search::SearchIndex::remove`].
///
/// # Errors
/// What the database says.
pub fn erase_response(
    conn: &mut AnyConnection,
    site_id: i64,
    id: ResponseId,
    by: &By,
    now: i64,
) -> QueryResult<Option<Gone>> {
    let response_id = id.as_bytes().as_slice();
    let mut site = journal::lock(conn, site_id)?;
    let Some(row) = dialect::lock_response(conn, site_id, response_id)? else { return Ok(None) };
    let gone = tables::delete_responses(conn, site_id, &[response_id])?;
    diesel::delete(erased_responses::table.find((site_id, response_id))).execute(conn)?;
    let erased = (
        erased_responses::site_id.eq(site_id),
        erased_responses::response_id.eq(response_id),
        erased_responses::erased_at.eq(now),
    );
    diesel::insert_into(erased_responses::table).values(erased).execute(conn)?;
    dialect::delete_words(conn, site_id, &[response_id])?;
    if row.held.is_none() {
        let key = (site_id, row.metric.as_str(), day_of(row.created_at), row.touchpoint.as_str());
        let mut counts = ScoreDays::default();
        counts.take(key, row.score);
        counts.store(conn)?;
        delete_if_empty(conn, key)?;
    }
    site.append(conn, by, now, &[Event::ResponseDeleted { response_id: id }])?;
    Ok(Some(gone))
}

/// Whether any response was ever deleted one by one: a look at one row.
///
/// # Errors
/// What the database says.
pub fn any_is_erased(conn: &mut AnyConnection) -> QueryResult<bool> {
    Ok(erased_responses::table.select(erased_responses::site_id).first::<i64>(conn).optional()?.is_some())
}

/// Those of `keys` (site, id) that were deleted one by one. A site at a time, so that no query spans sites.
///
/// # Errors
/// What the database says.
pub fn erased_among(conn: &mut AnyConnection, keys: &[(i64, Vec<u8>)]) -> QueryResult<HashSet<(i64, Vec<u8>)>> {
    let mut erased = HashSet::new();
    for (site_id, ids) in by_site(keys) {
        let of_site = erased_responses::table.filter(erased_responses::site_id.eq(site_id));
        let found = of_site.filter(erased_responses::response_id.eq_any(ids)).select(erased_responses::response_id);
        erased.extend(found.load(conn)?.into_iter().map(|id| (site_id, id)));
    }
    Ok(erased)
}

/// How much there is of a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[expect(missing_docs, reason = "named after the tables")]
pub struct SiteExtent {
    pub responses: i64,
    pub cases: i64,
    pub alerts: i64,
    pub messages: i64,
    pub surveys: i64,
    pub api_keys: i64,
}

impl SiteExtent {
    /// That of a site.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Self> {
        Ok(Self {
            responses: responses::table.filter(responses::site_id.eq(site_id)).count().get_result(conn)?,
            cases: case_figures::count(conn, site_id)?,
            alerts: alerts::table.filter(alerts::site_id.eq(site_id)).count().get_result(conn)?,
            messages: outbox::table.filter(outbox::site_id.eq(site_id)).count().get_result(conn)?,
            surveys: surveys::table.filter(surveys::site_id.eq(site_id)).count().get_result(conn)?,
            api_keys: api_keys::table.filter(api_keys::site_id.eq(site_id)).count().get_result(conn)?,
        })
    }
}

/// The daily cap of a site that is being deleted: below what can be set, since "no limit" is NULL, and the least limit is 1.
pub const CLOSED: i32 = 0;

/// Has a site take no more responses and tell nobody: servers know it within five seconds.
///
/// # Errors
/// What the database says.
pub fn close_site(conn: &mut AnyConnection, site_id: i64) -> QueryResult<()> {
    // Whoever changes it at this moment must not open it again.
    let _ = journal::lock(conn, site_id)?;
    diesel::update(sites::table.find(site_id)).set(sites::daily_cap.eq(CLOSED)).execute(conn)?;
    staff::tell_nobody(conn, site_id)?;
    Ok(())
}

/// Deletes up to `limit` of a site's responses, or messages, with what belongs to them; what went. Call in a
/// transaction that writes.
///
/// # Errors
/// What the database says.
pub fn delete_site_chunk(conn: &mut AnyConnection, site_id: i64, limit: i64) -> QueryResult<purge::Deleted> {
    purge::delete_chunk(conn, site_id, i64::MAX, limit)
}

/// Deletes a site of which no response is left, its journal included, at `now` (Unix ms). Call in a transaction that writes.
///
/// # Errors
/// What the database says.
pub fn delete_site(conn: &mut AnyConnection, site: &Site, by: &By, now: i64) -> QueryResult<()> {
    // It goes with the site.
    let _ = journal::lock(conn, site.id)?;
    // Before people are deleted whom no site names any more: whoever joins one at this moment locks it, too.
    let mut none = journal::lock(conn, NO_SITE)?;
    tables::delete_site(conn, site.id)?;
    let deleted = Event::SiteDeleted { site_key: site.site_key.to_string() };
    none.append(conn, by, now, &[deleted])
}
