//! Opening hours: the document of each site, and what `doctor` looks through.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::journal::{By, Event, SiteLock};
use super::schema::{sites, touchpoints};

/// The document of a site.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Option<String>> {
    Ok(find_with_zone(conn, site_id)?.and_then(|(calendar, _)| calendar))
}

/// The document of a site, and the IANA name of its time zone; `None` without the site.
///
/// # Errors
/// What the database says.
pub fn find_with_zone(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Option<(Option<String>, String)>> {
    sites::table.find(site_id).select((sites::calendar, sites::zone)).first(conn).optional()
}

/// Stores a document at `now` (Unix ms), or takes away the one there is; whether there was one.
///
/// # Errors
/// What the database says.
pub fn replace(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    document: Option<&str>,
    by: &By,
    now: i64,
) -> QueryResult<bool> {
    let before = find(conn, site.site_id())?;
    if before.as_deref() != document {
        diesel::update(sites::table.find(site.site_id())).set(sites::calendar.eq(document)).execute(conn)?;
        site.append(conn, by, now, &[Event::CalendarChanged { cleared: document.is_none() }])?;
    }
    Ok(before.is_some())
}

/// Every document that is stored, site by site: whose key, of which touchpoint unless it is the site's own, and the document.
///
/// # Errors
/// What the database says.
pub fn all(conn: &mut AnyConnection) -> QueryResult<Vec<(String, Option<String>, String)>> {
    let of_sites: Vec<(String, String)> = sites::table
        .filter(sites::calendar.is_not_null())
        .order(sites::id)
        .select((sites::site_key, sites::calendar.assume_not_null()))
        .load(conn)?;
    let of_touchpoints: Vec<(String, String, String)> = touchpoints::table
        .inner_join(sites::table.on(sites::id.eq(touchpoints::site_id)))
        .filter(touchpoints::calendar.is_not_null())
        .order((touchpoints::site_id, touchpoints::name))
        .select((sites::site_key, touchpoints::name, touchpoints::calendar.assume_not_null()))
        .load(conn)?;
    let of_sites = of_sites.into_iter().map(|(site_key, document)| (site_key, None, document));
    let of_touchpoints = of_touchpoints.into_iter().map(|(site_key, name, document)| (site_key, Some(name), document));
    Ok(of_sites.chain(of_touchpoints).collect())
}

/// Zones of touchpoints that have their own: whose site key, which touchpoint, and the name that is stored.
///
/// # Errors
/// What the database says.
pub fn own_zones(conn: &mut AnyConnection) -> QueryResult<Vec<(String, String, String)>> {
    touchpoints::table
        .inner_join(sites::table.on(sites::id.eq(touchpoints::site_id)))
        .filter(touchpoints::zone.is_not_null())
        .order((touchpoints::site_id, touchpoints::name))
        .select((sites::site_key, touchpoints::name, touchpoints::zone.assume_not_null()))
        .load(conn)
}
