//! What an extractor or an answer says of itself.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::HttpRequest;
use actix_web::web::{self, Data};
use counterbell_shared::problem::ProblemCode;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::{RefOr, Response, Schema};

use crate::http::extract::Role;

/// What is gathered of an operation.
#[derive(Default)]
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
    /// Schemas that are referred to, by name.
    pub schemas: BTreeMap<String, RefOr<Schema>>,
    /// Whether it refuses parameters that it does not know.
    pub is_strict: bool,
    /// What whoever asks must be, at least; `None` when anybody may.
    pub role: Option<Role>,
}

impl Notes {
    /// The names of the address' parts.
    pub fn parts(&self) -> impl Iterator<Item = &'static str> {
        self.address.split('{').skip(1).filter_map(|rest| rest.split('}').next())
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
