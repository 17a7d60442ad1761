//! From operations to routes.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::middleware::DefaultHeaders;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, Resource, web};

use super::Operation;
use crate::http::ApiError;

/// The operations at one address: what is asked by another method is told which there are.
pub fn address(path: &str, operations: &mut Vec<Operation>) -> Resource {
    let here: Vec<_> = operations.extract_if(.., |operation| operation.path == path).collect();
    let allow = allow(&here);
    here.into_iter().fold(resource(path, allow), |address, operation| address.route(operation.into_route()))
}

/// Adds a resource for each address of operations that need a key. Their answers hold what customers said: no cache may keep
/// them.
pub fn configure(config: &mut ServiceConfig, mut operations: Vec<Operation>) {
    while let Some(path) = operations.first().map(|operation| operation.path) {
        let address = address(path, &mut operations);
        config.service(address.wrap(DefaultHeaders::new().add((CACHE_CONTROL, "no-store"))));
    }
}

/// `GET, HEAD, PUT`.
fn allow(operations: &[Operation]) -> String {
    let mut methods = Vec::new();
    for operation in operations {
        methods.push(operation.method.as_str());
        if operation.method == Method::GET {
            methods.push("HEAD");
        }
    }
    methods.join(", ")
}

/// An address that names the methods it takes when it is asked by another (RFC 9110 section 15.5.6).
#[expect(clippy::disallowed_methods, reason = "here alone, so that no address is missing from the list of operations")]
fn resource(path: &str, allow: impl Into<Arc<str>>) -> Resource {
    let allow = allow.into();
    web::resource(path).default_service(web::to(move || {
        let refused = ApiError::method_not_allowed(&allow);
        async move { Err::<HttpResponse, _>(refused) }
    }))
}
