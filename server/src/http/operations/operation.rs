//! One operation.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{FromRequest, Handler, Responder, Route, guard, web};
use counterbell_shared::problem::ProblemCode;
use utoipa::IntoParams;
use utoipa::openapi::path::ParameterIn;

use super::answer::Answer;
use super::authenticate::{Known, refuse_unknown, take_key};
use super::describe::{Describe, Notes};

/// What can be done at an address by a method.
pub struct Operation {
    /// By which.
    pub method: Method,
    /// Where, with `{names}` of its parts.
    pub path: &'static str,
    /// In one line.
    pub summary: &'static str,
    /// What its handler takes and answers.
    pub notes: Notes,
    route: Route,
}

/// An operation, done by `handler`. It says in one line what it does.
pub fn operation<H, Args>(method: Method, path: &'static str, handler: H, summary: &'static str) -> Operation
where
    H: Handler<Args>,
    H::Output: Answer + Responder + 'static,
    Args: FromRequest + Describe + 'static,
{
    let mut notes = Notes::new(path);
    Args::describe(&mut notes);
    H::Output::describe(&mut notes);
    notes.error(ProblemCode::Internal);
    let route = if method == Method::GET {
        // HEAD is GET without the body (RFC 9110 section 9.3.2); the HTTP layer leaves it out.
        web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
    } else {
        web::method(method.clone())
    };
    Operation { method, path, summary, notes, route: route.to(handler) }
}

impl Operation {
    /// It may also answer this error.
    #[must_use]
    pub fn or(mut self, code: ProblemCode) -> Self {
        self.notes.error(code);
        self
    }

    /// It may also answer these errors.
    #[must_use]
    pub fn or_any(self, codes: impl IntoIterator<Item = ProblemCode>) -> Self {
        codes.into_iter().fold(self, Self::or)
    }

    /// It knows these parameters, of which the handler itself takes care.
    #[must_use]
    pub fn with<T: IntoParams>(mut self) -> Self {
        self.notes.parameters.extend(T::into_params(|| Some(ParameterIn::Query)));
        self
    }

    /// The route; with a look at who asks, and for what, before it.
    pub(super) fn into_route(self) -> Route {
        let in_query = self.notes.parameters.iter().filter(|one| matches!(one.parameter_in, ParameterIn::Query));
        let known = Known::new(in_query.map(|one| one.name.clone()));
        if self.notes.role.is_some() {
            self.route.wrap(from_fn(move |request, next| take_key(known.clone(), request, next)))
        } else if self.notes.is_strict {
            self.route.wrap(from_fn(move |request, next| refuse_unknown(known.clone(), request, next)))
        } else {
            self.route
        }
    }
}
