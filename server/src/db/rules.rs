//! Versions of a site's alert rules.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::journal::{By, Event, SiteLock};
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

/// A version, without its document.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct RuleState {
    /// A slug.
    pub name: String,
    /// Counts from 1.
    pub version: i32,
    /// When it was stored, Unix ms.
    pub created_at: i64,
    /// From when on it counts no more, Unix ms; `None` while it is in force.
    pub retired_at: Option<i64>,
}

/// Every version of every rule of a site, by name, the oldest version first.
///
/// # Errors
/// What the database says.
pub fn list(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<RuleState>> {
    alert_rules::table
        .filter(alert_rules::site_id.eq(site_id))
        .order((alert_rules::name, alert_rules::version))
        .select((alert_rules::name, alert_rules::version, alert_rules::created_at, alert_rules::retired_at))
        .load(conn)
}

/// A version of a rule; when none is named, the one in force, else the newest.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut AnyConnection, site_id: i64, name: &str, version: Option<i32>) -> QueryResult<Option<RuleRow>> {
    let mut of_name = alert_rules::table
        .filter(alert_rules::site_id.eq(site_id))
        .filter(alert_rules::name.eq(name))
        .select(RuleRow::as_select())
        .into_boxed();
    if let Some(version) = version {
        of_name = of_name.filter(alert_rules::version.eq(version));
    }
    // The one in force is the newest, unless that is retired.
    of_name.order(alert_rules::version.desc()).first(conn).optional()
}

/// Puts a document in force as the next version of a rule, at `now` (Unix ms); its number. The version before is retired.
///
/// # Errors
/// What the database says.
pub fn store(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    (name, document): (&str, &str),
    by: &By,
    now: i64,
) -> QueryResult<i32> {
    let site_id = site.site_id();
    end(conn, site_id, name, now)?;
    let newest = find(conn, site_id, name, None)?.map_or(0, |newest| newest.version);
    insert(conn, (site_id, name, newest + 1), document, now)?;
    site.append(conn, by, now, &[Event::RuleStored { name: name.to_owned(), version: newest + 1 }])?;
    Ok(newest + 1)
}

/// Has a rule count no more from `now` (Unix ms) on; the version that was in force, if one was.
///
/// # Errors
/// What the database says.
pub fn retire(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    name: &str,
    by: &By,
    now: i64,
) -> QueryResult<Option<i32>> {
    let ended = end(conn, site.site_id(), name, now)?;
    if let Some(version) = ended {
        site.append(conn, by, now, &[Event::RuleRetired { name: name.to_owned(), version }])?;
    }
    Ok(ended)
}

fn end(conn: &mut AnyConnection, site_id: i64, name: &str, now: i64) -> QueryResult<Option<i32>> {
    let in_force = alert_rules::table
        .filter(alert_rules::site_id.eq(site_id))
        .filter(alert_rules::name.eq(name))
        .filter(alert_rules::retired_at.is_null());
    let ended = diesel::update(in_force).set(alert_rules::retired_at.eq(now)).returning(alert_rules::version);
    Ok(ended.get_results(conn)?.pop())
}
