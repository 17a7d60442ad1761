//! How much one address may ask for.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::app::AppState;

/// Requests an address may make for each response it may send: customers look more often than they answer.
const READS_PER_RESPONSE: u32 = 10;
/// Fewer would stop monitors and those who share an address.
const READS_MIN: u32 = 600;

/// Requests a minute from one address, by the responses it may send; 0 is no limit.
pub fn reads_per_minute(responses: u32) -> u32 {
    if responses == 0 { 0 } else { responses.saturating_mul(READS_PER_RESPONSE).max(READS_MIN) }
}

/// Refuses an address that asks too often. A preflight is left alone: a page cannot tell why one failed.
///
/// # Errors
/// What an inner layer fails with.
pub async fn limit_reads<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if request.method() != Method::OPTIONS
        && let Some(state) = request.app_data::<web::Data<AppState>>()
    {
        let client = state.trusted_proxies.client(request.request());
        if let Err(refused) = state.read_limit.check_client(client) {
            // An answer like any other, to which outer layers add what lets a page read it.
            return Ok(request.error_response(refused).map_into_right_body());
        }
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}
