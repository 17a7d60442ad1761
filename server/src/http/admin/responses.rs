//! `/v1/admin/responses`: listed, looked up, released and deleted.

use std::collections::HashMap;
use std::str::FromStr as _;

use actix_web::{HttpRequest, HttpResponse, web};
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use counterbell_shared::{Reference, ResponseId};

use super::cursor::{Cursor as _, SearchPosition};
use super::page::{Page, take};
use super::response_view::ResponseView;
use crate::db::additions::AdditionRow;
use crate::db::responses::{self, ResponseFilter, ResponsePosition, ResponseRow};
use crate::http::ApiError;
use crate::http::extract::{Access, Params};
use crate::responses::{Eraser, release};
use crate::search::{Query, SearchIndex};
use crate::store::{StorageError, Store};

/// Hits looked at in one go when the filter drops some.
const HITS: i64 = 256;
/// How often more hits are looked at when the filter drops them; then a shorter page is answered.
const HITS_ROUNDS: usize = 8;

/// Lists responses, newest first.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn list_responses(
    access: Access,
    request: HttpRequest,
    store: web::Data<Store>,
    index: web::Data<SearchIndex>,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::parse(&request)?;
    let site_ids = access.site_ids(&mut params)?;
    let filter = ResponseFilter {
        touchpoint: params.take_touchpoint()?,
        order_ref: params.take("order_ref", |text| Reference::new(text).map(String::from))?,
        metric: params.take_name("metric", "csat, nps, ces, expectation")?,
        band: params.take_name("band", "dissatisfied, neutral, satisfied, detractor, passive, promoter")?,
        from: params.take_time("from")?,
        to: params.take_time("to")?,
        has_comment: params.take_name("has_comment", "true, false")?,
        held: params.take_name("held", "true, false")?.unwrap_or(false),
    };
    if let Some(query) = params.take("q", Query::from_str)? {
        let after = params.take("cursor", SearchPosition::decode)?;
        let limit = params.take_limit()?;
        params.finish()?;
        let page = search(&store, &index, query, site_ids, filter, after, limit).await?;
        return show_page(&access, &store, page).await;
    }
    let after = params.take("cursor", ResponsePosition::decode)?;
    let limit = params.take_limit()?;
    params.finish()?;

    let query = move |conn: &mut _| responses::list(conn, &site_ids, &filter, after.as_ref(), take(limit));
    let rows = store.reads.lists.read(query).await?;
    let page = Page::new(rows, limit, |row| ResponsePosition::from(row).encode());
    show_page(&access, &store, page).await
}

/// Responses with what was added to them.
async fn show_page(access: &Access, store: &Store, page: Page<ResponseRow>) -> Result<HttpResponse, ApiError> {
    let shown: Vec<_> = page.items().iter().map(|row| (row.site_id, row.response_id.clone())).collect();
    let mut additions = store.reads.lists.read(move |conn| AdditionRow::of_responses(conn, &shown)).await?;
    let site_keys = access.site_keys();
    let page = page.try_map(|row| {
        let additions = additions.remove(&(row.site_id, row.response_id.clone())).unwrap_or_default();
        ResponseView::new(row, additions, &site_keys)
    })?;
    Ok(HttpResponse::Ok().json(page))
}

async fn show(access: &Access, store: &Store, row: ResponseRow) -> Result<HttpResponse, ApiError> {
    let (site_id, id) = (row.site_id, row.response_id.clone());
    let additions = store.reads.lists.read(move |conn| AdditionRow::of_response(conn, site_id, &id)).await?;
    Ok(HttpResponse::Ok().json(ResponseView::new(row, additions, &access.site_keys())?))
}

/// A page of the responses that hold all words of `query`, the last stored first.
async fn search(
    store: &Store,
    index: &SearchIndex,
    query: Query,
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
fn is_found_by_old_words(row: &ResponseRow, query: &Query) -> bool {
    row.revision > 0 && !row.comment.as_deref().is_some_and(|comment| query.matches(comment))
}

fn is_same(one: &ResponseRow, other: &ResponseRow) -> bool {
    (one.site_id, &one.response_id) == (other.site_id, &other.response_id)
}

/// Counts a response that was held back as suspected spam, and fires its alerts. One that is not held stays as it is.
///
/// # Errors
/// 400, 401, 404.
pub async fn release_response(
    access: Access,
    store: web::Data<Store>,
    request: HttpRequest,
    response_id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = asked_id(&request, &response_id)?;
    let site_ids = access.all_site_ids();
    let by = access.by();
    let row = store.writes.decisions.run(move |conn| release(conn, &site_ids, id, &by, UnixMillis::now())).await?;
    let row = row.ok_or_else(not_found)?;
    store.signals.triage_queued.notify_one();
    show(&access, &store, row).await
}

/// Deletes a response with all that belongs to it.
///
/// # Errors
/// 400, 401, 404.
pub async fn delete_response(
    access: Access,
    store: web::Data<Store>,
    eraser: web::Data<Eraser>,
    request: HttpRequest,
    response_id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let row = find(&access, &store, &request, &response_id).await?;
    let id = row.id().ok_or_else(not_found)?;
    if eraser.erase_response(row.site_id, id, access.by()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(not_found())
    }
}

/// One response.
///
/// # Errors
/// 400, 401, 404.
pub async fn get_response(
    access: Access,
    store: web::Data<Store>,
    request: HttpRequest,
    response_id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let row = find(&access, &store, &request, &response_id).await?;
    show(&access, &store, row).await
}

/// The response a request is about, which takes no parameters.
fn asked_id(request: &HttpRequest, response_id: &str) -> Result<ResponseId, ApiError> {
    Params::parse(request)?.finish()?;
    response_id.parse().map_err(|_| not_found())
}

async fn find(
    access: &Access,
    store: &Store,
    request: &HttpRequest,
    response_id: &str,
) -> Result<ResponseRow, ApiError> {
    let (id, site_ids) = (asked_id(request, response_id)?, access.all_site_ids());
    store.reads.lists.read(move |conn| ResponseRow::find(conn, &site_ids, id)).await?.ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::NotFound, "No site this API key covers has such a response.")
}
