//! Answers that a handler writes itself, and what is in them.

use std::marker::PhantomData;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Responder};
use utoipa::openapi::Content;

use super::answer::Answer;
use super::describe::Notes;
use super::header::{CACHE_CONTROL, ETAG, LIMITS};

/// What the handler wrote is what `A` says.
#[derive(Debug)]
pub struct Written<A>(HttpResponse, PhantomData<A>);

/// What `A` says, to be kept by the client; or 304 when it holds it already.
#[derive(Debug)]
pub struct Kept<A>(PhantomData<A>);

/// What `A` says, and what is left of a limit.
#[derive(Debug)]
pub struct Counted<A>(PhantomData<A>);

impl<A> From<HttpResponse> for Written<A> {
    fn from(answer: HttpResponse) -> Self {
        Self(answer, PhantomData)
    }
}

impl<A> Responder for Written<A> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

impl<A: Answer> Answer for Written<A> {
    fn describe(notes: &mut Notes) {
        A::describe(notes);
    }
}

impl<A: Answer> Answer for Kept<A> {
    fn describe(notes: &mut Notes) {
        A::describe(notes);
        notes.answer(StatusCode::NOT_MODIFIED);
        notes.headers(&[ETAG, CACHE_CONTROL]);
    }
}

impl<A: Answer> Answer for Counted<A> {
    fn describe(notes: &mut Notes) {
        A::describe(notes);
        notes.headers(&LIMITS);
    }
}

/// The media type of a page.
pub const HTML: &str = "text/html";

/// Answers of other media types than JSON.
macro_rules! media {
    ($($(#[$doc:meta])* $name:ident [$($media_type:expr),*];)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;

            impl Answer for $name {
                fn describe(notes: &mut Notes) {
                    let answer = notes.answer(StatusCode::OK);
                    $(answer.content.insert($media_type.to_owned(), Content::default().into());)*
                }
            }
        )*
    };
}

media! {
    /// A style sheet.
    Css ["text/css"];
    /// A script.
    Script ["text/javascript"];
    /// A style sheet or a script.
    PageFile ["text/css", "text/javascript"];
    /// A part of the widget.
    WidgetFile ["application/wasm", "text/css", "text/javascript"];
    /// The document of all operations.
    OpenApiDocument ["application/json"];
    /// A page.
    Html [HTML];
    /// Figures.
    OpenMetrics ["application/openmetrics-text"];
}
