//! `GET /v1/admin/responses` and `GET /v1/admin/responses/{response_id}`.

use std::collections::HashMap;
use std::str::FromStr as _;

use actix_web::{HttpRequest, HttpResponse, web};
use counterbell_shared::ResponseId;
use counterbell_shared::metric::{Band, Metric, Scale};
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use serde::Serialize;

use super::auth::Access;
use super::cursor::{Cursor as _, SearchPosition};
use super::page::{Page, take};
use super::params::Params;
use crate::api::ApiError;
use crate::app::AppState;
use crate::db::StorageError;
use crate::db::responses::{self, ResponseFilter, ResponsePosition, ResponseRow};
use crate::ingest::release;
use crate::search::Query;

/// A response as integrators see it.
#[derive(Serialize)]
struct ResponseView {
    response_id: String,
    site_key: String,
    touchpoint: String,
    survey: String,
    survey_version: i32,
    metric: Metric,
    score: u8,
    scale: Scale,
    band: Option<Band>,
    comment: Option<String>,
    answers: Option<serde_json::Value>,
    order_ref: Option<String>,
    customer_ref: Option<String>,
    contact: Option<ContactView>,
    locale: Option<String>,
    page_url: Option<String>,
    channel: String,
    created_at: UnixMillis,
    received_at: UnixMillis,
    held: Option<String>,
    complete: bool,
}

/// Present only when the customer agreed.
#[derive(Serialize)]
struct ContactView {
    email: String,
}

impl ResponseView {
    /// # Errors
    /// 500 when the row holds what we never write.
    fn new(row: ResponseRow, site_keys: &HashMap<i64, &str>) -> Result<Self, ApiError> {
        let (Some(id), Some(score)) = (row.id(), row.score()) else {
            return Err(ApiError::fault(format!("a stored response of site {} is corrupt", row.site_id)));
        };
        Ok(Self {
            response_id: id.to_string(),
            site_key: site_keys.get(&row.site_id).map(ToString::to_string).unwrap_or_default(),
            touchpoint: row.touchpoint,
            survey: row.survey,
            survey_version: row.survey_version,
            metric: score.metric(),
            score: score.value(),
            scale: score.metric().scale(),
            band: score.band(),
            comment: row.comment,
            answers: row.answers.map(|json| serde_json::from_str(&json)).transpose().map_err(ApiError::fault)?,
            order_ref: row.order_ref,
            customer_ref: row.customer_ref,
            contact: row.contact_email.map(|email| ContactView { email }),
            locale: row.locale,
            page_url: row.page_url,
            channel: row.channel,
            created_at: UnixMillis(row.created_at),
            received_at: UnixMillis(row.received_at),
            held: row.held,
            complete: row.complete,
        })
    }
}

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
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::parse(&request)?;
    let site_ids = access.site_ids(&mut params)?;
    let filter = ResponseFilter {
        touchpoint: params.take("touchpoint", |name| Ok::<_, String>(name.to_owned()))?,
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
        let page = search(&state, query, site_ids, filter, after, limit).await?;
        let site_keys = access.site_keys();
        return Ok(HttpResponse::Ok().json(page.try_map(|row| ResponseView::new(row, &site_keys))?));
    }
    let after = params.take("cursor", ResponsePosition::decode)?;
    let limit = params.take_limit()?;
    params.finish()?;

    let query = move |conn: &mut _| responses::list(conn, &site_ids, &filter, after.as_ref(), take(limit));
    let rows = state.pools.lists.read(query).await?;
    let page = Page::new(rows, limit, |row| ResponsePosition::from(row).encode());
    let site_keys = access.site_keys();
    Ok(HttpResponse::Ok().json(page.try_map(|row| ResponseView::new(row, &site_keys))?))
}

/// A page of the responses that hold all words of `query`, the last stored first.
async fn search(
    state: &AppState,
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
        let hits = state.search.search(query.clone(), site_ids.clone(), before, most).await?;
        let Some(last) = hits.last() else { return Ok(Page::ending_at(found, None)) };
        let (last, more) = (last.seq, i64::try_from(hits.len()).is_ok_and(|count| count == most));
        let filter = filter.clone();
        let rows = state.pools.lists.read(move |conn| {
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
/// 401, 404.
pub async fn release_response(
    access: Access,
    state: web::Data<AppState>,
    request: HttpRequest,
    response_id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    Params::parse(&request)?.finish()?;
    let id: ResponseId = response_id.parse().map_err(|_| not_found())?;
    let site_ids = access.all_site_ids();
    let row = state.writer.run(move |conn| release(conn, &site_ids, id, UnixMillis::now())).await?;
    let row = row.ok_or_else(not_found)?;
    state.outbox_filled.notify_one();
    Ok(HttpResponse::Ok().json(ResponseView::new(row, &access.site_keys())?))
}

/// One response.
///
/// # Errors
/// 401, 404.
pub async fn get_response(
    access: Access,
    state: web::Data<AppState>,
    request: HttpRequest,
    response_id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    Params::parse(&request)?.finish()?;
    let id: ResponseId = response_id.parse().map_err(|_| not_found())?;
    let site_ids = access.all_site_ids();
    let row =
        state.pools.lists.read(move |conn| ResponseRow::find(conn, &site_ids, id)).await?.ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(ResponseView::new(row, &access.site_keys())?))
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::NotFound, "No site this API key covers has such a response.")
}
