//! Bodies of bounded size.

use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use counterbell_shared::limits::BODY_MAX_BYTES;
use counterbell_shared::problem::ProblemCode;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{Content, Required};

use super::surrogates::without_half_characters;
use crate::connections::BODY_TIMEOUT;
use crate::http::ApiError;
use crate::http::operations::{Describe, Notes, schema};

/// As much of a coding's name as is told back.
const CODING_SHOWN_CHARS: usize = 40;

const JSON: &str = "application/json";
/// RFC 7396.
const MERGE_PATCH: &str = "application/merge-patch+json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The bytes of a body declared as JSON, at most [`BODY_MAX_BYTES`]. The handler reads them as what `T` describes.
pub struct JsonBody<T>(pub Bytes, PhantomData<T>);

/// The bytes of a body declared as JSON Merge Patch or as JSON, at most [`BODY_MAX_BYTES`]. The handler reads them as what `T`
/// describes.
pub struct PatchBody<T>(pub Bytes, PhantomData<T>);

/// The bytes of a body declared as an HTML form's, at most [`BODY_MAX_BYTES`]. The handler reads them as what `T` describes.
pub struct FormBody<T>(pub Bytes, PhantomData<T>);

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

impl<T> FromRequest for JsonBody<T> {
    type Error = ApiError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, &[JSON]);
        Box::pin(async move { Ok(Self(without_half_characters(bytes.await?), PhantomData)) })
    }
}

impl<T> FromRequest for PatchBody<T> {
    type Error = ApiError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, &[MERGE_PATCH, JSON]);
        Box::pin(async move { Ok(Self(without_half_characters(bytes.await?), PhantomData)) })
    }
}

impl<T> FromRequest for FormBody<T> {
    type Error = ApiError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, &[FORM]);
        Box::pin(async move { Ok(Self(bytes.await?, PhantomData)) })
    }
}

/// The limit of what comes without a length is set where the routes are: `PayloadConfig`.
fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    media_types: &[&str],
) -> impl Future<Output = Result<Bytes, ApiError>> + use<> {
    let refused = if let Some(coding) = coding(request) {
        Some(compressed(&coding))
    } else if media_types.iter().any(|known| request.content_type().eq_ignore_ascii_case(known)) {
        let length = request.headers().get("content-length").and_then(|length| length.to_str().ok());
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        (length > BODY_MAX_BYTES).then(too_large)
    } else {
        Some(unsupported_media_type(request, media_types))
    };
    let bytes = Bytes::from_request(request, payload);
    async move {
        if let Some(refused) = refused {
            return Err(refused);
        }
        let Ok(bytes) = timeout(BODY_TIMEOUT, bytes).await else { return Err(too_slow()) };
        bytes.map_err(|error| match error.as_error::<PayloadError>() {
            Some(PayloadError::Overflow) => too_large(),
            _ => ApiError::new(ProblemCode::IncompleteBody, "The body ended early. Send it whole."),
        })
    }
}

/// What the body is coded with, unless that changes nothing.
fn coding(request: &HttpRequest) -> Option<String> {
    let lines: Vec<_> =
        request.headers().get_all(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?")).collect();
    let codings = lines.join(", ");
    let changes = |coding: &str| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity");
    codings.split(',').map(str::trim).any(changes).then_some(codings)
}

/// RFC 9110 section 15.5.16: the answer says what is taken.
fn compressed(coding: &str) -> ApiError {
    let named: String = coding.chars().take(CODING_SHOWN_CHARS).collect();
    let detail = format!("Content-Encoding: {named} is not taken. Send the body as it is, not compressed.");
    let accepted = (ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    ApiError::new(ProblemCode::UnsupportedMediaType, detail).with_headers(std::iter::once(accepted))
}

fn too_large() -> ApiError {
    ApiError::new(ProblemCode::BodyTooLarge, format!("The body may have at most {BODY_MAX_BYTES} bytes."))
}

fn too_slow() -> ApiError {
    let detail = format!("The body did not arrive within {} seconds. Send it again.", BODY_TIMEOUT.as_secs());
    ApiError::new(ProblemCode::RequestTimeout, detail)
}

fn unsupported_media_type(request: &HttpRequest, media_types: &[&str]) -> ApiError {
    let send = format!("Send the body with Content-Type: {}.", media_types.join(" or "));
    let detail =
        if request.headers().contains_key(CONTENT_TYPE) { send } else { format!("There is no Content-Type. {send}") };
    ApiError::new(ProblemCode::UnsupportedMediaType, detail)
}

impl<T: ToSchema> Describe for JsonBody<T> {
    fn describe(notes: &mut Notes) {
        describe::<T>(notes, &[JSON]);
    }
}

impl<T: ToSchema> Describe for PatchBody<T> {
    fn describe(notes: &mut Notes) {
        describe::<T>(notes, &[MERGE_PATCH, JSON]);
    }
}

impl<T: ToSchema> Describe for FormBody<T> {
    fn describe(notes: &mut Notes) {
        describe::<T>(notes, &[FORM]);
    }
}

fn describe<T: ToSchema>(notes: &mut Notes, media_types: &[&str]) {
    let content = Content::new(Some(schema::<T>(notes)));
    let body = RequestBodyBuilder::new().required(Some(Required::True));
    notes.body = Some(media_types.iter().fold(body, |body, known| body.content(*known, content.clone())).build());
    for code in [
        ProblemCode::IncompleteBody,
        ProblemCode::RequestTimeout,
        ProblemCode::BodyTooLarge,
        ProblemCode::UnsupportedMediaType,
    ] {
        notes.error(code);
    }
}
