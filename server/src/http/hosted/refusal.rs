//! An error of the HTTP API, said in HTML to whoever sits before a browser.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use counterbell_shared::problem::ProblemCode;

use super::files::STYLE;
use super::page;
use crate::http::ApiError;
use crate::http::operations::{Failure, HTML};

/// The error, and the page that says so.
#[derive(Debug)]
pub struct Refusal {
    // As large as all else a handler returns.
    error: Box<ApiError>,
    html: String,
    write_headers: fn(&mut HeaderMap),
}

#[derive(Template)]
#[template(path = "hosted/refusal.html")]
struct RefusalPage<'a> {
    style: &'a str,
    may_pass: bool,
    detail: &'a str,
}

impl Refusal {
    /// Answers `error` with this page.
    pub fn new(error: ApiError, html: String) -> Self {
        Self { error: Box::new(error), html, write_headers: page::write_headers }
    }

    /// With the headers of another page.
    #[must_use]
    pub fn with_headers(self, write_headers: fn(&mut HeaderMap)) -> Self {
        Self { write_headers, ..self }
    }

    /// The error.
    pub fn error(&self) -> &ApiError {
        &self.error
    }
}

/// Whether the same request may succeed later: of the 4xx, those that ask for another try (RFC 9110 section 15.5.9,
/// RFC 6585), and what was cut short on the way.
pub fn may_pass(error: &ApiError) -> bool {
    let status = error.status_code();
    error.code() == ProblemCode::IncompleteBody
        || status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let page = RefusalPage { style: &STYLE.name, may_pass: may_pass(&error), detail: error.detail() };
        // An empty page still has the status.
        let html = page.render().unwrap_or_default();
        Self::new(error, html)
    }
}

impl From<askama::Error> for Refusal {
    fn from(error: askama::Error) -> Self {
        ApiError::fault(format!("a page could not be written: {error}")).into()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Failure for Refusal {
    const MEDIA_TYPE: &'static str = HTML;
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.error.status_code()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut answer = self.error.error_response();
        (self.write_headers)(answer.headers_mut());
        answer.set_body(BoxBody::new(self.html.clone()))
    }
}
