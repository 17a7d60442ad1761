//! `GET /v1/admin/sites/{site_key}/touchpoints`, and `GET`, `PUT`, `DELETE` of one.

use actix_web::web::Data;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use serde::Deserialize;
use utoipa::IntoParams;

use super::cursor::{After, Cursor as _, NamePosition};
use super::page::{Page, take};
use crate::db::journal;
use crate::db::touchpoints::{self, Touchpoint};
use crate::http::ApiError;
use crate::http::extract::values::Limit;
use crate::http::extract::{AtTouchpoint, JsonBody, Manager, Query, Site, Viewer};
use crate::http::operations::{Created, Json, NoContent};
use crate::store::Store;
use crate::touchpoints::{TouchpointDocument, TouchpointView, TouchpointViews, parse_document, put};

/// Which page of those that are registered.
#[derive(Deserialize, IntoParams)]
pub struct ListQuery {
    /// How many to a page.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The `next_cursor` of an earlier answer.
    #[param(value_type = Option<String>)]
    cursor: Option<After<NamePosition>>,
}

/// Lists touchpoints: those that are registered by name, page by page, and new ones.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn list_touchpoints(
    site: Site<Viewer>,
    Query(query): Query<ListQuery>,
    store: Data<Store>,
) -> Result<Json<TouchpointViews>, ApiError> {
    let (limit, now) = (query.limit.0, UnixMillis::now().0);
    let after = query.cursor.map(|After(NamePosition(name))| name);
    let list = move |conn: &mut _| TouchpointViews::load(conn, site.id, after.as_deref(), take(limit), now);
    let views = store.reads.lists.read(list).await?;
    let page = Page::new(views.items, limit, |last| NamePosition(last.touchpoint.name.clone()).encode());
    let (items, next_cursor) = page.into_parts();
    Ok(Json(TouchpointViews { items, next_cursor, new: views.new }))
}

/// One touchpoint that is registered.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn get_touchpoint(
    site: Site<Viewer>,
    AtTouchpoint(touchpoint): AtTouchpoint,
    store: Data<Store>,
) -> Result<Json<TouchpointView>, ApiError> {
    let now = UnixMillis::now().0;
    let find = move |conn: &mut _| TouchpointView::load(conn, site.id, touchpoint.as_str(), now);
    store.reads.lists.read(find).await?.map(Json).ok_or_else(not_found)
}

/// Registers a touchpoint, or changes it: what the body leaves out is taken away.
///
/// # Errors
/// 400, 401, 403, 404, 413, 415, 422.
pub async fn put_touchpoint(
    site: Site<Manager>,
    AtTouchpoint(touchpoint): AtTouchpoint,
    store: Data<Store>,
    body: Result<JsonBody<TouchpointDocument>, ApiError>,
) -> Result<Created<TouchpointView>, ApiError> {
    let fields = parse_document(&body?.0).map_err(ApiError::invalid_touchpoint)?;
    let (by, now) = (site.principal.by(), UnixMillis::now().0);
    let work = move |conn: &mut _| {
        let mut lock = journal::lock(conn, site.id)?;
        let start = Touchpoint::named(touchpoint.as_str(), now);
        Ok(match put(conn, &mut lock, start, &fields, &by, now)? {
            Ok(is_new) => Ok((is_new, TouchpointView::load(conn, site.id, touchpoint.as_str(), now)?)),
            Err(refused) => Err(refused),
        })
    };
    let (is_new, stored) = store.writes.decisions.run(work).await?.map_err(ApiError::invalid_touchpoint)?;
    Ok(Created { is_new, body: stored.ok_or_else(|| ApiError::fault("a touchpoint that was stored is not there"))? })
}

/// Registers a touchpoint no more; that it was not registered is no error.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn delete_touchpoint(
    site: Site<Manager>,
    AtTouchpoint(touchpoint): AtTouchpoint,
    store: Data<Store>,
) -> Result<NoContent, ApiError> {
    let (by, now) = (site.principal.by(), UnixMillis::now().0);
    let work = move |conn: &mut _| {
        let mut lock = journal::lock(conn, site.id)?;
        touchpoints::remove(conn, &mut lock, touchpoint.as_str(), &by, now)
    };
    store.writes.decisions.run(work).await?;
    Ok(NoContent)
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::NotFound, "Nobody registered this touchpoint: PUT it, as docs/STAFF.md explains.")
}
