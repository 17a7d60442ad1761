//! `POST /v1/responses`.

use actix_web::{HttpRequest, HttpResponse, web};
use counterbell_shared::Outcome;
use counterbell_shared::problem::FieldError;
use counterbell_shared::response::{Parsed, Receipt, Response};
use counterbell_shared::time::UnixMillis;

use super::body::JsonBody;
use super::cors::check_origin;
use super::parse::ResponseBody;
use super::rate_limit::Bucket;
use crate::api::ApiError;
use crate::app::AppState;
use crate::db::responses::ResponseRow;
use crate::db::sites::Site;
use crate::ingest::{self, Cap, Record};
use crate::metrics::IngestOutcome;
use crate::surveys::TEMPLATES_ONLY;

/// Stores a response; answers after the commit. Counts what became of the request, whatever that is.
///
/// # Errors
/// 400, 403, 404, 413, 415, 422, 429, 503; see docs/API.md.
pub async fn create_response(
    request: HttpRequest,
    state: web::Data<AppState>,
    body: Result<JsonBody, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let mut counted = state.metrics.ingest_request();
    let stored = match body {
        Ok(body) => store_response(&request, &state, &body).await,
        Err(error) => Err(error),
    };
    counted.ends_as(stored.as_ref().map_or_else(|error| error.code().into(), |(accepted, _)| accepted.counted));
    let (Accepted { receipt, of_site, .. }, of_address) = stored?;
    let mut answer = match receipt.outcome {
        Outcome::Accepted => HttpResponse::Created().json(receipt),
        Outcome::Updated | Outcome::Duplicate => HttpResponse::Ok().json(receipt),
    };
    for bucket in [of_address, of_site].into_iter().flatten() {
        bucket.write(answer.headers_mut());
    }
    Ok(answer)
}

/// A time so long ago was made up, or is of a clock that was never set: it must not change figures of the past.
fn leave_out_long_past(parsed: &mut Parsed, now: UnixMillis, backdate_ms: i64) {
    let created_at = &mut parsed.response.created_at;
    if created_at.take_if(|created_at| created_at.0 < now.0 - backdate_ms).is_some() {
        parsed.ignored.push(FieldError::new("/created_at", "is too long ago"));
    }
}

/// What became of a response that was let in.
pub struct Accepted {
    /// What the sender is told.
    pub receipt: Receipt,
    /// As it is counted: a sender is not told that a response is held back.
    pub counted: IngestOutcome,
    /// What is left of the site's limit.
    of_site: Option<Bucket>,
}

async fn store_response(
    request: &HttpRequest,
    state: &AppState,
    body: &JsonBody,
) -> Result<(Accepted, Option<Bucket>), ApiError> {
    let of_address = state.rate_limit.check_client(state.trusted_proxies.client(request))?;
    let body = ResponseBody::read(&body.0)?;
    // Which surveys there are depends on the site.
    let known = match body.site_key() {
        Some(key) => Some(state.directory.site(&key).await?.ok_or_else(ApiError::unknown_site)?),
        None => None,
    };
    let mut parsed = body.parse(known.as_ref().map_or(&TEMPLATES_ONLY, |known| &known.surveys))?;
    leave_out_long_past(&mut parsed, UnixMillis::now(), state.backdate_ms);
    let Parsed { response, ignored, .. } = parsed;
    let known = known.ok_or_else(ApiError::unknown_site)?;
    let site = &known.site;
    check_origin(request, site)?;
    let mut accepted = accept(state, site, response).await?;
    accepted.receipt.ignored = ignored.into_iter().map(|left_out| left_out.pointer).collect();
    Ok((accepted, of_address))
}

/// Stores a response to `site`, as far as the site's limits let it in; returns after the commit.
///
/// # Errors
/// 429, 503.
pub async fn accept(state: &AppState, site: &Site, response: Response) -> Result<Accepted, ApiError> {
    let of_site = state.rate_limit.check_site(site)?;
    let now = UnixMillis::now();
    let mut record = Record::new(site, response, now, state.silence_ms);
    record.revisable_since = now.0 - state.revisable_ms;
    let held = record.response.held.is_some();
    let cap = if held { Cap::Held } else { Cap::Customers };
    let counted = state.daily_caps.take(site, cap, now);
    // Also of what is held: a program learns no more than that the day is full, and a customer who was taken for one
    // can send it again tomorrow.
    if let Err(full) = counted
        && !is_stored(state, &record).await?
    {
        return Err(full.into());
    }
    let stored = state.writer.store(record).await;
    if let Ok(counted) = counted
        && !stored.as_ref().is_ok_and(|stored| stored.outcome == Outcome::Accepted)
    {
        state.daily_caps.give_back(site, counted);
    }
    let ingest::Stored { response_id, outcome } = stored?;
    Ok(Accepted {
        receipt: Receipt { response_id: response_id.to_string(), outcome, ignored: Vec::new() },
        counted: if held && outcome == Outcome::Accepted { IngestOutcome::Held } else { outcome.into() },
        of_site,
    })
}

/// Whether this is a later revision of a response that is stored: it takes nothing of the day's cap, also of a full one.
async fn is_stored(state: &AppState, record: &Record) -> Result<bool, ApiError> {
    if record.response.revision == 0 {
        return Ok(false);
    }
    let (site_ids, id) = ([record.response.site_id], record.response_id());
    let found = state.pools.look_ups.read(move |conn| ResponseRow::find(conn, &site_ids, id)).await?;
    Ok(found.is_some())
}
