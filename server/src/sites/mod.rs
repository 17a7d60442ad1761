//! What a site is: which pages may use its key, and what ingest knows of it without asking the database.

mod directory;
mod origins;

pub use directory::{Directory, KnownSite};
pub use origins::{allows, parse_origin};
