//! `GET /v1/admin/root-causes`; `PUT`, `DELETE` of one.

use actix_web::web::Data;
use counterbell_shared::time::UnixMillis;

use super::page::Page;
use crate::casework::{self, RootCauseDocument, RootCauseView};
use crate::db::journal;
use crate::http::ApiError;
use crate::http::extract::{JsonBody, Manager, Named, Site, Viewer};
use crate::http::operations::{Created, Json, NoContent};
use crate::store::Store;

/// Lists what cases of a site can be resolved with.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn list_root_causes(site: Site<Viewer>, store: Data<Store>) -> Result<Json<Page<RootCauseView>>, ApiError> {
    let all = store.reads.lists.read(move |conn| casework::root_causes(conn, site.id)).await?;
    Ok(Json(Page::ending_at(all, None)))
}

/// Stores a root cause in the place of the one of this name.
///
/// # Errors
/// 400, 401, 403, 413, 415, 422.
pub async fn put_root_cause(
    site: Site<Manager>,
    Named(name): Named,
    store: Data<Store>,
    body: Result<JsonBody<RootCauseDocument>, ApiError>,
) -> Result<Created<RootCauseView>, ApiError> {
    let document = RootCauseDocument::parse(&body?.0).map_err(ApiError::invalid_root_cause)?;
    let (by, now) = (site.principal.by(), UnixMillis::now().0);
    let work = move |conn: &mut _| {
        let mut lock = journal::lock(conn, site.id)?;
        casework::put_root_cause(conn, &mut lock, &name, &document, (&by, now))
    };
    let stored = store.writes.decisions.run(work).await?;
    let (is_new, body) = stored.map_err(|error| ApiError::invalid_root_cause(vec![error]))?;
    Ok(Created { is_new, body })
}

/// Takes a root cause away; cases that have it keep it. That there was none is no error.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn delete_root_cause(
    site: Site<Manager>,
    Named(name): Named,
    store: Data<Store>,
) -> Result<NoContent, ApiError> {
    let (by, now) = (site.principal.by(), UnixMillis::now().0);
    let work = move |conn: &mut _| {
        let mut lock = journal::lock(conn, site.id)?;
        casework::remove_root_cause(conn, &mut lock, &name, &by, now)
    };
    store.writes.decisions.run(work).await?;
    Ok(NoContent)
}
