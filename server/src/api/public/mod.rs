//! What the widget, tills and servers talk to; no API key.

mod assets;
mod body;
pub mod cors;
mod health;
mod rate_limit;
mod responses;
mod widget;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, web};
use counterbell_shared::problem::ProblemCode;

pub use rate_limit::RateLimit;

use crate::api::ApiError;

/// Adds the public routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/widget.js", web::get().to(assets::get_loader))
        .route("/assets/{file}", web::get().to(assets::get_asset))
        .route("/healthz", web::get().to(health::get_liveness))
        .route("/readyz", web::get().to(health::get_readiness))
        .service(
            web::resource("/v1/responses")
                .wrap(from_fn(cors::allow_known_origins))
                .route(web::post().to(responses::create_response))
                .route(web::method(Method::OPTIONS).to(cors::preflight))
                .default_service(web::to(method_not_allowed)),
        )
        .service(
            web::resource("/v1/widget/{site_key}")
                .wrap(from_fn(cors::allow_known_origins))
                .route(web::get().to(widget::get_widget_config))
                .route(web::method(Method::OPTIONS).to(cors::preflight))
                .default_service(web::to(method_not_allowed)),
        );
}

/// The address exists, the method does not.
///
/// # Errors
/// Always.
pub async fn method_not_allowed() -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(ProblemCode::MethodNotAllowed, "See docs/API.md for what this address takes."))
}
