//! How much one address may ask for.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::ClientLimits;

/// Refuses an address that asks too often. A preflight is left alone: a page cannot tell why one failed.
///
/// # Errors
/// What an inner layer fails with.
pub async fn limit_reads<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if request.method() != Method::OPTIONS
        && let Some(limits) = request.app_data::<web::Data<ClientLimits>>()
        && let Err(refused) = limits.check_read(request.request())
    {
        // An answer like any other, to which outer layers add what lets a page read it.
        return Ok(request.error_response(refused).map_into_right_body());
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}
