//! `POST /v1/responses`.

use actix_web::{HttpRequest, HttpResponse, web};
use counterbell_shared::Outcome;
use counterbell_shared::problem::FieldError;
use counterbell_shared::response::{NewResponse, Parsed, Receipt};
use counterbell_shared::time::UnixMillis;

use super::cors::check_origin;
use super::intake::{Accepted, Intake};
use super::parse::{ResponseBody, check_readable};
use crate::http::ApiError;
use crate::http::extract::JsonBody;
use crate::http::limits::Bucket;
use crate::http::operations::{Counted, Created, Written};
use crate::surveys::TEMPLATES_ONLY;

/// Stores a response; answers after the commit. Counts what became of the request, whatever that is.
///
/// # Errors
/// 400, 403, 404, 413, 415, 422, 429, 503; see docs/API.md.
pub async fn create_response(
    request: HttpRequest,
    intake: web::Data<Intake>,
    body: Result<JsonBody<NewResponse<'static>>, ApiError>,
) -> Result<Written<Counted<Created<Receipt>>>, ApiError> {
    let mut counted = intake.metrics.ingest_request();
    let stored = match body {
        Ok(body) => store_response(&request, &intake, &body.0).await,
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
    Ok(answer.into())
}

/// A time so long ago was made up, or is of a clock that was never set: it must not change figures of the past.
fn leave_out_long_past(parsed: &mut Parsed, now: UnixMillis, backdate_ms: i64) {
    let created_at = &mut parsed.response.created_at;
    if created_at.take_if(|created_at| created_at.0 < now.0 - backdate_ms).is_some() {
        parsed.ignored.push(FieldError::new("/created_at", "is too long ago"));
    }
}

async fn store_response(
    request: &HttpRequest,
    intake: &Intake,
    body: &[u8],
) -> Result<(Accepted, Option<Bucket>), ApiError> {
    let of_address = intake.limits.check_response(request)?;
    let body = ResponseBody::read(body)?;
    // Which surveys there are depends on the site.
    let known = match body.site_key() {
        Some(key) => Some(intake.directory.site(&key).await?.ok_or_else(ApiError::unknown_site)?),
        None => None,
    };
    let surveys = known.as_ref().map_or(&TEMPLATES_ONLY, |known| &known.surveys);
    check_readable(surveys, body.survey())?;
    let mut parsed = body.parse(surveys)?;
    leave_out_long_past(&mut parsed, UnixMillis::now(), intake.ingest.settings.backdate_ms);
    let Parsed { response, ignored, .. } = parsed;
    let known = known.ok_or_else(ApiError::unknown_site)?;
    check_origin(request, &known.site)?;
    let mut accepted = intake.accept(&known, response).await?;
    accepted.receipt.ignored = ignored.into_iter().map(|left_out| left_out.pointer).collect();
    Ok((accepted, of_address))
}
