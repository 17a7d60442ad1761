//! Versions of the surveys that sites made: what may become one, and which a response answers.

use counterbell_shared::Survey;
use counterbell_shared::limits::SURVEYS_MAX;
use counterbell_shared::problem::FieldError;
use diesel::result::QueryResult;

use super::{TEMPLATE_VERSION, parse_document, template};
use crate::db::AnyConnection;
use crate::db::journal::{self, By, Event};
use crate::db::surveys::{count_names, find_document, insert, newest};

/// What became of a document that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Put {
    /// The version it is stored as.
    pub version: i32,
    /// Whether it was stored now; else the newest version is the same.
    pub is_new: bool,
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
    by: &By,
    now: i64,
) -> QueryResult<Result<Put, FieldError>> {
    let name = survey.name.as_str();
    let mut site = journal::lock(conn, site_id)?;
    let newest = newest(conn, site_id, name)?;
    let last = newest.map(|version| find_document(conn, site_id, name, version)).transpose()?.flatten();
    if let (Some(version), Some(last)) = (newest, &last)
        && last == document
    {
        return Ok(Ok(Put { version, is_new: false }));
    }
    // One that cannot be read must not keep a version from being stored that can.
    let last = last.and_then(|last| parse_document(last.as_bytes()).ok()).map(|last| last.metric);
    let before = last.or_else(|| template(name).map(|template| template.survey.metric));
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
    insert(conn, (site_id, name, version), document, now)?;
    site.append(conn, by, now, &[Event::SurveyStored { name: name.to_owned(), version }])?;
    Ok(Ok(Put { version, is_new: true }))
}
