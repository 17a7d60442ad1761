//! Alerts: rules that fired for responses.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::dialect;
use super::schema::alerts;

/// A rule that fired for a response.
#[derive(Clone, Debug, PartialEq, Eq, Insertable)]
#[diesel(table_name = alerts)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct NewAlertRow {
    pub site_id: i64,
    pub response_id: [u8; 16],
    pub rule: String,
    pub fired_at: i64,
}

/// Names of the rules that fired for a response of a site, the first one first.
///
/// # Errors
/// What the database says.
pub fn fired(conn: &mut AnyConnection, site_id: i64, response_id: &[u8]) -> QueryResult<Vec<String>> {
    of_response(site_id, response_id).order((alerts::fired_at, alerts::rule)).select(alerts::rule).load(conn)
}

/// Writes down that rules fired, which had not before.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut AnyConnection, rows: &[NewAlertRow]) -> QueryResult<()> {
    if rows.is_empty() { Ok(()) } else { dialect::insert_alerts(conn, rows) }
}

/// Deletes the alerts of a response, whichever rules fired; their messages stay.
///
/// # Errors
/// What the database says.
pub fn delete(conn: &mut AnyConnection, site_id: i64, response_id: &[u8]) -> QueryResult<usize> {
    diesel::delete(of_response(site_id, response_id)).execute(conn)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn of_response<'a>(site_id: i64, response_id: &'a [u8]) -> _ {
    alerts::table.filter(alerts::site_id.eq(site_id)).filter(alerts::response_id.eq(response_id))
}
