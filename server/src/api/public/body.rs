//! A JSON body of bounded size.

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

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let refused = if request.content_type().eq_ignore_ascii_case("application/json") {
            let length = request.headers().get("content-length").and_then(|length| length.to_str().ok());
            let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            (length > BODY_MAX_BYTES).then(too_large)
        } else {
            Some(unsupported_media_type(request))
        };
        // Its limit is set where the routes are: `PayloadConfig`.
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move {
            if let Some(refused) = refused {
                return Err(refused);
            }
            let Ok(bytes) = timeout(BODY_TIMEOUT, bytes).await else { return Err(too_slow()) };
            bytes.map(Self).map_err(|error| match error.as_error::<PayloadError>() {
                Some(PayloadError::Overflow) => too_large(),
                _ => ApiError::new(ProblemCode::MalformedJson, "The body ended early. Send it whole."),
            })
        })
    }
}

fn too_large() -> ApiError {
    ApiError::new(ProblemCode::BodyTooLarge, format!("The body may have at most {BODY_MAX_BYTES} bytes."))
}

fn too_slow() -> ApiError {
    let detail = format!("The body was not there after {} seconds. Send it again.", BODY_TIMEOUT.as_secs());
    ApiError::new(ProblemCode::RequestTimeout, detail)
}

fn unsupported_media_type(request: &HttpRequest) -> ApiError {
    let detail = if request.headers().contains_key(CONTENT_TYPE) {
        "Send the body with Content-Type: application/json."
    } else {
        "There is no Content-Type. Send the body with Content-Type: application/json."
    };
    ApiError::new(ProblemCode::UnsupportedMediaType, detail)
}
