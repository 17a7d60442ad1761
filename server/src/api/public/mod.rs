//! What the widget, tills and servers talk to; no API key.

mod assets;
mod body;
mod client;
mod client_limits;
pub mod cors;
mod health;
mod intake;
mod metrics;
mod parse;
mod rate_limit;
mod read_limit;
mod responses;
mod surrogates;
mod widget;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, Resource, Route, guard, web};

pub use body::{FormBody, JsonBody};
pub use client::TrustedProxies;
pub use client_limits::ClientLimits;
pub use intake::{Accepted, Intake};
pub use metrics::LatestFigures;
pub use parse::{ParseError, ResponseBody, parse_response};

use crate::api::ApiError;

/// Adds the public routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(resource("/widget.js", "GET, HEAD").route(get_or_head().to(assets::get_loader)))
        .service(resource("/assets/{file}", "GET, HEAD").route(get_or_head().to(assets::get_asset)))
        .service(resource("/healthz", "GET, HEAD").route(get_or_head().to(health::get_liveness)))
        .service(
            resource("/readyz", "GET, HEAD")
                .route(get_or_head().to(health::get_readiness))
                .wrap(from_fn(read_limit::limit_reads)),
        )
        .service(
            resource("/metrics", "GET, HEAD")
                .route(get_or_head().to(metrics::get_metrics))
                .wrap(from_fn(read_limit::limit_reads)),
        )
        .service(
            resource("/v1/responses", "POST, OPTIONS")
                .route(web::post().to(responses::create_response))
                .route(web::method(Method::OPTIONS).to(cors::preflight))
                .wrap(from_fn(cors::allow_known_origins)),
        )
        .service(
            resource("/v1/widget/{site_key}", "GET, HEAD, OPTIONS")
                .route(get_or_head().to(widget::get_widget_config))
                .route(web::method(Method::OPTIONS).to(cors::preflight))
                .wrap(from_fn(read_limit::limit_reads))
                .wrap(from_fn(cors::allow_known_origins)),
        );
}

/// An address that names the methods it takes when it is asked by another (RFC 9110 section 15.5.6).
pub fn resource(path: &str, allow: &'static str) -> Resource {
    web::resource(path)
        .default_service(web::to(move || async move { Err::<HttpResponse, _>(ApiError::method_not_allowed(allow)) }))
}

/// HEAD is GET without the body (RFC 9110 section 9.3.2); the HTTP layer leaves it out.
pub fn get_or_head() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
