//! HTTP: what is asked, by whom, and how it is answered.

pub mod admin;
mod case_page;
mod etag;
mod extract;
pub mod hosted;
mod limits;
pub mod operations;
pub mod ops;
mod problem;
pub mod public;
pub mod request_id;

use actix_web::web::ServiceConfig;

use operations::Operation;

pub use limits::{ClientLimits, ForgetIdle, TrustedProxies};
pub use problem::ApiError;

/// Every operation there is: routes, what 405 answers, the OpenAPI document and who may do what follow from this list.
pub fn all_operations() -> Vec<Operation> {
    let of_pages = [hosted::operations(), case_page::operations()];
    let others = [public::operations(), ops::operations(), admin::operations()];
    of_pages.into_iter().chain(others).flatten().collect()
}

/// Adds the route of every operation.
pub fn configure(config: &mut ServiceConfig) {
    config
        .configure(public::configure)
        .configure(ops::configure)
        .configure(hosted::configure)
        .configure(case_page::configure);
    operations::configure(config, admin::operations());
}

#[cfg(test)]
mod tests;
