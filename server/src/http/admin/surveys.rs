//! `GET`, `PUT /v1/admin/surveys/{name}`, their list, and publishing.

use actix_web::{HttpRequest, HttpResponse, web};
use counterbell_shared::problem::{FieldError, ProblemCode};
use counterbell_shared::survey::is_slug;
use counterbell_shared::time::UnixMillis;
use serde::Serialize;
use serde_json::{Value, json};

use super::page::Page;
use crate::db::surveys;
use crate::http::ApiError;
use crate::http::extract::{Access, JsonBody, Params};
use crate::store::Store;
use crate::surveys::{CatalogEntry, catalog, find_shown, parse_document, put};

/// A survey as integrators see it.
#[derive(Serialize)]
struct SurveyView {
    site_key: String,
    #[serde(flatten)]
    entry: CatalogEntry,
}

/// Lists surveys by name, site by site, templates included.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn list_surveys(
    access: Access,
    request: HttpRequest,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::parse(&request)?;
    let site_ids = access.site_ids(&mut params)?;
    params.finish()?;
    let entries = store.reads.lists.read(move |conn| {
        let of_site = |site_id: i64| Ok((site_id, catalog(conn, site_id)?));
        site_ids.into_iter().map(of_site).collect::<diesel::QueryResult<Vec<_>>>()
    });
    let site_keys = access.site_keys();
    let view = |(site_id, entries): (i64, Vec<CatalogEntry>)| {
        let site_key = site_keys.get(&site_id).map(ToString::to_string).unwrap_or_default();
        entries.into_iter().map(move |entry| SurveyView { site_key: site_key.clone(), entry })
    };
    let items = entries.await?.into_iter().flat_map(view).collect();
    Ok(HttpResponse::Ok().json(Page::ending_at(items, None)))
}

/// One version of a survey, with its document.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn get_survey(
    access: Access,
    request: HttpRequest,
    store: web::Data<Store>,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::parse(&request)?;
    let site_id = access.site_id(&mut params)?;
    let version = take_version(&mut params)?;
    params.finish()?;
    let wanted = known_name(&name)?;
    let shown =
        store.reads.lists.read(move |conn| find_shown(conn, site_id, &wanted, version)).await?.ok_or_else(not_found)?;
    let document: Value = serde_json::from_str(&shown.document).map_err(ApiError::fault)?;
    let (name, version, template) = (name.as_str(), shown.version, shown.template);
    Ok(HttpResponse::Ok().json(json!({"name": name, "version": version, "template": template, "document": document})))
}

/// Stores a document as a new version, a draft.
///
/// # Errors
/// 400, 401, 403, 413, 415, 422.
pub async fn put_survey(
    access: Access,
    request: HttpRequest,
    store: web::Data<Store>,
    name: web::Path<String>,
    body: Result<JsonBody, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::parse(&request)?;
    let site_id = access.site_id(&mut params)?;
    params.finish()?;
    let JsonBody(body) = body?;
    let survey = parse_document(&body).map_err(ApiError::invalid_survey)?;
    if survey.name != *name {
        let detail = format!("must be \"{name}\", as in the address");
        return Err(ApiError::invalid_survey(vec![FieldError::new("/name", detail)]));
    }
    // JSON is UTF-8 (RFC 8259 section 8.1), or it would not have been read.
    let document = String::from_utf8_lossy(&body).into_owned();
    let (by, now) = (access.by(), UnixMillis::now().0);
    let work = move |conn: &mut _| put(conn, site_id, &survey, &document, &by, now);
    let put = store.writes.decisions.run(work).await?.map_err(|error| ApiError::invalid_survey(vec![error]))?;
    let mut answer = if put.is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(json!({"name": name.as_str(), "version": put.version, "is_new": put.is_new})))
}

/// Puts a version in force, the newest when none is named.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn publish_survey(
    access: Access,
    request: HttpRequest,
    store: web::Data<Store>,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::parse(&request)?;
    let site_id = access.site_id(&mut params)?;
    let version = take_version(&mut params)?;
    params.finish()?;
    let wanted = known_name(&name)?;
    let (by, now) = (access.by(), UnixMillis::now().0);
    let work = move |conn: &mut _| surveys::publish(conn, site_id, &wanted, version, &by, now);
    let version = store.writes.decisions.run(work).await?.ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(json!({"name": name.as_str(), "version": version})))
}

/// The name in the address, if any survey could have it.
fn known_name(name: &str) -> Result<String, ApiError> {
    if is_slug(name) {
        return Ok(name.to_owned());
    }
    let detail =
        "The \"name\" of a survey in the address must be lowercase letters and digits, with hyphens between words.";
    Err(ApiError::new(ProblemCode::InvalidParameter, detail))
}

fn take_version(params: &mut Params) -> Result<Option<i32>, ApiError> {
    params.take("version", |text| {
        text.parse().ok().filter(|version| *version > 0).ok_or("must be the number of a version")
    })
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::NotFound, "The site has no such version; GET /v1/admin/surveys lists them.")
}
