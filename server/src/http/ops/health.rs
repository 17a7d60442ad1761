//! For load balancers.

use actix_web::web;
use counterbell_shared::problem::ProblemCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::ApiError;
use crate::http::operations::Json;
use crate::ingest::Ingest;
use crate::store::Store;

/// How the server is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `ready`.
    status: &'static str,
}

/// The process runs.
pub async fn get_liveness() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// A response would be stored: the last write went well, there is room on the disk, and the server is not stopping. Told
/// from memory: anybody may ask, and as often as they like.
///
/// # Errors
/// 503, with the reason in words.
pub async fn get_readiness(ingest: web::Data<Ingest>, store: web::Data<Store>) -> Result<Json<Health>, ApiError> {
    if ingest.is_stopping() {
        return Err(ApiError::new(ProblemCode::ShuttingDown, "Use another server.").retry_after(2));
    }
    match store.writes.health().trouble() {
        Some(trouble) => Err(ApiError::new(ProblemCode::StorageUnavailable, trouble.to_string()).retry_after(2)),
        None => Ok(Json(Health { status: "ready" })),
    }
}
