//! What operations answer when all goes well.

use std::any::type_name;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETag, EntityTag};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{ContentBuilder, Ref, RefOr};

use super::describe::Notes;
use super::header::ETAG;

/// An answer that says what it is.
pub trait Answer {
    /// Adds that to the notes of an operation.
    fn describe(notes: &mut Notes);
}

/// An error that says how it is answered.
pub trait Failure {
    /// Its media type.
    const MEDIA_TYPE: &'static str;
}

/// 200 with a body.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// 200 with a body, and the version of what it is of as `ETag`.
#[derive(Debug)]
pub struct Versioned<T> {
    /// The version.
    pub version: i64,
    /// The body.
    pub body: T,
}

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

/// The schema of a body, by reference; notes it and those it refers to.
pub fn schema<T: ToSchema>(notes: &mut Notes) -> RefOr<utoipa::openapi::Schema> {
    let name = name_of(type_name::<T>());
    let mut schemas = vec![(name.clone(), T::schema())];
    T::schemas(&mut schemas);
    notes.schemas.extend(schemas);
    RefOr::Ref(Ref::from_schema_name(name))
}

/// `Page_OutboxView` of `a::Page<b::OutboxView>`: pages of different things are different. Lifetimes say nothing.
fn name_of(path: &str) -> String {
    let words = path.split(['<', '>', ',']).map(|path| path.trim().rsplit("::").next().unwrap_or_default());
    words.filter(|word| !word.is_empty() && !word.starts_with('\'')).collect::<Vec<_>>().join("_")
}

fn json<T: ToSchema>(notes: &mut Notes, status: StatusCode) {
    let content = ContentBuilder::new().schema(Some(schema::<T>(notes))).build();
    notes.answer(status).content.insert("application/json".to_owned(), content.into());
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

impl<T: Serialize> Responder for Versioned<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().insert_header(etag(self.version)).json(self.body)
    }
}

/// The `ETag` of a version.
pub fn etag(version: i64) -> ETag {
    ETag(EntityTag::new_strong(version.to_string()))
}

impl<T: Serialize + ToSchema> Answer for Versioned<T> {
    fn describe(notes: &mut Notes) {
        json::<T>(notes, StatusCode::OK);
        notes.headers(&[ETAG]);
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
        notes.answer(StatusCode::NO_CONTENT);
    }
}

impl<A: Answer, E: Failure> Answer for Result<A, E> {
    fn describe(notes: &mut Notes) {
        A::describe(notes);
        notes.error_type = E::MEDIA_TYPE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_with_what_they_hold() {
        assert_eq!(name_of("a::b::Problem"), "Problem");
        assert_eq!(name_of("a::Page<b::c::OutboxView>"), "Page_OutboxView");
        assert_eq!(name_of("a::NewResponse<'_>"), "NewResponse");
    }
}
