//! Addresses, and the methods they take.

use actix_web::{HttpResponse, Resource, Route, guard, web};

use super::ApiError;

/// An address that names the methods it takes when it is asked by another (RFC 9110 section 15.5.6).
pub fn resource(path: &str, allow: &'static str) -> Resource {
    web::resource(path)
        .default_service(web::to(move || async move { Err::<HttpResponse, _>(ApiError::method_not_allowed(allow)) }))
}

/// HEAD is GET without the body (RFC 9110 section 9.3.2); the HTTP layer leaves it out.
pub fn get_or_head() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
