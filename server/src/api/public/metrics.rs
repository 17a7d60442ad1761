//! For Prometheus.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use counterbell_shared::time::UnixMillis;

use crate::api::ApiError;
use crate::app::AppState;
use crate::db::backlog::Backlog;
use crate::metrics::{Gathered, OPENMETRICS_TEXT};

/// Every figure. Answered also when the database is away: that is when somebody looks.
///
/// # Errors
/// 500, should a figure not be writable.
pub async fn get_metrics(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    let backlog = state.pool.read(|conn| Backlog::load(conn, UnixMillis::now().0)).await.ok();
    let gathered = Gathered { queue_capacity: state.queue_capacity, pool: state.pool.usage(), backlog };
    let text = state.metrics.encode(&gathered).map_err(ApiError::fault)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, OPENMETRICS_TEXT))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(text))
}
