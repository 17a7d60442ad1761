//! `POST /v1/responses`.

use actix_web::{HttpRequest, HttpResponse, web};
use counterbell_shared::Outcome;
use counterbell_shared::response::{Receipt, Response};
use counterbell_shared::time::UnixMillis;

use super::body::JsonBody;
use super::cors::check_origin;
use super::parse::ResponseBody;
use super::rate_limit::Bucket;
use crate::api::ApiError;
use crate::app::AppState;
use crate::db::responses::ResponseRow;
use crate::db::sites::Site;
use crate::ingest::{self, Record};
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
    let of_address = state.rate_limit.check_address(state.trusted_proxies.client(request))?;
    let body = ResponseBody::read(&body.0)?;
    // Which surveys there are depends on the site.
    let known = match body.site_key() {
        Some(key) => Some(state.directory.site(&key).await?.ok_or_else(ApiError::unknown_site)?),
        None => None,
    };
    let (_, response) = body.parse(known.as_ref().map_or(&TEMPLATES_ONLY, |known| &known.surveys))?;
    let known = known.ok_or_else(ApiError::unknown_site)?;
    let site = &known.site;
    check_origin(request, site)?;
    Ok((accept(state, site, response).await?, of_address))
}

/// Stores a response to `site`, as far as the site's limits let it in; returns after the commit.
///
/// # Errors
/// 429, 503.
pub async fn accept(state: &AppState, site: &Site, response: Response) -> Result<Accepted, ApiError> {
    let of_site = state.rate_limit.check_site(site)?;
    let now = UnixMillis::now();
    let counted = state.daily_caps.take(site, now);
    if let Err(full) = counted
        && !is_stored(state, site, &response).await?
    {
        return Err(full.into());
    }
    let record = Record::new(site, response, now, state.silence_ms);
    let held = record.response.held.is_some();
    let stored = state.writer.store(record).await;
    if counted.is_ok() && !stored.as_ref().is_ok_and(|stored| stored.outcome == Outcome::Accepted) {
        state.daily_caps.give_back(site);
    }
    let ingest::Stored { response_id, outcome } = stored?;
    Ok(Accepted {
        receipt: Receipt { response_id: response_id.to_string(), outcome },
        counted: if held && outcome == Outcome::Accepted { IngestOutcome::Held } else { outcome.into() },
        of_site,
    })
}

/// Whether this is a later revision of a response that is stored: it takes nothing of the day's cap, also of a full one.
async fn is_stored(state: &AppState, site: &Site, response: &Response) -> Result<bool, ApiError> {
    let Some(id) = response.response_id.filter(|_| response.revision > 0) else { return Ok(false) };
    let site_ids = [site.id];
    let found = state.pools.look_ups.read(move |conn| ResponseRow::find(conn, &site_ids, id)).await?;
    Ok(found.is_some())
}
