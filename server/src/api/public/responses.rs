//! `POST /v1/responses`.

use actix_web::{HttpRequest, HttpResponse, web};
use counterbell_shared::Outcome;
use counterbell_shared::response::Receipt;
use counterbell_shared::time::UnixMillis;

use super::body::JsonBody;
use super::cors::check_origin;
use super::parse::parse_response;
use crate::api::ApiError;
use crate::app::AppState;
use crate::ingest::Record;

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
    counted.ends_as(stored.as_ref().map_or_else(|error| error.code().into(), |receipt| receipt.outcome.into()));
    stored.map(|receipt| match receipt.outcome {
        Outcome::Accepted => HttpResponse::Created().json(receipt),
        Outcome::Duplicate => HttpResponse::Ok().json(receipt),
    })
}

async fn store_response(request: &HttpRequest, state: &AppState, body: &JsonBody) -> Result<Receipt, ApiError> {
    state.rate_limit.check(request)?;
    let (site_key, response) = parse_response(&body.0)?;
    let site = state.directory.site(&site_key).await?.ok_or_else(ApiError::unknown_site)?;
    check_origin(request, &site)?;
    let stored = state.writer.store(Record::new(&site, response, UnixMillis::now())).await?;
    Ok(Receipt { response_id: stored.response_id.to_string(), outcome: stored.outcome })
}
