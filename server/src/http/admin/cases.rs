//! `GET /v1/admin/cases`, one of them, and its timeline.

use actix_web::web::Data;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use serde::Deserialize;
use utoipa::IntoParams;

use super::cursor::{CaseCursor, Cursor as _};
use super::page::{Page, take};
use crate::casework::{self, CaseDetailsView, CaseView, EntryView};
use crate::db::case_lists::{CaseFilter, CasePosition};
use crate::http::ApiError;
use crate::http::extract::values::{
    DueName, Limit, OrderName, OwnerName, PriorityName, SlugName, StateNames, Time, TouchpointName, YesOrNo,
};
use crate::http::extract::{Numbered, Query, Site, Sites, Viewer};
use crate::http::operations::{Json, Versioned};
use crate::store::Store;

/// Which cases to list; every condition must hold.
#[derive(Deserialize, IntoParams)]
pub struct CasesQuery {
    /// In one of these states: `open`, `in_progress`, `waiting`, `resolved`, `closed`, with commas between them.
    #[param(inline)]
    state: Option<StateNames>,
    /// Whose they are: the number of a person, or `none`.
    #[param(inline)]
    owner: Option<OwnerName>,
    /// Of this team.
    #[param(inline)]
    team: Option<SlugName>,
    /// Of this touchpoint.
    #[param(inline)]
    touchpoint: Option<TouchpointName>,
    /// Of this priority.
    #[param(inline)]
    priority: Option<PriorityName>,
    /// Resolved with this root cause.
    #[param(inline)]
    root_cause: Option<SlugName>,
    /// Those of which this due time has passed.
    #[param(inline)]
    overdue: Option<DueName>,
    /// Opened at or after.
    #[param(inline)]
    from: Option<Time>,
    /// Opened before.
    #[param(inline)]
    to: Option<Time>,
    /// Whether something that the customer wrote waits for somebody to react.
    #[param(inline)]
    customer_answered: Option<YesOrNo>,
    /// `newest` first, or the one first that is `due` next; `newest` when left out.
    #[param(inline)]
    sort: Option<OrderName>,
    /// How many to a page.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The `next_cursor` of an earlier answer in the same order.
    cursor: Option<String>,
}

/// Lists cases.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn list_cases(
    sites: Sites<Viewer>,
    Query(query): Query<CasesQuery>,
    store: Data<Store>,
) -> Result<Json<Page<CaseView>>, ApiError> {
    let (limit, now) = (query.limit.0, UnixMillis::now().0);
    let order = query.sort.map(|OrderName(order)| order).unwrap_or_default();
    let after = query.cursor.as_deref().map(|text| CaseCursor::decode(text)?.after(order)).transpose();
    let after: Option<CasePosition> = after.map_err(|reason| ApiError::invalid_parameter("cursor", reason))?;
    let filter = CaseFilter {
        states: query.state.map(|StateNames(states)| states).unwrap_or_default(),
        owner: query.owner.map(|OwnerName(owner)| owner),
        team: query.team.map(|SlugName(team)| team),
        touchpoint: query.touchpoint.map(|TouchpointName(name)| name),
        priority: query.priority.map(|PriorityName(priority)| priority.as_str()),
        root_cause: query.root_cause.map(|SlugName(name)| name),
        overdue: query.overdue.map(|DueName(due)| (due, now)),
        from: query.from.map(|Time(from)| from),
        to: query.to.map(|Time(to)| to),
        customer_answered: query.customer_answered.map(|YesOrNo(answered)| answered),
    };
    let keys = sites.keys().into_iter().filter(|(id, _)| sites.ids.contains(id));
    let keys = keys.map(|(id, key)| (id, key.to_owned())).collect();
    let list = move |conn: &mut _| casework::list(conn, &keys, &filter, (order, after.as_ref()), take(limit), now);
    let cases = store.reads.lists.read(list).await?;
    let page = Page::new(cases, limit, |(position, _)| CaseCursor { order, position: *position }.encode());
    page.try_map(|(_, view)| Ok(view)).map(Json)
}

/// A case with its responses, notes, links, and how late it is. The `ETag` is its version.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn get_case(
    site: Site<Viewer>,
    Numbered(number): Numbered,
    store: Data<Store>,
) -> Result<Versioned<CaseDetailsView>, ApiError> {
    let (key, now) = (site.key().to_owned(), UnixMillis::now().0);
    let find = move |conn: &mut _| casework::find(conn, (site.id, &key), number, now);
    let body = store.reads.lists.read(find).await?.ok_or_else(not_found)?;
    Ok(Versioned { version: body.case.version, body })
}

/// The timeline of a case, the oldest entry first.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn get_timeline(
    site: Site<Viewer>,
    Numbered(number): Numbered,
    store: Data<Store>,
) -> Result<Json<Page<EntryView>>, ApiError> {
    let entries = store.reads.lists.read(move |conn| casework::timeline(conn, site.id, number)).await?;
    Ok(Json(Page::ending_at(entries.ok_or_else(not_found)?, None)))
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::NotFound, "The site has no case of this number; GET /v1/admin/cases lists them.")
}
