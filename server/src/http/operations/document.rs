//! The OpenAPI 3.1 document.

use std::collections::BTreeMap;

use actix_web::http::Method;
use counterbell_shared::openapi::{PersonId, Slug};
use counterbell_shared::problem::{PROBLEM_JSON, Problem, ProblemCode};
use counterbell_shared::{ResponseId, SiteKey, Touchpoint};
use utoipa::PartialSchema as _;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr, Required, Response,
    Schema, Server,
};

use super::Operation;
use super::answer::schema;
use super::describe::Notes;
use super::header::{CACHE_CONTROL, ETAG, LIMITS, RETRY_AFTER, WWW_AUTHENTICATE, X_REQUEST_ID, header, headers};
use super::written::HTML;
use crate::casework::CaseNumber;
use crate::config::PublicUrl;

const LICENSE: &str = env!("CARGO_PKG_LICENSE");
/// The name of the way to say who asks.
const API_KEY: &str = "api_key";

/// What the operations say of themselves, as one document of the server that is `reached` there.
pub fn document(operations: &[Operation], reached: Option<&PublicUrl>) -> OpenApi {
    let mut errors = Notes::new("");
    let problem = schema::<Problem>(&mut errors);
    let mut schemas = errors.schemas;
    let mut paths = PathsBuilder::new();
    for operation in operations {
        schemas.extend(operation.notes.schemas.clone());
        paths = paths.path(operation.path, PathItem::new(method(&operation.method), describe(operation, &problem)));
    }
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, as `counterbell key create` makes it"));
    let mut components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme(API_KEY, SecurityScheme::Http(key.build()))
        .build();
    components.headers.extend(headers());
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Counterbell")
                .version(env!("CARGO_PKG_VERSION"))
                .license(Some(LicenseBuilder::new().name(LICENSE).identifier(Some(LICENSE)).build()))
                .description(Some("Takes what customers say, and shows it to those who close the loop."))
                .build(),
        )
        .servers(Some([Server::new(reached.map_or_else(|| "/".to_owned(), ToString::to_string))]))
        .security(Some([SecurityRequirement::default()]))
        .paths(paths.build())
        .components(Some(components))
        .build()
}

fn describe(operation: &Operation, problem: &RefOr<Schema>) -> utoipa::openapi::path::Operation {
    let Operation { summary, notes, .. } = operation;
    let mut described = OperationBuilder::new().summary(Some(*summary)).operation_id(Some(operation_id(operation)));
    for parameter in notes.parts().map(part).chain(notes.parameters.iter().cloned()) {
        described = described.parameter(parameter);
    }
    described = described.request_body(notes.body.clone());
    // Pages and what staff read hold what customers said, and so may their errors.
    let is_private = notes.role.is_some() || notes.error_type == HTML;
    let on_all = if is_private { &[X_REQUEST_ID, CACHE_CONTROL][..] } else { &[X_REQUEST_ID] };
    for (status, answer) in notes.answers.clone().into_iter().chain(errors(notes, problem)) {
        let mut answer = answer;
        answer.headers.extend(on_all.iter().copied().map(header));
        described = described.response(status.to_string(), answer);
    }
    if let Some(role) = notes.role {
        let at_least = format!("Needs an API key with the role {role} or a higher one.");
        described = described.description(Some(at_least)).security(SecurityRequirement::new(API_KEY, [] as [&str; 0]));
    }
    described.build()
}

/// By status, each with its codes.
fn errors(notes: &Notes, problem: &RefOr<Schema>) -> BTreeMap<u16, Response> {
    let mut by_status: BTreeMap<u16, Response> = BTreeMap::new();
    for code in ProblemCode::ALL.iter().filter(|code| notes.errors.contains(code.as_str())) {
        let answer = by_status.entry(code.status()).or_insert_with(|| {
            let is_problem = notes.error_type == PROBLEM_JSON;
            let content = if is_problem { Content::new(Some(problem.clone())) } else { Content::default() };
            let mut answer = Response::new("");
            answer.content.insert(notes.error_type.to_owned(), content.into());
            answer
        });
        let separator = if answer.description.is_empty() { "" } else { ", " };
        answer.description.push_str(&format!("{separator}{code}"));
        answer.headers.extend(headers_of(*code).iter().copied().map(header));
    }
    by_status
}

/// What the answer of an error has beside the headers of every answer.
fn headers_of(code: ProblemCode) -> &'static [&'static str] {
    match code {
        ProblemCode::Unauthorized => &[WWW_AUTHENTICATE],
        ProblemCode::CaseChanged => &[ETAG],
        ProblemCode::RateLimited => &[RETRY_AFTER, LIMITS[0], LIMITS[1]],
        ProblemCode::DailyCapReached
        | ProblemCode::Overloaded
        | ProblemCode::StorageUnavailable
        | ProblemCode::ShuttingDown => &[RETRY_AFTER],
        _ => &[],
    }
}

/// `get_v1_admin_responses_response_id`.
fn operation_id(operation: &Operation) -> String {
    let words = operation.path.split(['/', '{', '}', '.', '-']).filter(|word| !word.is_empty());
    let method = operation.method.as_str().to_ascii_lowercase();
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}

fn part(name: &str) -> utoipa::openapi::path::Parameter {
    let schema = match name {
        "site_key" => SiteKey::schema(),
        "response_id" | "message_id" => ResponseId::schema(),
        "touchpoint" => Touchpoint::schema(),
        "person_id" => PersonId::schema(),
        "number" => CaseNumber::schema(),
        "name" => Slug::schema(),
        _ => String::schema(),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .build()
}

fn method(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        Method::OPTIONS => HttpMethod::Options,
        _ => HttpMethod::Get,
    }
}
