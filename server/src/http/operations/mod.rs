//! Operations of the HTTP API. One list gives routes, what 405 answers as `Allow`, the OpenAPI document and who may do what.
//!
//! What an operation takes and answers follows from its handler: each extractor and each answer says what it is
//! ([`Describe`]), so the document cannot tell something else.

mod answer;
mod authenticate;
mod describe;
mod document;
mod header;
mod operation;
mod route;
mod written;

pub use answer::{Accepted, Answer, Created, Failure, Json, NoContent, Versioned, etag, schema};
pub use describe::{Describe, Notes};
pub use document::document;
pub use operation::{Operation, operation};
pub use route::{address, configure};
pub use written::{
    Counted, Css, HTML, Html, Kept, OpenApiDocument, OpenMetrics, PageFile, Script, WidgetFile, Written,
};
