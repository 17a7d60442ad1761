//! What the widget, tills and servers talk to; no API key.

mod assets;
pub mod cors;
mod intake;
mod parse;
mod responses;
mod widget;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web;

pub use intake::{Accepted, Intake};
pub use parse::{ParseError, ResponseBody, parse_response};

use super::limits::limit_reads;
use super::resource::{get_or_head, resource};

/// Adds the public routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(resource("/widget.js", "GET, HEAD").route(get_or_head().to(assets::get_loader)))
        .service(resource("/assets/{file}", "GET, HEAD").route(get_or_head().to(assets::get_asset)))
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
                .wrap(from_fn(limit_reads))
                .wrap(from_fn(cors::allow_known_origins)),
        );
}
