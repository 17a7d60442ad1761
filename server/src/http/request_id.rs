//! Gives every answer an id that the log knows too.

use std::time::Instant;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError as _};
use counterbell_shared::ids::base32;
use tracing::Level;

use super::ApiError;
use super::hosted::Refusal;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id taken over from a proxy, in bytes.
const TAKEN_OVER_MAX_BYTES: usize = 64;

/// The id of the request being answered: the proxy's, when it sent a sane one, or a short random one.
fn id_of(headers: &HeaderMap) -> String {
    let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    // What is taken over ends up in the log: no spaces, no quotes, no addresses.
    let sane = |id: &&str| {
        (1..=TAKEN_OVER_MAX_BYTES).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    given.filter(sane).map_or_else(|| base32(&fastrand::u128(..).to_le_bytes()), str::to_owned)
}

/// Sets `X-Request-Id`, logs what failed by our fault, and tells the id in the body of such an answer.
///
/// # Errors
/// What an inner layer fails with.
pub async fn identify_requests<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let id = id_of(request.headers());
    let started = tracing::enabled!(Level::DEBUG).then(Instant::now);
    let answer = next.call(request).await?;
    let told = answer.status().is_server_error().then(|| log_and_tell(&answer, &id)).flatten();
    if let Some(started) = started {
        log_access(&answer, &id, started);
    }
    // Headers that other layers set, such as those of CORS, stay.
    let mut answer = answer.map_body(|_, body| match told {
        Some(told) => EitherBody::right(BoxBody::new(told)),
        None => EitherBody::left(body),
    });
    if let Ok(value) = HeaderValue::try_from(id) {
        answer.headers_mut().insert(X_REQUEST_ID, value);
    }
    Ok(answer)
}

/// The body that tells the id; `None` for an error of another layer, whose body stays.
fn log_and_tell<B>(answer: &ServiceResponse<B>, id: &str) -> Option<Vec<u8>> {
    let error = answer.response().error()?;
    let status = answer.status().as_u16();
    // A page stays as it is.
    let of_page = error.as_error::<Refusal>();
    let Some(error) = of_page.map(Refusal::error).or_else(|| error.as_error::<ApiError>()) else {
        tracing::error!(request.id = id, http.status = status, "Request {id} failed: {error}");
        return None;
    };
    let code = error.code().as_str();
    match error.cause() {
        // Storage is away, for this request and for all others: no line of its own, which `request.id` would make it.
        Some(cause) if error.status_code() == StatusCode::SERVICE_UNAVAILABLE => {
            tracing::error!(http.status = status, code, "Request {id} was answered 503: {cause}");
        }
        // Logged once, here; the caller learns nothing of the inside.
        Some(cause) => tracing::error!(request.id = id, http.status = status, code, "Request {id} failed: {cause}"),
        // Busy or stopping: the metrics count it, and a line for each would make it worse.
        None => tracing::debug!(request.id = id, http.status = status, code, "Request {id} was refused: {code}"),
    }
    if of_page.is_some() { None } else { serde_json::to_vec(&error.problem(Some(id))).ok() }
}

/// The route and not the path, and never the query: neither may hold what a customer typed.
fn log_access<B>(answer: &ServiceResponse<B>, id: &str, started: Instant) {
    let request = answer.request();
    let (method, status) = (request.method().as_str(), answer.status().as_u16());
    let route = request.match_pattern().unwrap_or_else(|| "(none)".to_owned());
    let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    tracing::debug!(
        request.id = id,
        http.method = method,
        http.route = route,
        http.status = status,
        duration_us,
        "{method} {route} {status} in {duration_us} us"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(given: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_str(given).unwrap());
        id_of(&headers)
    }

    #[test]
    fn sane_id_is_taken_over_and_any_other_replaced() {
        for sane in ["a", "0190c5f0-7b1c-7c1e-8000-123456789abc", "Root_1.2", &"x".repeat(64)] {
            assert_eq!(taken(sane), sane);
        }
        for strange in ["", "a b", "ann@shop.example", "a\"b", "id=1", &"x".repeat(65)] {
            let id = taken(strange);
            assert_eq!(id.len(), 16, "{strange} became {id}");
            assert_ne!(taken(strange), id);
        }
    }
}
