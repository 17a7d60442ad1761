//! `GET`, `PUT`, `DELETE /v1/admin/sites/{site_key}/calendar`.

use actix_web::web::Data;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;

use crate::calendar::Calendar;
use crate::db::{calendars, journal};
use crate::http::ApiError;
use crate::http::extract::{JsonBody, Manager, Site, Viewer};
use crate::http::operations::{Created, Json, NoContent};
use crate::store::Store;
use crate::touchpoints::{CalendarDocument, CalendarView};

/// The opening hours of a site.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn get_calendar(site: Site<Viewer>, store: Data<Store>) -> Result<Json<CalendarView>, ApiError> {
    let (site_key, now) = (site.key().to_owned(), UnixMillis::now().0);
    let (view, has_one) = store.reads.lists.read(move |conn| CalendarView::load(conn, site.id, &site_key, now)).await?;
    if has_one { Ok(Json(view)) } else { Err(not_found()) }
}

/// Checks opening hours and puts them in force.
///
/// # Errors
/// 400, 401, 403, 404, 413, 415, 422.
pub async fn put_calendar(
    site: Site<Manager>,
    store: Data<Store>,
    body: Result<JsonBody<CalendarDocument>, ApiError>,
) -> Result<Created<CalendarView>, ApiError> {
    let document = Calendar::parse(&body?.0).map_err(ApiError::invalid_calendar)?.to_document();
    let (site_key, by, now) = (site.key().to_owned(), site.principal.by(), UnixMillis::now().0);
    let put = move |conn: &mut _| {
        let mut lock = journal::lock(conn, site.id)?;
        let replaced = calendars::replace(conn, &mut lock, Some(&document), &by, now)?;
        Ok((replaced, CalendarView::load(conn, site.id, &site_key, now)?.0))
    };
    let (replaced, body) = store.writes.decisions.run(put).await?;
    Ok(Created { is_new: !replaced, body })
}

/// Takes the opening hours away; that there were none is no error.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn delete_calendar(site: Site<Manager>, store: Data<Store>) -> Result<NoContent, ApiError> {
    let (by, now) = (site.principal.by(), UnixMillis::now().0);
    let clear = move |conn: &mut _| {
        let mut lock = journal::lock(conn, site.id)?;
        calendars::replace(conn, &mut lock, None, &by, now)
    };
    store.writes.decisions.run(clear).await?;
    Ok(NoContent)
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::NotFound, "The site has no calendar: PUT one, as docs/STAFF.md explains.")
}
