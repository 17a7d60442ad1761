//! Schemas for the document of the HTTP API, of types that utoipa's derive cannot describe: it takes no constants for limits,
//! and knows nothing of documents that are read member by member.

mod documents;
mod leaves;
mod maps;
mod members;

pub use documents::ThemeDocument;
pub use leaves::{
    AnyScore, Day, ElapsedMs, PersonId, Radius, Revision, Slug, StepNumber, Url, VersionNumber, ZoneName, one_of, words,
};
pub use maps::Words;
pub use members::Members;
