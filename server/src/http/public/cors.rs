//! Which pages may talk to us (Fetch standard, "CORS protocol").

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderValue, ORIGIN, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, web};
use counterbell_shared::problem::ProblemCode;

use crate::db::sites::Site;
use crate::http::ApiError;
use crate::http::operations::NoContent;
use crate::sites;
use crate::sites::Directory;

/// A day; browsers cut it to their own limit.
const PREFLIGHT_MAX_AGE_S: &str = "86400";

/// Lets pages of known origins read the answer. A preflight names no site, so any site's origin will do for it; whether
/// the origin is *this* site's is checked by [`check_origin`], and then even the refusal is not for the page to read.
pub async fn allow_known_origins<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let origin = request.headers().get(ORIGIN).cloned();
    let known = match (&origin, request.app_data::<web::Data<Directory>>()) {
        (Some(origin), Some(directory)) => {
            let origin = origin.to_str().unwrap_or_default();
            // Not knowing is answered as not allowed; the handler meets the same database and says what is wrong.
            directory.origin_is_known(origin).await.unwrap_or(false)
        }
        _ => false,
    };
    let preflight = request.method() == Method::OPTIONS;
    let mut answer = next.call(request).await?;
    let refused = answer.status() == StatusCode::FORBIDDEN;
    let headers = answer.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let (Some(origin), true, false) = (origin, known, refused) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Content-Type"));
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_MAX_AGE_S));
        } else {
            headers.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("Retry-After, RateLimit, RateLimit-Policy"),
            );
        }
    }
    Ok(answer)
}

/// Answers a preflight; [`allow_known_origins`] adds what is allowed.
pub async fn preflight() -> NoContent {
    NoContent
}

/// Refuses a page of an origin the site does not name. A request without an Origin comes from a till or a server.
///
/// # Errors
/// [`ProblemCode::OriginNotAllowed`].
pub fn check_origin(request: &HttpRequest, site: &Site) -> Result<(), ApiError> {
    let Some(origin) = request.headers().get(ORIGIN) else { return Ok(()) };
    if origin.to_str().is_ok_and(|origin| sites::allows(&site.origins, origin)) {
        return Ok(());
    }
    Err(ApiError::new(
        ProblemCode::OriginNotAllowed,
        format!(
            "The page's origin is not one of the site's. If it is your page, run: counterbell site set {} --add-origin \
             ORIGIN",
            site.site_key
        ),
    ))
}
