//! Versions of the surveys that sites made.

use counterbell_shared::Survey;
use counterbell_shared::limits::SURVEYS_MAX;
use counterbell_shared::problem::FieldError;
use diesel::dsl::max;
use diesel::prelude::*;

use super::connection::AnyConnection;
use super::dialect;
use super::schema::surveys;
use crate::surveys::{TEMPLATE_VERSION, parse_document, template};

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

/// What became of a document that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Put {
    /// The version it is stored as.
    pub version: i32,
    /// Whether it was stored now; else the newest version is the same.
    pub is_new: bool,
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
    let mut published: Vec<(String, i32)> = surveys::table
        .filter(surveys::site_id.eq(site_id))
        .filter(surveys::published_at.is_not_null())
        .order((surveys::name, surveys::published_at.desc(), surveys::version.desc()))
        .select((surveys::name, surveys::version))
        .load(conn)?;
    published.dedup_by(|next, first| next.0 == first.0);
    Ok(published)
}

/// The document of a version.
///
/// # Errors
/// What the database says.
pub fn find_document(conn: &mut AnyConnection, site_id: i64, name: &str, version: i32) -> QueryResult<Option<String>> {
    surveys::table.find((site_id, name, version)).select(surveys::document).first(conn).optional()
}

/// The survey that a stored response answers; `None` when neither the site nor the templates know the name, or it cannot
/// be read. Of a version that is not there the template is taken, which may label at least some answers.
///
/// # Errors
/// What the database says.
pub fn find_answered(conn: &mut AnyConnection, site_id: i64, name: &str, version: i32) -> QueryResult<Option<Survey>> {
    Ok(match find_document(conn, site_id, name, version)? {
        Some(document) => parse_document(document.as_bytes()).ok(),
        None => template(name).map(|template| template.survey.clone()),
    })
}

/// The newest version of a name.
///
/// # Errors
/// What the database says.
pub fn newest(conn: &mut AnyConnection, site_id: i64, name: &str) -> QueryResult<Option<i32>> {
    let of_name = surveys::table.filter(surveys::site_id.eq(site_id)).filter(surveys::name.eq(name));
    of_name.select(max(surveys::version)).first(conn)
}

/// Stores a new version of `survey`, not in force yet, with its `document` as it was written. The same document again
/// stores nothing. Call in a transaction that writes: whoever stores another version at the same time waits for its end.
///
/// # Errors
/// What the database says; inside, what is wrong with it as a version of its name.
pub fn put(
    conn: &mut AnyConnection,
    site_id: i64,
    survey: &Survey,
    document: &str,
    now: i64,
) -> QueryResult<Result<Put, FieldError>> {
    let name = survey.name.as_str();
    dialect::lock_site(conn, site_id)?;
    let newest = newest(conn, site_id, name)?;
    let last = newest.map(|version| find_document(conn, site_id, name, version)).transpose()?.flatten();
    if let (Some(version), Some(last)) = (newest, &last)
        && last == document
    {
        return Ok(Ok(Put { version, is_new: false }));
    }
    let before = match &last {
        Some(last) => Some(parse_document(last.as_bytes()).map_err(|_| corrupt_document())?.metric),
        None => template(name).map(|template| template.survey.metric),
    };
    if let Some(metric) = before.filter(|metric| *metric != survey.metric) {
        let detail =
            format!("must stay \"{metric}\", which earlier scores were given on; take another name for another metric");
        return Ok(Err(FieldError::new("/metric", detail)));
    }
    if newest.is_none() && count_names(conn, site_id)? >= SURVEYS_MAX {
        return Ok(Err(FieldError::new("/name", format!("would be one more than the {SURVEYS_MAX} a site can have"))));
    }
    let first = template(name).map_or(1, |_| TEMPLATE_VERSION + 1);
    let version = newest.map_or(first, |newest| newest + 1);
    diesel::insert_into(surveys::table)
        .values((
            surveys::site_id.eq(site_id),
            surveys::name.eq(name),
            surveys::version.eq(version),
            surveys::document.eq(document),
            surveys::created_at.eq(now),
        ))
        .execute(conn)?;
    Ok(Ok(Put { version, is_new: true }))
}

fn count_names(conn: &mut AnyConnection, site_id: i64) -> QueryResult<usize> {
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
    now: i64,
) -> QueryResult<Option<i32>> {
    dialect::lock_site(conn, site_id)?;
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
    let published = diesel::update(one).set(surveys::published_at.eq(at)).execute(conn)?;
    Ok((published == 1).then_some(version))
}

/// A document that was right when it was stored no longer is: somebody else wrote it.
pub fn corrupt_document() -> diesel::result::Error {
    diesel::result::Error::DeserializationError("surveys.document holds a value Counterbell did not write".into())
}
