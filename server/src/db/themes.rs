//! What each site's card is drawn with, as it was written.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::journal::{self, By, Event};
use super::schema::sites;

/// The theme's document of a site.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Option<String>> {
    let found: Option<Option<String>> = sites::table.find(site_id).select(sites::theme).first(conn).optional()?;
    Ok(found.flatten())
}

/// Stores a document at `now` (Unix ms), or takes away the one there is; whether there was one. Call in a transaction that
/// writes.
///
/// # Errors
/// What the database says.
pub fn replace(conn: &mut AnyConnection, site_id: i64, document: Option<&str>, by: &By, now: i64) -> QueryResult<bool> {
    let mut site = journal::lock(conn, site_id)?;
    let before = find(conn, site_id)?;
    if before.as_deref() == document {
        return Ok(before.is_some());
    }
    diesel::update(sites::table.find(site_id)).set(sites::theme.eq(document)).execute(conn)?;
    site.append(conn, by, now, &[Event::ThemeChanged { cleared: document.is_none() }])?;
    Ok(before.is_some())
}
