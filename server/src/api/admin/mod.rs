//! What integrators and the console talk to; needs an API key.

mod auth;
mod cursor;
mod outbox;
mod page;
mod params;
mod responses;
mod summary;

use actix_web::web;

pub use auth::Access;
pub use params::Params;

use super::public::resource;

/// Adds the admin routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(resource("/v1/admin/responses", "GET").route(web::get().to(responses::list_responses)))
        .service(resource("/v1/admin/responses/{response_id}", "GET").route(web::get().to(responses::get_response)))
        .service(resource("/v1/admin/summary", "GET").route(web::get().to(summary::get_summary)))
        .service(resource("/v1/admin/outbox", "GET").route(web::get().to(outbox::list_outbox)))
        .service(
            resource("/v1/admin/outbox/{message_id}/resend", "POST").route(web::post().to(outbox::resend_message)),
        );
}
