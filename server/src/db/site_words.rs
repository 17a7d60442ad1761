//! Each site's wording for the widget's own words, as it was written.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::schema::sites;

/// The document of a site.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Option<String>> {
    let found: Option<Option<String>> = sites::table.find(site_id).select(sites::words).first(conn).optional()?;
    Ok(found.flatten())
}

/// Stores a document, or takes away the one there is; whether there was one. Call in a transaction.
///
/// # Errors
/// What the database says.
pub fn replace(conn: &mut AnyConnection, site_id: i64, document: Option<&str>) -> QueryResult<bool> {
    let before = find(conn, site_id)?;
    diesel::update(sites::table.find(site_id)).set(sites::words.eq(document)).execute(conn)?;
    Ok(before.is_some())
}
