//! `GET`, `POST /v1/admin/sites/{site_key}/staff`; `GET`, `PATCH`, `DELETE` of one person.

use actix_web::web::Data;
use counterbell_shared::time::UnixMillis;
use serde::Deserialize;
use utoipa::IntoParams;

use super::page::Page;
use crate::http::ApiError;
use crate::http::extract::values::YesOrNo;
use crate::http::extract::{JsonBody, Manager, PatchBody, Person, Query, Site, Viewer};
use crate::http::operations::{Created, Json};
use crate::staff::{self, LeavingView, NewPerson, PersonPatch, PersonView, Refused};
use crate::store::Store;

/// Whom to list.
#[derive(Deserialize, IntoParams)]
pub struct StaffQuery {
    /// Whether those who left are listed, too; not when left out.
    #[param(inline)]
    all: Option<YesOrNo>,
}

/// Lists the people of a site in the order in which they joined.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn list_staff(
    site: Site<Viewer>,
    Query(query): Query<StaffQuery>,
    store: Data<Store>,
) -> Result<Json<Page<PersonView>>, ApiError> {
    let (all, now) = (query.all.is_some_and(|YesOrNo(all)| all), UnixMillis::now().0);
    let people = store.reads.lists.read(move |conn| staff::list(conn, site.id, all, now)).await?;
    Ok(Json(Page::ending_at(people, None)))
}

/// Somebody of a site, or who was.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn get_person(
    site: Site<Viewer>,
    Person(person_id): Person,
    store: Data<Store>,
) -> Result<Json<PersonView>, ApiError> {
    let now = UnixMillis::now().0;
    let found = store.reads.lists.read(move |conn| staff::find(conn, site.id, person_id, now)).await?;
    Ok(Json(found.ok_or(Refused::NoSuchPerson)?))
}

/// Makes somebody staff of a site; who left comes back, and who is there is changed.
///
/// # Errors
/// 400, 401, 403, 404, 409, 413, 415, 422.
pub async fn add_person(
    site: Site<Manager>,
    store: Data<Store>,
    body: Result<JsonBody<NewPerson>, ApiError>,
) -> Result<Created<PersonView>, ApiError> {
    let new = NewPerson::parse(&body?.0).map_err(ApiError::invalid_staff)?;
    let (asker, now) = (site.asker(), UnixMillis::now().0);
    let work = move |conn: &mut _| staff::add(conn, site.id, &new, &asker, now);
    let stored = store.writes.decisions.run(work).await??;
    Ok(Created { is_new: stored.is_new, body: stored.view })
}

/// Changes a person: what is left out stays, null takes away.
///
/// # Errors
/// 400, 401, 403, 404, 409, 413, 415, 422.
pub async fn patch_person(
    site: Site<Manager>,
    Person(person_id): Person,
    store: Data<Store>,
    body: Result<PatchBody<PersonPatch>, ApiError>,
) -> Result<Json<PersonView>, ApiError> {
    let patch = PersonPatch::parse(&body?.0).map_err(ApiError::invalid_staff)?;
    let (asker, now) = (site.asker(), UnixMillis::now().0);
    let work = move |conn: &mut _| staff::change(conn, site.id, person_id, &patch, &asker, now);
    Ok(Json(store.writes.decisions.run(work).await??))
}

/// Somebody leaves the site, and what that touches; that they left before is no error.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn remove_person(
    site: Site<Manager>,
    Person(person_id): Person,
    store: Data<Store>,
) -> Result<Json<LeavingView>, ApiError> {
    let (asker, now) = (site.asker(), UnixMillis::now().0);
    Ok(Json(store.writes.decisions.run(move |conn| staff::leave(conn, site.id, person_id, &asker, now)).await??))
}
