//! `/v1/admin/responses`: listed, looked up, released and deleted.

use std::borrow::Cow;
use std::collections::HashMap;

use actix_web::web::Data;
use counterbell_shared::ResponseId;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use serde::de::{Deserialize, Deserializer, Error as _};
use utoipa::IntoParams;

use super::cursor::{Cursor, SearchPosition};
use super::page::{Page, take};
use super::response_view::ResponseView;
use crate::db::additions::AdditionRow;
use crate::db::cases::CaseRow;
use crate::db::responses::{self, ResponseFilter, ResponsePosition, ResponseRow};
use crate::db::{AnyConnection, case_lists};
use crate::http::ApiError;
use crate::http::extract::values::{BandName, Limit, MetricName, ReferenceName, Time, TouchpointName, YesOrNo};
use crate::http::extract::{Admin, Agent, AnySite, Id, Query, Sites, Viewer};
use crate::http::operations::{Json, NoContent};
use crate::responses::{Eraser, release};
use crate::search::{self, SearchIndex};
use crate::store::{StorageError, Store};

/// Hits looked at in one go when the filter drops some.
const HITS: i64 = 256;
/// How often more hits are looked at when the filter drops them; then a shorter page is answered.
const HITS_ROUNDS: usize = 8;

/// Which responses to list; every condition must hold.
#[derive(serde::Deserialize, IntoParams)]
pub struct ResponsesQuery {
    /// Of this touchpoint.
    #[param(inline)]
    touchpoint: Option<TouchpointName>,
    /// Of this order.
    #[param(inline)]
    order_ref: Option<ReferenceName>,
    /// On this metric.
    #[param(inline)]
    metric: Option<MetricName>,
    /// In this band, which implies its metric.
    #[param(inline)]
    band: Option<BandName>,
    /// Created at or after.
    #[param(inline)]
    from: Option<Time>,
    /// Created before.
    #[param(inline)]
    to: Option<Time>,
    /// With a comment, or without one.
    #[param(inline)]
    has_comment: Option<YesOrNo>,
    /// Those held back as suspected spam, and no others; else none of them.
    #[param(inline)]
    held: Option<YesOrNo>,
    /// Words that the comment holds, all of them; `deliver*` stands for any that begins so.
    #[param(value_type = Option<String>)]
    q: Option<Words>,
    /// How many to a page.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The `next_cursor` of an earlier answer.
    cursor: Option<String>,
}

/// What is searched for.
struct Words(search::Query);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// Lists responses, newest first.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn list_responses(
    sites: Sites<Viewer>,
    Query(query): Query<ResponsesQuery>,
    store: Data<Store>,
    index: Data<SearchIndex>,
) -> Result<Json<Page<ResponseView>>, ApiError> {
    let filter = ResponseFilter {
        touchpoint: query.touchpoint.map(|TouchpointName(name)| name),
        order_ref: query.order_ref.map(|ReferenceName(name)| name),
        metric: query.metric.map(|MetricName(metric)| metric),
        band: query.band.map(|BandName(band)| band),
        from: query.from.map(|Time(from)| from),
        to: query.to.map(|Time(to)| to),
        has_comment: query.has_comment.map(|YesOrNo(has_comment)| has_comment),
        held: query.held.is_some_and(|YesOrNo(held)| held),
    };
    let (ids, limit) = (sites.ids.clone(), query.limit.0);
    if let Some(Words(words)) = query.q {
        let after = after::<SearchPosition>(query.cursor.as_deref())?;
        let page = search(&store, &index, words, ids, filter, after, limit).await?;
        return show_page(&sites, &store, page).await;
    }
    let after = after::<ResponsePosition>(query.cursor.as_deref())?;
    let list = move |conn: &mut _| responses::list(conn, &ids, &filter, after.as_ref(), take(limit));
    let rows = store.reads.lists.read(list).await?;
    let page = Page::new(rows, limit, |row| ResponsePosition::from(row).encode());
    show_page(&sites, &store, page).await
}

/// The cursor of a list in the order of `C`.
fn after<C: Cursor>(cursor: Option<&str>) -> Result<Option<C>, ApiError> {
    cursor.map(C::decode).transpose().map_err(|reason| ApiError::invalid_parameter("cursor", reason))
}

/// Responses with what was added to them.
async fn show_page(
    sites: &Sites<Viewer>,
    store: &Store,
    page: Page<ResponseRow>,
) -> Result<Json<Page<ResponseView>>, ApiError> {
    let shown: Vec<_> = page.items().iter().map(|row| (row.site_id, row.response_id.clone())).collect();
    let beside = move |conn: &mut AnyConnection| {
        Ok((AdditionRow::of_responses(conn, &shown)?, case_lists::numbers_of(conn, &shown)?))
    };
    let (mut additions, mut cases) = store.reads.lists.read(beside).await?;
    let site_keys = sites.keys();
    let page = page.try_map(|row| {
        let key = (row.site_id, row.response_id.clone());
        ResponseView::new(row, additions.remove(&key).unwrap_or_default(), cases.remove(&key), &site_keys)
    })?;
    Ok(Json(page))
}

async fn show<R>(sites: &Sites<R>, store: &Store, row: ResponseRow) -> Result<Json<ResponseView>, ApiError> {
    let (site_id, id) = (row.site_id, row.response_id.clone());
    let beside = move |conn: &mut AnyConnection| {
        let case = CaseRow::of_response(conn, site_id, &id)?.map(|case| case.number);
        Ok((AdditionRow::of_response(conn, site_id, &id)?, case))
    };
    let (additions, case) = store.reads.lists.read(beside).await?;
    Ok(Json(ResponseView::new(row, additions, case, &sites.keys())?))
}

/// A page of the responses that hold all words of `query`, the last stored first.
async fn search(
    store: &Store,
    index: &SearchIndex,
    query: search::Query,
    site_ids: Vec<i64>,
    filter: ResponseFilter,
    after: Option<SearchPosition>,
    limit: u32,
) -> Result<Page<ResponseRow>, StorageError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut before = after.map_or(i64::MAX, |SearchPosition(seq)| seq);
    let mut found: Vec<ResponseRow> = Vec::new();
    // Most searches are not filtered: then one more than the page holds is all that is needed.
    let first = i64::try_from(limit).unwrap_or(HITS) + 1;
    for most in std::iter::once(first).chain(std::iter::repeat_n(HITS, HITS_ROUNDS)) {
        let hits = index.search(query.clone(), site_ids.clone(), before, most).await?;
        let Some(last) = hits.last() else { return Ok(Page::ending_at(found, None)) };
        let (last, more) = (last.seq, i64::try_from(hits.len()).is_ok_and(|count| count == most));
        let filter = filter.clone();
        let rows = store.reads.lists.read(move |conn| {
            let keys: Vec<_> = hits.iter().map(|hit| (hit.site_id, hit.response_id.clone())).collect();
            let rows = responses::find_filtered(conn, &keys, &filter)?;
            // Of a comment that is in the index twice the first place counts, which is the later one.
            let places: HashMap<_, _> = keys.into_iter().zip(hits.iter().map(|hit| hit.seq)).rev().collect();
            let place = |row: &ResponseRow| places.get(&(row.site_id, row.response_id.clone())).copied();
            Ok(rows.into_iter().filter_map(|row| Some((place(&row)?, row))).collect::<Vec<_>>())
        });
        for (seq, row) in rows.await? {
            if is_found_by_old_words(&row, &query) || found.iter().any(|other| is_same(other, &row)) {
                continue;
            }
            if found.len() == limit {
                return Ok(Page::ending_at(found, Some(SearchPosition(before).encode())));
            }
            found.push(row);
            before = seq;
        }
        if !more {
            return Ok(Page::ending_at(found, None));
        }
        before = last;
    }
    Ok(Page::ending_at(found, Some(SearchPosition(before).encode())))
}

/// Whether the index found a comment by words it had before a later revision.
fn is_found_by_old_words(row: &ResponseRow, query: &search::Query) -> bool {
    row.revision > 0 && !row.comment.as_deref().is_some_and(|comment| query.matches(comment))
}

fn is_same(one: &ResponseRow, other: &ResponseRow) -> bool {
    (one.site_id, &one.response_id) == (other.site_id, &other.response_id)
}

/// Counts a response that was held back as suspected spam, and has triage look at it. One that is not held stays as it is.
///
/// # Errors
/// 400, 401, 404.
pub async fn release_response(
    AnySite(sites): AnySite<Agent>,
    Id(id): Id,
    store: Data<Store>,
) -> Result<Json<ResponseView>, ApiError> {
    let (ids, by) = (sites.ids.clone(), sites.principal.by());
    let row = store.writes.decisions.run(move |conn| release(conn, &ids, id, &by, UnixMillis::now())).await?;
    let row = row.ok_or_else(not_found)?;
    store.signals.triage_queued.notify_one();
    show(&sites, &store, row).await
}

/// Deletes a response with all that belongs to it.
///
/// # Errors
/// 400, 401, 404.
pub async fn delete_response(
    AnySite(sites): AnySite<Admin>,
    Id(id): Id,
    store: Data<Store>,
    eraser: Data<Eraser>,
) -> Result<NoContent, ApiError> {
    let row = find(&sites, &store, id).await?;
    if eraser.erase_response(row.site_id, id, sites.principal.by()).await? { Ok(NoContent) } else { Err(not_found()) }
}

/// One response.
///
/// # Errors
/// 400, 401, 404.
pub async fn get_response(
    AnySite(sites): AnySite<Viewer>,
    Id(id): Id,
    store: Data<Store>,
) -> Result<Json<ResponseView>, ApiError> {
    let row = find(&sites, &store, id).await?;
    show(&sites, &store, row).await
}

async fn find<R>(sites: &Sites<R>, store: &Store, id: ResponseId) -> Result<ResponseRow, ApiError> {
    let ids = sites.ids.clone();
    store.reads.lists.read(move |conn| ResponseRow::find(conn, &ids, id)).await?.ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::NotFound, "No site this API key covers has such a response.")
}
