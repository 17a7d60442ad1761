//! What monitors and load balancers ask.

mod health;
mod metrics;

use actix_web::middleware::from_fn;
use actix_web::web;

pub use metrics::LatestFigures;

use super::limits::limit_reads;
use super::resource::{get_or_head, resource};

/// Adds the routes of monitors.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(resource("/healthz", "GET, HEAD").route(get_or_head().to(health::get_liveness)))
        .service(
            resource("/readyz", "GET, HEAD").route(get_or_head().to(health::get_readiness)).wrap(from_fn(limit_reads)),
        )
        .service(
            resource("/metrics", "GET, HEAD").route(get_or_head().to(metrics::get_metrics)).wrap(from_fn(limit_reads)),
        );
}
