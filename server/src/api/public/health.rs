//! For load balancers.

use actix_web::{HttpResponse, web};
use counterbell_shared::problem::ProblemCode;
use serde_json::json;

use crate::api::ApiError;
use crate::app::AppState;
use crate::db::try_write;

/// The process runs.
pub async fn get_liveness() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// A response would be stored: the database would take it and the server is not stopping.
///
/// # Errors
/// 503.
pub async fn get_readiness(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    if state.writer.is_stopping() {
        return Err(ApiError::new(ProblemCode::ShuttingDown, "Use another server.").retry_after(2));
    }
    // Through the writer: it is the one that must work.
    state.writer.run(try_write).await?;
    Ok(HttpResponse::Ok().json(json!({"status": "ready"})))
}
