//! What an extractor or an answer says of itself.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data};
use counterbell_shared::problem::{PROBLEM_JSON, ProblemCode};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::{RefOr, Response, Schema};

use super::header::header;
use crate::http::extract::Role;

/// What is gathered of an operation.
pub struct Notes {
    /// Its address, with `{names}` of its parts.
    pub address: &'static str,
    /// Of its address and its query.
    pub parameters: Vec<Parameter>,
    /// What it is sent.
    pub body: Option<RequestBody>,
    /// What it answers when all goes well, by status.
    pub answers: BTreeMap<u16, Response>,
    /// What it answers when not.
    pub errors: BTreeSet<&'static str>,
    /// The media type of those.
    pub error_type: &'static str,
    /// Schemas that are referred to, by name.
    pub schemas: BTreeMap<String, RefOr<Schema>>,
    /// Whether it refuses parameters that it does not know.
    pub is_strict: bool,
    /// What whoever asks must be, at least; `None` when anybody may.
    pub role: Option<Role>,
}

impl Notes {
    /// None so far, of an operation at this address.
    pub fn new(address: &'static str) -> Self {
        Self {
            address,
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
            errors: BTreeSet::new(),
            error_type: PROBLEM_JSON,
            schemas: BTreeMap::new(),
            is_strict: false,
            role: None,
        }
    }

    /// The names of the address' parts.
    pub fn parts(&self) -> impl Iterator<Item = &'static str> {
        self.address.split('{').skip(1).filter_map(|rest| rest.split('}').next())
    }

    /// What it answers with this status.
    pub fn answer(&mut self, status: StatusCode) -> &mut Response {
        let description = status.canonical_reason().unwrap_or("An answer");
        self.answers.entry(status.as_u16()).or_insert_with(|| Response::new(description))
    }

    /// Every answer so far has these headers.
    pub fn headers(&mut self, names: &[&str]) {
        for answer in self.answers.values_mut() {
            answer.headers.extend(names.iter().copied().map(header));
        }
    }

    /// It may answer this error.
    pub fn error(&mut self, code: ProblemCode) {
        self.errors.insert(code.as_str());
    }
}

/// Says what it is in the document.
pub trait Describe {
    /// Adds that to the notes of an operation.
    fn describe(notes: &mut Notes);
}

/// Parts of the server are nothing that a client sends.
impl<T: 'static> Describe for Data<T> {
    fn describe(_: &mut Notes) {}
}

impl Describe for HttpRequest {
    fn describe(_: &mut Notes) {}
}

/// A part of an address is described with it.
impl<T> Describe for web::Path<T> {
    fn describe(_: &mut Notes) {}
}

/// What is looked at only after all else.
impl<T: Describe, E> Describe for Result<T, E> {
    fn describe(notes: &mut Notes) {
        T::describe(notes);
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: Describe),*> Describe for ($($name,)*) {
            fn describe(notes: &mut Notes) {
                $($name::describe(notes);)*
            }
        }
    };
}

/// Of a handler that takes nothing.
impl Describe for () {
    fn describe(_: &mut Notes) {}
}

tuples! { A }
tuples! { A B }
tuples! { A B C }
tuples! { A B C D }
tuples! { A B C D E }
tuples! { A B C D E F }
