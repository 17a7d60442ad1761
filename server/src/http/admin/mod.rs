//! What integrators and the console talk to; needs an API key.

mod cursor;
mod outbox;
mod page;
mod response_view;
mod responses;
mod summary;
mod surveys;
mod themes;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::middleware::DefaultHeaders;
use actix_web::web;

use super::resource::resource;

/// Adds the admin routes. Their answers hold what customers said: no cache may keep them.
pub fn configure(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/v1/admin")
            .wrap(DefaultHeaders::new().add((CACHE_CONTROL, "no-store")))
            .service(resource("/responses", "GET").route(web::get().to(responses::list_responses)))
            .service(
                resource("/responses/{response_id}", "GET, DELETE")
                    .route(web::get().to(responses::get_response))
                    .route(web::delete().to(responses::delete_response)),
            )
            .service(
                resource("/responses/{response_id}/release", "POST").route(web::post().to(responses::release_response)),
            )
            .service(resource("/surveys", "GET").route(web::get().to(surveys::list_surveys)))
            .service(
                resource("/surveys/{name}", "GET, PUT")
                    .route(web::get().to(surveys::get_survey))
                    .route(web::put().to(surveys::put_survey)),
            )
            .service(resource("/surveys/{name}/publish", "POST").route(web::post().to(surveys::publish_survey)))
            .service(
                resource("/sites/{site_key}/theme", "GET, PUT, DELETE")
                    .route(web::get().to(themes::get_theme))
                    .route(web::put().to(themes::put_theme))
                    .route(web::delete().to(themes::delete_theme)),
            )
            .service(resource("/summary", "GET").route(web::get().to(summary::get_summary)))
            .service(resource("/outbox", "GET").route(web::get().to(outbox::list_outbox)))
            .service(resource("/outbox/{message_id}", "GET").route(web::get().to(outbox::get_message)))
            .service(resource("/outbox/{message_id}/resend", "POST").route(web::post().to(outbox::resend_message))),
    );
}
