//! `GET`, `POST /v1/admin/rules/{name}/open-cases`: what a rule's service level makes of cases that are open.

use actix_web::web::Data;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;

use super::case_actions::TURN;
use crate::cases::{By, Means};
use crate::casework::{LevelView, NotDone, WhoDocument, give_level, preview_level};
use crate::db::journal;
use crate::http::ApiError;
use crate::http::extract::{JsonBody, Manager, Named, Site, Viewer};
use crate::http::operations::Json;
use crate::store::Store;

/// Says how many open cases would get other due times, and how many would be late by that.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn preview_open_cases(
    site: Site<Viewer>,
    Named(rule): Named,
    store: Data<Store>,
) -> Result<Json<LevelView>, ApiError> {
    let now = UnixMillis::now().0;
    let preview = move |conn: &mut _| preview_level(conn, site.id, &rule, now);
    store.reads.lists.read(preview).await?.map(Json).ok_or_else(not_found)
}

/// Gives open cases the service level that their rule has now, a few at a time.
///
/// # Errors
/// 400, 401, 403, 404, 413, 415, 422.
pub async fn change_open_cases(
    site: Site<Manager>,
    Named(rule): Named,
    store: Data<Store>,
    body: Result<JsonBody<WhoDocument>, ApiError>,
) -> Result<Json<LevelView>, ApiError> {
    let who = WhoDocument::parse(&body?.0).map_err(ApiError::invalid_action)?;
    let (mut view, mut after) = (LevelView::default(), Some(0));
    while let Some(behind) = after {
        let (key, who, rule, now) = (site.principal.by(), who.clone(), rule.clone(), UnixMillis::now().0);
        let work = move |conn: &mut _| {
            let mut lock = journal::lock(conn, site.id)?.with_key(&key);
            let person_id = match who.person_id(conn, site.id)? {
                Ok(person_id) => person_id,
                Err(not_done) => return Ok(Err(not_done)),
            };
            let by = By::person(person_id, Means::Api);
            Ok::<_, diesel::result::Error>(Ok::<_, NotDone>(give_level(
                conn,
                &mut lock,
                (&rule, behind),
                TURN,
                (&by, now),
            )?))
        };
        let (more, last) = store.writes.decisions.run(work).await??.ok_or_else(not_found)?;
        (view, after) = (view.and(more), last);
    }
    Ok(Json(view))
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::NotFound, "No rule of this name is in force; GET /v1/admin/rules lists them.")
}
