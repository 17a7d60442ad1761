//! What monitors and load balancers ask.

mod document;
mod health;
mod metrics;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use counterbell_shared::problem::ProblemCode;

pub use document::Document;
pub use metrics::LatestFigures;

use super::limits::limit_reads;
use super::operations::{Operation, address, operation};

const LIVENESS: &str = "/healthz";
const READINESS: &str = "/readyz";
const METRICS: &str = "/metrics";
const DOCUMENT: &str = "/openapi.json";

/// The operations of monitors, and what tells of all operations.
pub fn operations() -> Vec<Operation> {
    vec![
        operation(Method::GET, LIVENESS, health::get_liveness, "Whether the process runs"),
        operation(Method::GET, READINESS, health::get_readiness, "Whether a response would be stored now").or_any([
            ProblemCode::StorageUnavailable,
            ProblemCode::ShuttingDown,
            ProblemCode::RateLimited,
        ]),
        operation(Method::GET, METRICS, metrics::get_metrics, "Figures for Prometheus").or(ProblemCode::RateLimited),
        operation(Method::GET, DOCUMENT, document::get_document, "This document").or(ProblemCode::RateLimited),
    ]
}

/// Adds the routes of monitors.
pub fn configure(config: &mut ServiceConfig) {
    let mut operations = operations();
    config.service(address(LIVENESS, &mut operations));
    for path in [READINESS, METRICS, DOCUMENT] {
        config.service(address(path, &mut operations).wrap(from_fn(limit_reads)));
    }
}
