//! What operations answer when all goes well.

use std::any::type_name;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Responder};
use counterbell_shared::response::Receipt;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::describe::Notes;

/// An answer that says what it is.
pub trait Answer: Responder {
    /// Adds that to the notes of an operation.
    fn describe(notes: &mut Notes);
}

/// 200 with a body.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// 200, or 201 when something is new.
#[derive(Debug)]
pub struct Created<T> {
    /// Whether it is.
    pub is_new: bool,
    /// The body of both.
    pub body: T,
}

/// 202: it will be done.
#[derive(Debug)]
pub struct Accepted<T>(pub T);

/// 204.
#[derive(Debug)]
pub struct NoContent;

/// What becomes of a response, with the headers that the handler gave it.
#[derive(Debug)]
pub struct Received(pub HttpResponse);

/// The schema of a body, by reference; notes it and those it refers to.
pub fn schema<T: ToSchema>(notes: &mut Notes) -> RefOr<utoipa::openapi::Schema> {
    let name = name_of(type_name::<T>());
    let mut schemas = vec![(name.clone(), T::schema())];
    T::schemas(&mut schemas);
    notes.schemas.extend(schemas);
    RefOr::Ref(Ref::from_schema_name(name))
}

/// `Page_OutboxView` of `a::Page<b::OutboxView>`: pages of different things are different.
fn name_of(path: &str) -> String {
    let words = path.split(['<', '>', ',']).map(|path| path.trim().rsplit("::").next().unwrap_or_default());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

fn json<T: ToSchema>(notes: &mut Notes, status: StatusCode) {
    let content = ContentBuilder::new().schema(Some(schema::<T>(notes))).build();
    let answer = ResponseBuilder::new().description(description(status)).content("application/json", content);
    notes.answers.insert(status.as_u16(), answer.build());
}

fn bare(notes: &mut Notes, status: StatusCode) {
    notes.answers.insert(status.as_u16(), Response::new(description(status)));
}

fn description(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("An answer")
}

impl<T: Serialize> Responder for Json<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self.0)
    }
}

impl<T: Serialize + ToSchema> Answer for Json<T> {
    fn describe(notes: &mut Notes) {
        json::<T>(notes, StatusCode::OK);
    }
}

impl<T: Serialize> Responder for Created<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut answer = if self.is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
        answer.json(self.body)
    }
}

impl<T: Serialize + ToSchema> Answer for Created<T> {
    fn describe(notes: &mut Notes) {
        json::<T>(notes, StatusCode::OK);
        json::<T>(notes, StatusCode::CREATED);
    }
}

impl<T: Serialize> Responder for Accepted<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Accepted().json(self.0)
    }
}

impl<T: Serialize + ToSchema> Answer for Accepted<T> {
    fn describe(notes: &mut Notes) {
        json::<T>(notes, StatusCode::ACCEPTED);
    }
}

impl Responder for NoContent {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

impl Answer for NoContent {
    fn describe(notes: &mut Notes) {
        bare(notes, StatusCode::NO_CONTENT);
    }
}

impl Responder for Received {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

impl Answer for Received {
    fn describe(notes: &mut Notes) {
        json::<Receipt>(notes, StatusCode::OK);
        json::<Receipt>(notes, StatusCode::CREATED);
    }
}

/// Of another media type than JSON, or of one that the document does not go into.
impl Answer for HttpResponse {
    fn describe(notes: &mut Notes) {
        bare(notes, StatusCode::OK);
    }
}

impl<A: Answer, E: Into<actix_web::Error>> Answer for Result<A, E> {
    fn describe(notes: &mut Notes) {
        A::describe(notes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_with_what_they_hold() {
        assert_eq!(name_of("a::b::Problem"), "Problem");
        assert_eq!(name_of("a::Page<b::c::OutboxView>"), "Page_OutboxView");
    }
}
