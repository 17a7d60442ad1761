//! `GET`, `PUT /v1/admin/surveys/{name}`, their list, and publishing.

use actix_web::web::Data;
use counterbell_shared::Survey;
use counterbell_shared::problem::{FieldError, ProblemCode};
use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::page::Page;
use crate::db::surveys;
use crate::http::ApiError;
use crate::http::extract::values::Version;
use crate::http::extract::{JsonBody, Manager, Named, Query, Site, Sites, Viewer};
use crate::http::operations::{Created, Json};
use crate::store::Store;
use crate::surveys::{CatalogEntry, catalog, find_shown, parse_document, put};

/// A survey as integrators see it.
#[derive(Serialize, ToSchema)]
pub struct SurveyView {
    site_key: String,
    #[serde(flatten)]
    entry: CatalogEntry,
}

/// One version of a survey.
#[derive(Serialize, ToSchema)]
pub struct SurveyVersionView {
    name: String,
    version: i32,
    /// Whether it is the template that every site has.
    template: bool,
    /// As docs/SURVEYS.md explains it.
    #[schema(value_type = Survey)]
    document: Value,
}

/// A version that is stored.
#[derive(Serialize, ToSchema)]
pub struct StoredSurveyView {
    name: String,
    version: i32,
    /// Whether it was stored now; else the newest version is the same.
    is_new: bool,
}

/// A version that is in force.
#[derive(Serialize, ToSchema)]
pub struct PublishedSurveyView {
    name: String,
    version: i32,
}

/// Which version.
#[derive(Deserialize, IntoParams)]
pub struct VersionQuery {
    /// Its number; when left out, the one in force, else the newest.
    #[param(inline)]
    version: Option<Version>,
}

/// Which version is to be in force.
#[derive(Deserialize, IntoParams)]
pub struct PublishQuery {
    /// Its number; when left out, the newest.
    #[param(inline)]
    version: Option<Version>,
}

/// Lists surveys by name, site by site, templates included.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn list_surveys(sites: Sites<Viewer>, store: Data<Store>) -> Result<Json<Page<SurveyView>>, ApiError> {
    let ids = sites.ids.clone();
    let entries = store.reads.lists.read(move |conn| {
        let of_site = |site_id: i64| Ok((site_id, catalog(conn, site_id)?));
        ids.into_iter().map(of_site).collect::<QueryResult<Vec<_>>>()
    });
    let site_keys = sites.keys();
    let view = |(site_id, entries): (i64, Vec<CatalogEntry>)| {
        let site_key = site_keys.get(&site_id).map(ToString::to_string).unwrap_or_default();
        entries.into_iter().map(move |entry| SurveyView { site_key: site_key.clone(), entry })
    };
    let items = entries.await?.into_iter().flat_map(view).collect();
    Ok(Json(Page::ending_at(items, None)))
}

/// One version of a survey, with its document.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn get_survey(
    site: Site<Viewer>,
    Named(name): Named,
    Query(query): Query<VersionQuery>,
    store: Data<Store>,
) -> Result<Json<SurveyVersionView>, ApiError> {
    let (wanted, version) = (name.clone(), query.version.map(|Version(version)| version));
    let shown =
        store.reads.lists.read(move |conn| find_shown(conn, site.id, &wanted, version)).await?.ok_or_else(not_found)?;
    let document = serde_json::from_str(&shown.document).map_err(ApiError::fault)?;
    Ok(Json(SurveyVersionView { name, version: shown.version, template: shown.template, document }))
}

/// Stores a document as a new version, a draft.
///
/// # Errors
/// 400, 401, 403, 413, 415, 422.
pub async fn put_survey(
    site: Site<Manager>,
    name: Result<Named, ApiError>,
    store: Data<Store>,
    body: Result<JsonBody<Survey>, ApiError>,
) -> Result<Created<StoredSurveyView>, ApiError> {
    let body = body?.0;
    let survey = parse_document(&body).map_err(ApiError::invalid_survey)?;
    let Named(name) = name?;
    if survey.name != name {
        let detail = format!("must be \"{name}\", as in the address");
        return Err(ApiError::invalid_survey(vec![FieldError::new("/name", detail)]));
    }
    // JSON is UTF-8 (RFC 8259 section 8.1), or it would not have been read.
    let document = String::from_utf8_lossy(&body).into_owned();
    let (by, now) = (site.principal.by(), UnixMillis::now().0);
    let work = move |conn: &mut _| put(conn, site.id, &survey, &document, &by, now);
    let put = store.writes.decisions.run(work).await?.map_err(|error| ApiError::invalid_survey(vec![error]))?;
    Ok(Created { is_new: put.is_new, body: StoredSurveyView { name, version: put.version, is_new: put.is_new } })
}

/// Puts a version in force, the newest when none is named.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn publish_survey(
    site: Site<Manager>,
    Named(name): Named,
    Query(query): Query<PublishQuery>,
    store: Data<Store>,
) -> Result<Json<PublishedSurveyView>, ApiError> {
    let (wanted, version) = (name.clone(), query.version.map(|Version(version)| version));
    let (by, now) = (site.principal.by(), UnixMillis::now().0);
    let work = move |conn: &mut _| surveys::publish(conn, site.id, &wanted, version, &by, now);
    let version = store.writes.decisions.run(work).await?.ok_or_else(not_found)?;
    Ok(Json(PublishedSurveyView { name, version }))
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::NotFound, "The site has no such version; GET /v1/admin/surveys lists them.")
}
