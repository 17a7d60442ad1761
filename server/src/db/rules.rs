//! Versions of a site's alert rules.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::schema::{alert_rules, sites};

/// A version of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = alert_rules)]
pub struct RuleRow {
    /// A slug.
    pub name: String,
    /// Counts from 1.
    pub version: i32,
    /// What it says.
    pub document: String,
    /// When it was stored, Unix ms.
    pub created_at: i64,
    /// From when on it counts no more, Unix ms; `None` while it is in force.
    pub retired_at: Option<i64>,
}

/// The rules of a site that are in force, by name.
///
/// # Errors
/// What the database says.
pub fn in_force(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<RuleRow>> {
    alert_rules::table
        .filter(alert_rules::site_id.eq(site_id))
        .filter(alert_rules::retired_at.is_null())
        .order(alert_rules::name)
        .select(RuleRow::as_select())
        .load(conn)
}

/// What a version of a rule says; `None` when it is not stored.
///
/// # Errors
/// What the database says.
pub fn document(conn: &mut AnyConnection, site_id: i64, name: &str, version: i32) -> QueryResult<Option<String>> {
    alert_rules::table.find((site_id, name, version)).select(alert_rules::document).first(conn).optional()
}

/// Site key and rule, of every rule that is in force on any site.
///
/// # Errors
/// What the database says.
pub fn in_force_anywhere(conn: &mut AnyConnection) -> QueryResult<Vec<(String, RuleRow)>> {
    alert_rules::table
        .inner_join(sites::table.on(sites::id.eq(alert_rules::site_id)))
        .filter(alert_rules::retired_at.is_null())
        .order((sites::id, alert_rules::name))
        .select((sites::site_key, RuleRow::as_select()))
        .load(conn)
}

/// Puts a version of a rule in force, at `now` (Unix ms). No other of its name is.
///
/// # Errors
/// What the database says.
pub fn insert(
    conn: &mut AnyConnection,
    (site_id, name, version): (i64, &str, i32),
    document: &str,
    now: i64,
) -> QueryResult<()> {
    diesel::insert_into(alert_rules::table)
        .values((
            alert_rules::site_id.eq(site_id),
            alert_rules::name.eq(name),
            alert_rules::version.eq(version),
            alert_rules::document.eq(document),
            alert_rules::created_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}
