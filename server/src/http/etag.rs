//! Answers that a client may keep.

use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

/// Whether the client holds this entity already (RFC 9110 section 13.1.2).
fn is_fresh(request: &HttpRequest, etag: &str) -> bool {
    let Ok(current) = etag.parse::<EntityTag>() else { return false };
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&current)),
        Err(_) => false,
    }
}

/// 200, or 304 when the client holds it already; the caller adds the body to a 200.
pub fn cached(request: &HttpRequest, etag: &str, cache_control: &str) -> (HttpResponseBuilder, bool) {
    let fresh = is_fresh(request, etag);
    let mut answer = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((ETAG, etag)).insert_header((CACHE_CONTROL, cache_control));
    (answer, fresh)
}
