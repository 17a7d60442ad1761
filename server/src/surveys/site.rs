//! The surveys of one site.

use std::collections::BTreeMap;
use std::sync::Arc;

use counterbell_shared::SurveyVersion;
use diesel::QueryResult;

use super::templates::{template, templates};
use super::{VersionedSurvey, parse_document};
use crate::db::AnyConnection;
use crate::db::surveys;

/// What a site published, by name. Of every other name it has the template.
#[derive(Clone, Debug, Default)]
pub struct SiteSurveys {
    published: BTreeMap<Arc<str>, Arc<VersionedSurvey>>,
    unreadable: Vec<String>,
}

/// Of a site that published nothing.
pub static TEMPLATES_ONLY: SiteSurveys = SiteSurveys { published: BTreeMap::new(), unreadable: Vec::new() };

impl SiteSurveys {
    /// What the site published. A document that is among `known` is not read again: a version never changes. In the place of
    /// one that cannot be read stands the version that was published before.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64, known: &Self) -> QueryResult<Self> {
        let mut surveys = Self::default();
        for (name, version) in surveys::published(conn, site_id)? {
            if surveys.published.contains_key(name.as_str()) {
                continue;
            }
            let same = known.published.get(name.as_str()).filter(|survey| survey.version.version == version);
            let survey = match same {
                Some(survey) => Some(Arc::clone(survey)),
                None => read_version(conn, site_id, &name, version)?.map(Arc::new),
            };
            match survey {
                Some(survey) => {
                    surveys.published.insert(Arc::clone(&survey.version.name), survey);
                }
                None => surveys.unreadable.push(name),
            }
        }
        surveys.unreadable.dedup();
        Ok(surveys)
    }

    /// Names of those whose version in force cannot be read.
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// Whether a survey of this name is published, and nothing can be asked in its place.
    pub fn is_lost(&self, name: &str) -> bool {
        self.find(name).is_none() && self.unreadable.iter().any(|unreadable| unreadable == name)
    }

    /// The survey of this name: the published version, else the template.
    pub fn find(&self, name: &str) -> Option<&Arc<VersionedSurvey>> {
        self.published.get(name).or_else(|| template(name))
    }

    /// The survey a response to this name is to, in the version that is in force.
    ///
    /// # Errors
    /// What the name must be.
    pub fn version(&self, name: &str) -> Result<SurveyVersion, String> {
        let found = self.find(name).map(|survey| survey.version.clone());
        found.ok_or_else(|| format!("must be a published survey of the site: {}", self.names()))
    }

    /// Every name there is a survey of.
    fn names(&self) -> String {
        let mut names: Vec<_> = self.published.keys().map(AsRef::as_ref).collect();
        names.extend(templates().map(|template| &*template.version.name));
        names.sort_unstable();
        names.dedup();
        names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }
}

/// `None` when it is no survey of this name.
fn read_version(
    conn: &mut AnyConnection,
    site_id: i64,
    name: &str,
    version: i32,
) -> QueryResult<Option<VersionedSurvey>> {
    let document = surveys::find_document(conn, site_id, name, version)?;
    let survey = document.and_then(|document| parse_document(document.as_bytes()).ok());
    Ok(survey.filter(|survey| survey.name == name).map(|survey| VersionedSurvey::new(survey, version)))
}
