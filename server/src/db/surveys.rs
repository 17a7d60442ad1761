//! Versions of the surveys that sites made.

use diesel::dsl::max;
use diesel::prelude::*;

use super::connection::AnyConnection;
use super::journal::{self, By, Event};
use super::schema::surveys;

/// A version, without its document.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct SurveyState {
    /// Name of the survey.
    pub name: String,
    /// Counts from 1, or on from the template's.
    pub version: i32,
    /// When it was stored, Unix ms.
    pub created_at: i64,
    /// When it was last put in force, Unix ms.
    pub published_at: Option<i64>,
}

/// Every version of every survey of a site, by name, the oldest version first.
///
/// # Errors
/// What the database says.
pub fn list(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<SurveyState>> {
    surveys::table
        .filter(surveys::site_id.eq(site_id))
        .order((surveys::name, surveys::version))
        .select((surveys::name, surveys::version, surveys::created_at, surveys::published_at))
        .load(conn)
}

/// Name and version of each survey the site published: of a name the version last put in force.
///
/// # Errors
/// What the database says.
pub fn in_force(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<(String, i32)>> {
    let mut published = published(conn, site_id)?;
    published.dedup_by(|next, first| next.0 == first.0);
    Ok(published)
}

/// Name and version of all that the site ever published, by name: of a name the version last put in force comes first.
///
/// # Errors
/// What the database says.
pub fn published(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<(String, i32)>> {
    surveys::table
        .filter(surveys::site_id.eq(site_id))
        .filter(surveys::published_at.is_not_null())
        .order((surveys::name, surveys::published_at.desc(), surveys::version.desc()))
        .select((surveys::name, surveys::version))
        .load(conn)
}

/// The document of a version.
///
/// # Errors
/// What the database says.
pub fn find_document(conn: &mut AnyConnection, site_id: i64, name: &str, version: i32) -> QueryResult<Option<String>> {
    surveys::table.find((site_id, name, version)).select(surveys::document).first(conn).optional()
}

/// The newest version of a name.
///
/// # Errors
/// What the database says.
pub fn newest(conn: &mut AnyConnection, site_id: i64, name: &str) -> QueryResult<Option<i32>> {
    let of_name = surveys::table.filter(surveys::site_id.eq(site_id)).filter(surveys::name.eq(name));
    of_name.select(max(surveys::version)).first(conn)
}

/// Stores a version that is not in force yet.
///
/// # Errors
/// What the database says.
pub fn insert(
    conn: &mut AnyConnection,
    (site_id, name, version): (i64, &str, i32),
    document: &str,
    now: i64,
) -> QueryResult<()> {
    diesel::insert_into(surveys::table)
        .values((
            surveys::site_id.eq(site_id),
            surveys::name.eq(name),
            surveys::version.eq(version),
            surveys::document.eq(document),
            surveys::created_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// How many surveys a site has, whatever their versions.
///
/// # Errors
/// What the database says.
pub fn count_names(conn: &mut AnyConnection, site_id: i64) -> QueryResult<usize> {
    let names = surveys::table.filter(surveys::site_id.eq(site_id)).select(surveys::name).distinct();
    Ok(names.load::<String>(conn)?.len())
}

/// Puts a version in force, the newest when none is named; `None` when there is no such version. Call in a transaction
/// that writes: of two versions put in force at the same time the later one stays.
///
/// # Errors
/// What the database says.
pub fn publish(
    conn: &mut AnyConnection,
    site_id: i64,
    name: &str,
    version: Option<i32>,
    by: &By,
    now: i64,
) -> QueryResult<Option<i32>> {
    let mut site = journal::lock(conn, site_id)?;
    let version = match version {
        Some(version) => version,
        None => match newest(conn, site_id, name)? {
            Some(version) => version,
            None => return Ok(None),
        },
    };
    let of_name = surveys::table.filter(surveys::site_id.eq(site_id)).filter(surveys::name.eq(name));
    let last: Option<i64> = of_name.select(max(surveys::published_at)).first(conn)?;
    // A clock that was set back must not leave another version in force.
    let at = last.map_or(now, |last| now.max(last.saturating_add(1)));
    let one = surveys::table.find((site_id, name, version));
    if diesel::update(one).set(surveys::published_at.eq(at)).execute(conn)? == 0 {
        return Ok(None);
    }
    site.append(conn, by, now, &[Event::SurveyPublished { name: name.to_owned(), version }])?;
    Ok(Some(version))
}

/// A document that was right when it was stored no longer is: somebody else wrote it.
pub fn corrupt_document() -> diesel::result::Error {
    diesel::result::Error::DeserializationError("surveys.document holds a value Counterbell did not write".into())
}
