//! The surveys of one site.

use std::collections::BTreeMap;
use std::sync::Arc;

use counterbell_shared::SurveyVersion;
use diesel::QueryResult;

use super::templates::{template, templates};
use super::{VersionedSurvey, parse_document};
use crate::db::AnyConnection;
use crate::db::surveys::{self, corrupt_document};

/// What a site published, by name. Of every other name it has the template.
#[derive(Clone, Debug, Default)]
pub struct SiteSurveys(BTreeMap<Arc<str>, Arc<VersionedSurvey>>);

/// Of a site that published nothing.
pub static TEMPLATES_ONLY: SiteSurveys = SiteSurveys(BTreeMap::new());

impl SiteSurveys {
    /// What the site published. A document that is among `known` is not read again: a version never changes.
    ///
    /// # Errors
    /// What the database says, or that it holds no survey.
    pub fn load(conn: &mut AnyConnection, site_id: i64, known: &Self) -> QueryResult<Self> {
        let mut published = BTreeMap::new();
        for (name, version) in surveys::in_force(conn, site_id)? {
            let same = known.0.get(name.as_str()).filter(|survey| survey.version.version == version);
            let survey = match same {
                Some(survey) => Arc::clone(survey),
                None => {
                    let document =
                        surveys::find_document(conn, site_id, &name, version)?.ok_or_else(corrupt_document)?;
                    let survey = parse_document(document.as_bytes()).map_err(|_| corrupt_document())?;
                    Arc::new(VersionedSurvey::new(survey, version))
                }
            };
            published.insert(Arc::clone(&survey.version.name), survey);
        }
        Ok(Self(published))
    }

    /// The survey of this name: the published version, else the template.
    pub fn find(&self, name: &str) -> Option<&Arc<VersionedSurvey>> {
        self.0.get(name).or_else(|| template(name))
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
        let mut names: Vec<_> = self.0.keys().map(AsRef::as_ref).collect();
        names.extend(templates().map(|template| &*template.version.name));
        names.sort_unstable();
        names.dedup();
        names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }
}
