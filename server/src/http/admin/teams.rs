//! `GET /v1/admin/sites/{site_key}/teams`; `GET`, `PUT`, `DELETE` of one team.

use actix_web::web::Data;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;

use super::page::Page;
use crate::http::ApiError;
use crate::http::extract::{JsonBody, Manager, Named, Site, Viewer};
use crate::http::operations::{Created, Json, NoContent};
use crate::staff::{self, TeamDocument, TeamView};
use crate::store::Store;

/// Lists the teams of a site by name.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn list_teams(site: Site<Viewer>, store: Data<Store>) -> Result<Json<Page<TeamView>>, ApiError> {
    let teams = store.reads.lists.read(move |conn| staff::list_teams(conn, site.id)).await?;
    Ok(Json(Page::ending_at(teams, None)))
}

/// One team.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn get_team(site: Site<Viewer>, Named(name): Named, store: Data<Store>) -> Result<Json<TeamView>, ApiError> {
    let found = store.reads.lists.read(move |conn| staff::find_team(conn, site.id, &name)).await?;
    let not_found =
        || ApiError::new(ProblemCode::NotFound, "The site has no such team; GET its teams to see which it has.");
    found.map(Json).ok_or_else(not_found)
}

/// Stores a team in the place of the one of this name.
///
/// # Errors
/// 400, 401, 403, 404, 413, 415, 422.
pub async fn put_team(
    site: Site<Manager>,
    Named(name): Named,
    store: Data<Store>,
    body: Result<JsonBody<TeamDocument>, ApiError>,
) -> Result<Created<TeamView>, ApiError> {
    let team = TeamDocument::parse(&body?.0).map_err(ApiError::invalid_team)?;
    let (asker, now) = (site.asker(), UnixMillis::now().0);
    let work = move |conn: &mut _| staff::put_team(conn, site.id, &name, &team, &asker, now);
    let stored = store.writes.decisions.run(work).await??;
    Ok(Created { is_new: stored.is_new, body: stored.view })
}

/// Takes a team away; that there was none is no error.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404, 409.
pub async fn delete_team(site: Site<Manager>, Named(name): Named, store: Data<Store>) -> Result<NoContent, ApiError> {
    let (asker, now) = (site.asker(), UnixMillis::now().0);
    store.writes.decisions.run(move |conn| staff::remove_team(conn, site.id, &name, &asker, now)).await??;
    Ok(NoContent)
}
