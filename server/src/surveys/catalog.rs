//! What surveys a site has, for its staff.

use std::collections::BTreeMap;

use counterbell_shared::Metric;
use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde::Serialize;
use utoipa::ToSchema;

use super::{SiteSurveys, TEMPLATE_VERSION, TEMPLATES_ONLY, parse_document, template_document, templates};
use crate::db::AnyConnection;
use crate::db::surveys::{self, SurveyState, corrupt_document};

/// A survey, and every version of it the site made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogEntry {
    /// Its name.
    pub name: String,
    /// What it measures.
    pub metric: Metric,
    /// The version that is asked; `None` while there are only drafts.
    pub in_force: Option<i32>,
    /// Whether the version in force is the template.
    pub template: bool,
    /// The site's own, oldest first.
    pub versions: Vec<CatalogVersion>,
}

/// A version that the site made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogVersion {
    /// Its number.
    pub version: i32,
    /// When it was stored.
    pub created_at: UnixMillis,
    /// When it was last put in force; `None` for a draft.
    pub published_at: Option<UnixMillis>,
}

/// A version with its document.
#[derive(Debug)]
pub struct ShownSurvey {
    /// Its number.
    pub version: i32,
    /// Whether it is the template.
    pub template: bool,
    /// As it was written.
    pub document: String,
}

impl From<SurveyState> for CatalogVersion {
    fn from(state: SurveyState) -> Self {
        Self {
            version: state.version,
            created_at: UnixMillis(state.created_at),
            published_at: state.published_at.map(UnixMillis),
        }
    }
}

/// Every survey of a site, by name; templates it has nothing in the place of included.
///
/// # Errors
/// What the database says.
pub fn catalog(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<CatalogEntry>> {
    let published = SiteSurveys::load(conn, site_id, &TEMPLATES_ONLY)?;
    let mut names: BTreeMap<String, Vec<CatalogVersion>> = BTreeMap::new();
    for template in templates() {
        names.entry(template.survey.name.clone()).or_default();
    }
    for state in surveys::list(conn, site_id)? {
        names.entry(state.name.clone()).or_default().push(state.into());
    }
    let mut entries = Vec::with_capacity(names.len());
    for (name, versions) in names {
        let in_force = published.find(&name);
        let metric = match (in_force, versions.last()) {
            (Some(survey), _) => survey.version.metric,
            (None, Some(draft)) => read_metric(conn, site_id, &name, draft.version)?,
            (None, None) => continue,
        };
        let version = in_force.map(|survey| survey.version.version);
        let own = versions.iter().any(|own| Some(own.version) == version);
        entries.push(CatalogEntry { name, metric, in_force: version, template: version.is_some() && !own, versions });
    }
    Ok(entries)
}

fn read_metric(conn: &mut AnyConnection, site_id: i64, name: &str, version: i32) -> QueryResult<Metric> {
    let document = surveys::find_document(conn, site_id, name, version)?.ok_or_else(corrupt_document)?;
    parse_document(document.as_bytes()).map(|survey| survey.metric).map_err(|_| corrupt_document())
}

/// A version of a name; when none is asked for, the one in force, else the newest draft.
///
/// # Errors
/// What the database says.
pub fn find_shown(
    conn: &mut AnyConnection,
    site_id: i64,
    name: &str,
    version: Option<i32>,
) -> QueryResult<Option<ShownSurvey>> {
    let wanted = match version {
        Some(version) => Some(version),
        None => {
            let in_force = surveys::in_force(conn, site_id)?.into_iter().find(|(known, _)| known == name);
            match in_force {
                Some((_, version)) => Some(version),
                None if template_document(name).is_some() => None,
                None => surveys::newest(conn, site_id, name)?,
            }
        }
    };
    let own = wanted.map(|version| surveys::find_document(conn, site_id, name, version)).transpose()?.flatten();
    if let (Some(version), Some(document)) = (wanted, own) {
        return Ok(Some(ShownSurvey { version, template: false, document }));
    }
    Ok(if wanted.is_none_or(|version| version == TEMPLATE_VERSION) { shown_template(name) } else { None })
}

/// The template of this name.
pub fn shown_template(name: &str) -> Option<ShownSurvey> {
    let document = template_document(name)?.to_owned();
    Some(ShownSurvey { version: TEMPLATE_VERSION, template: true, document })
}
