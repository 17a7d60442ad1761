//! What the widget, tills and servers talk to; no API key.

mod assets;
pub mod cors;
mod intake;
mod parse;
mod responses;
mod widget;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use counterbell_shared::problem::ProblemCode;

pub use intake::{Accepted, Intake};
pub use parse::{ParseError, ResponseBody, check_readable, parse_response};

use super::limits::limit_reads;
use super::operations::{Operation, address, operation};

const LOADER: &str = "/widget.js";
const ASSETS: &str = "/assets/{file}";
const RESPONSES: &str = "/v1/responses";
const WIDGET: &str = "/v1/widget/{site_key}";

/// Why a response is not taken in, whichever way it comes.
pub const OF_INTAKE: [ProblemCode; 7] = [
    ProblemCode::ResponseClosed,
    ProblemCode::InvalidResponse,
    ProblemCode::RateLimited,
    ProblemCode::DailyCapReached,
    ProblemCode::Overloaded,
    ProblemCode::StorageUnavailable,
    ProblemCode::ShuttingDown,
];

/// The public operations.
pub fn operations() -> Vec<Operation> {
    let of_site = [
        ProblemCode::InvalidParameter,
        ProblemCode::OriginNotAllowed,
        ProblemCode::UnknownSite,
        ProblemCode::RateLimited,
        ProblemCode::StorageUnavailable,
    ];
    let preflight = "What a browser asks before it sends what a page has (CORS)";
    vec![
        operation(Method::GET, LOADER, assets::get_loader, "The script that a page names")
            .or(ProblemCode::WidgetMissing),
        operation(Method::GET, ASSETS, assets::get_asset, "What that script fetches").or(ProblemCode::NotFound),
        operation(Method::POST, RESPONSES, responses::create_response, "Store a response")
            .or_any([ProblemCode::MalformedJson, ProblemCode::OriginNotAllowed, ProblemCode::UnknownSite])
            .or_any(OF_INTAKE),
        operation(Method::OPTIONS, RESPONSES, cors::preflight, preflight),
        operation(Method::GET, WIDGET, widget::get_widget_config, "The survey in force, in one language")
            .or_any(of_site),
        operation(Method::OPTIONS, WIDGET, cors::preflight, preflight),
    ]
}

/// Adds the public routes.
pub fn configure(config: &mut ServiceConfig) {
    let mut operations = operations();
    config
        .service(address(LOADER, &mut operations))
        .service(address(ASSETS, &mut operations))
        .service(address(RESPONSES, &mut operations).wrap(from_fn(cors::allow_known_origins)))
        .service(address(WIDGET, &mut operations).wrap(from_fn(limit_reads)).wrap(from_fn(cors::allow_known_origins)));
}
