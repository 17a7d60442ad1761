//! What integrators and the console talk to; needs an API key.

mod auth;
mod cursor;
mod outbox;
mod params;
mod responses;
mod summary;

use actix_web::web;

pub use auth::Access;
pub use params::Params;

use super::public::method_not_allowed;

/// Adds the admin routes.
pub fn configure(config: &mut web::ServiceConfig) {
    let get =
        |path, route: actix_web::Route| web::resource(path).route(route).default_service(web::to(method_not_allowed));
    config
        .service(get("/v1/admin/responses", web::get().to(responses::list_responses)))
        .service(get("/v1/admin/responses/{response_id}", web::get().to(responses::get_response)))
        .service(get("/v1/admin/summary", web::get().to(summary::get_summary)))
        .service(get("/v1/admin/outbox", web::get().to(outbox::list_outbox)))
        .service(get("/v1/admin/outbox/{message_id}/resend", web::post().to(outbox::resend_message)));
}
