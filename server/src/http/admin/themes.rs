//! `GET`, `PUT`, `DELETE /v1/admin/sites/{site_key}/theme`.

use actix_web::web::Data;
use counterbell_shared::openapi::ThemeDocument;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;

use crate::db::themes;
use crate::http::ApiError;
use crate::http::extract::{JsonBody, Manager, Site, Viewer};
use crate::http::operations::{Created, Json, NoContent};
use crate::store::Store;
use crate::themes::ThemeView;

/// The theme of a site.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn get_theme(site: Site<Viewer>, store: Data<Store>) -> Result<Json<ThemeView>, ApiError> {
    let document = store.reads.lists.read(move |conn| themes::find(conn, site.id)).await?.ok_or_else(not_found)?;
    let view = ThemeView::new(site.key(), Some(document.as_bytes()));
    view.map(Json).map_err(|_| ApiError::fault("sites.theme holds a value Counterbell did not write"))
}

/// Checks a theme and puts it in force.
///
/// # Errors
/// 400, 401, 403, 404, 413, 415, 422.
pub async fn put_theme(
    site: Site<Manager>,
    store: Data<Store>,
    body: Result<JsonBody<ThemeDocument>, ApiError>,
) -> Result<Created<ThemeView>, ApiError> {
    let body = body?.0;
    let view = ThemeView::new(site.key(), Some(&body)).map_err(ApiError::invalid_theme)?;
    // JSON is UTF-8 (RFC 8259 section 8.1), or it would not have been read.
    let document = String::from_utf8_lossy(&body).into_owned();
    let (by, now) = (site.principal.by(), UnixMillis::now().0);
    let replace = move |conn: &mut _| themes::replace(conn, site.id, Some(&document), &by, now);
    let replaced = store.writes.decisions.run(replace).await?;
    Ok(Created { is_new: !replaced, body: view })
}

/// Takes the theme away; that there was none is no error.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn delete_theme(site: Site<Manager>, store: Data<Store>) -> Result<NoContent, ApiError> {
    let (by, now) = (site.principal.by(), UnixMillis::now().0);
    store.writes.decisions.run(move |conn| themes::replace(conn, site.id, None, &by, now)).await?;
    Ok(NoContent)
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::NotFound, "The site has no theme: PUT one, as docs/THEMES.md explains.")
}
