//! Bodies of bounded size.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use counterbell_shared::limits::BODY_MAX_BYTES;
use counterbell_shared::problem::ProblemCode;
use tokio::time::timeout;

use crate::api::ApiError;
use crate::connections::BODY_TIMEOUT;

/// The bytes of a body declared as JSON, at most [`BODY_MAX_BYTES`].
pub struct JsonBody(pub Bytes);

/// The bytes of a body declared as an HTML form's, at most [`BODY_MAX_BYTES`].
pub struct FormBody(pub Bytes);

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, "application/json", BODY_MAX_BYTES);
        Box::pin(async move { bytes.await.map(Self) })
    }
}

impl FromRequest for FormBody {
    type Error = ApiError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, "application/x-www-form-urlencoded", BODY_MAX_BYTES);
        Box::pin(async move { bytes.await.map(Self) })
    }
}

/// The limit of what comes without a length is set where the routes are: `PayloadConfig`.
fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    media_type: &'static str,
    max_bytes: usize,
) -> impl Future<Output = Result<Bytes, ApiError>> + 'static {
    let refused = if request.content_type().eq_ignore_ascii_case(media_type) {
        let length = request.headers().get("content-length").and_then(|length| length.to_str().ok());
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        (length > max_bytes).then(|| too_large(max_bytes))
    } else {
        Some(unsupported_media_type(request, media_type))
    };
    let bytes = Bytes::from_request(request, payload);
    async move {
        if let Some(refused) = refused {
            return Err(refused);
        }
        let Ok(bytes) = timeout(BODY_TIMEOUT, bytes).await else { return Err(too_slow()) };
        bytes.map_err(|error| match error.as_error::<PayloadError>() {
            Some(PayloadError::Overflow) => too_large(max_bytes),
            _ => ApiError::new(ProblemCode::MalformedJson, "The body ended early. Send it whole."),
        })
    }
}

fn too_large(max_bytes: usize) -> ApiError {
    ApiError::new(ProblemCode::BodyTooLarge, format!("The body may have at most {max_bytes} bytes."))
}

fn too_slow() -> ApiError {
    let detail = format!("The body was not there after {} seconds. Send it again.", BODY_TIMEOUT.as_secs());
    ApiError::new(ProblemCode::RequestTimeout, detail)
}

fn unsupported_media_type(request: &HttpRequest, media_type: &str) -> ApiError {
    let send = format!("Send the body with Content-Type: {media_type}.");
    let detail =
        if request.headers().contains_key(CONTENT_TYPE) { send } else { format!("There is no Content-Type. {send}") };
    ApiError::new(ProblemCode::UnsupportedMediaType, detail)
}
