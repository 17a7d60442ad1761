//! Parts of addresses.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::survey::is_slug;
use counterbell_shared::{ResponseId, Touchpoint};
use percent_encoding::percent_decode_str;

use crate::http::ApiError;
use crate::http::operations::{Describe, Notes};

/// The id of a response or a message. What is no id names nothing: 404.
pub struct Id(pub ResponseId);

/// The name of a survey or a team.
pub struct Named(pub String);

/// The name of a touchpoint, at the end of an address: any that responses may have, percent-encoded.
pub struct AtTouchpoint(pub Touchpoint);

/// The number of a person. What is no number names nobody: 404.
pub struct Person(pub i64);

/// The number of a case. What is no number names none: 404.
pub struct Numbered(pub i64);

/// The last part of an address that has a name, other than `{site_key}`.
fn last_part(request: &HttpRequest) -> Option<&str> {
    request.match_info().iter().map(|(_, value)| value).last()
}

/// As answers write it: each has one address.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

impl FromRequest for Id {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = last_part(request).and_then(|text| text.parse().ok());
        let not_found = || ApiError::new(ProblemCode::NotFound, "Nothing has this id: it is no UUID.");
        ready(id.map(Self).ok_or_else(not_found))
    }
}

impl FromRequest for Named {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = last_part(request).filter(|name| is_slug(name));
        let detail = "The \"name\" in the address must be lowercase letters and digits, with hyphens between words.";
        ready(name.map(|name| Self(name.to_owned())).ok_or(ApiError::new(ProblemCode::InvalidParameter, detail)))
    }
}

impl FromRequest for AtTouchpoint {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    /// Of the address as it came: routing decodes some of it, and puts something else in the place of what is no text.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let invalid = |reason: String| {
            let detail = format!("The name of a touchpoint in the address {reason}.");
            ApiError::new(ProblemCode::InvalidParameter, detail)
        };
        let part = request.path().rsplit('/').next().unwrap_or_default();
        let name = percent_decode_str(part).decode_utf8();
        let name = name.map_err(|_| invalid("must be UTF-8, percent-encoded".to_owned()));
        let touchpoint = name.and_then(|name| Touchpoint::new(&name).map_err(|error| invalid(error.to_string())));
        ready(touchpoint.map(Self))
    }
}

impl FromRequest for Person {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = last_part(request).and_then(number);
        let not_found = || ApiError::new(ProblemCode::NotFound, "Nobody has this number: it is none.");
        ready(id.map(Self).ok_or_else(not_found))
    }
}

impl FromRequest for Numbered {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let number = last_part(request).and_then(number);
        let not_found = || ApiError::new(ProblemCode::NotFound, "No case has this number: it is none.");
        ready(number.map(Self).ok_or_else(not_found))
    }
}

/// Parts of an address are described with it.
impl Describe for Id {
    fn describe(notes: &mut Notes) {
        notes.error(ProblemCode::NotFound);
    }
}

impl Describe for AtTouchpoint {
    fn describe(notes: &mut Notes) {
        notes.error(ProblemCode::InvalidParameter);
    }
}

impl Describe for Numbered {
    fn describe(notes: &mut Notes) {
        notes.error(ProblemCode::NotFound);
    }
}

impl Describe for Person {
    fn describe(notes: &mut Notes) {
        notes.error(ProblemCode::NotFound);
    }
}

impl Describe for Named {
    fn describe(notes: &mut Notes) {
        notes.error(ProblemCode::InvalidParameter);
    }
}
