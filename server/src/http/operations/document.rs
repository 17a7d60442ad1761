//! The OpenAPI 3.1 document.

use std::collections::BTreeMap;

use actix_web::http::Method;
use counterbell_shared::problem::{PROBLEM_JSON, Problem, ProblemCode};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, RefOr, Required,
    ResponseBuilder, Schema, Server, Type,
};

use super::Operation;
use super::answer::schema;
use super::describe::Notes;
use crate::config::PublicUrl;

/// The name of the way to say who asks.
const API_KEY: &str = "api_key";

/// What the operations say of themselves, as one document of the server that is `reached` there.
pub fn document(operations: &[Operation], reached: Option<&PublicUrl>) -> OpenApi {
    let mut schemas = BTreeMap::new();
    let mut paths = PathsBuilder::new();
    let mut errors = Notes::default();
    let problem = schema::<Problem>(&mut errors);
    schemas.extend(errors.schemas);
    for operation in operations {
        schemas.extend(operation.notes.schemas.clone());
        paths = paths.path(operation.path, PathItem::new(method(&operation.method), describe(operation, &problem)));
    }
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, as `counterbell key create` makes it"));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Counterbell")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("Takes what customers say, and shows it to those who close the loop."))
                .build(),
        )
        .servers(reached.map(|reached| vec![Server::new(reached.to_string())]))
        .paths(paths.build())
        .components(Some(
            ComponentsBuilder::new()
                .schemas_from_iter(schemas)
                .security_scheme(API_KEY, SecurityScheme::Http(key.build()))
                .build(),
        ))
        .build()
}

fn describe(operation: &Operation, problem: &RefOr<Schema>) -> utoipa::openapi::path::Operation {
    let Operation { summary, notes, .. } = operation;
    let mut described = OperationBuilder::new().summary(Some(*summary)).operation_id(Some(operation_id(operation)));
    for parameter in notes.parts().map(part).chain(notes.parameters.iter().cloned()) {
        described = described.parameter(parameter);
    }
    described = described.request_body(notes.body.clone());
    for (status, answer) in &notes.answers {
        described = described.response(status.to_string(), answer.clone());
    }
    for (status, codes) in by_status(notes) {
        let content = ContentBuilder::new().schema(Some(problem.clone())).build();
        let error = ResponseBuilder::new().description(codes.join(", ")).content(PROBLEM_JSON, content);
        described = described.response(status.to_string(), error.build());
    }
    if let Some(role) = notes.role {
        let at_least = format!("Needs an API key with the role {role} or a higher one.");
        described = described.description(Some(at_least)).security(SecurityRequirement::new(API_KEY, [] as [&str; 0]));
    }
    described.build()
}

fn by_status(notes: &Notes) -> BTreeMap<u16, Vec<&'static str>> {
    let mut by_status: BTreeMap<u16, Vec<&'static str>> = BTreeMap::new();
    for code in ProblemCode::ALL.iter().filter(|code| notes.errors.contains(code.as_str())) {
        by_status.entry(code.status()).or_default().push(code.as_str());
    }
    by_status
}

/// `get_v1_admin_responses_response_id`.
fn operation_id(operation: &Operation) -> String {
    let words = operation.path.split(['/', '{', '}', '.', '-']).filter(|word| !word.is_empty());
    let method = operation.method.as_str().to_ascii_lowercase();
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}

fn part(name: &str) -> utoipa::openapi::path::Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(RefOr::T(Schema::Object(schema))))
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
