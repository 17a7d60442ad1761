//! `GET`, `PUT`, `DELETE /v1/admin/sites/{site_key}/theme`.

use actix_web::{HttpRequest, HttpResponse, web};
use counterbell_shared::SiteKey;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;

use crate::db::themes;
use crate::http::ApiError;
use crate::http::extract::{Access, JsonBody, Params};
use crate::store::Store;
use crate::themes::ThemeView;

/// The theme as it was written, with every default filled in, and how well its colours are seen.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn get_theme(
    access: Access,
    request: HttpRequest,
    store: web::Data<Store>,
    site_key: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let site_id = site_id(&access, &request, &site_key)?;
    let document = store.reads.lists.read(move |conn| themes::find(conn, site_id)).await?.ok_or_else(not_found)?;
    let view = ThemeView::new(&site_key, Some(document.as_bytes()));
    let view = view.map_err(|_| ApiError::fault("sites.theme holds a value Counterbell did not write"))?;
    Ok(HttpResponse::Ok().json(view))
}

/// Checks a theme and puts it in force.
///
/// # Errors
/// 400, 401, 403, 404, 413, 415, 422.
pub async fn put_theme(
    access: Access,
    request: HttpRequest,
    store: web::Data<Store>,
    site_key: web::Path<String>,
    body: Result<JsonBody, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let site_id = site_id(&access, &request, &site_key)?;
    let JsonBody(body) = body?;
    let view = ThemeView::new(&site_key, Some(&body)).map_err(ApiError::invalid_theme)?;
    // JSON is UTF-8 (RFC 8259 section 8.1), or it would not have been read.
    let document = String::from_utf8_lossy(&body).into_owned();
    let (by, now) = (access.by(), UnixMillis::now().0);
    let replace = move |conn: &mut _| themes::replace(conn, site_id, Some(&document), &by, now);
    let replaced = store.writes.decisions.run(replace).await?;
    let mut answer = if replaced { HttpResponse::Ok() } else { HttpResponse::Created() };
    Ok(answer.json(view))
}

/// Takes the theme away; that there was none is no error.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn delete_theme(
    access: Access,
    request: HttpRequest,
    store: web::Data<Store>,
    site_key: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let site_id = site_id(&access, &request, &site_key)?;
    let (by, now) = (access.by(), UnixMillis::now().0);
    store.writes.decisions.run(move |conn| themes::replace(conn, site_id, None, &by, now)).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn site_id(access: &Access, request: &HttpRequest, site_key: &str) -> Result<i64, ApiError> {
    Params::parse(request)?.finish()?;
    let site_key: SiteKey = site_key.parse().map_err(|_| ApiError::unknown_site())?;
    access.covered(&site_key)
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::NotFound, "The site has no theme: PUT one, as docs/THEMES.md explains.")
}
