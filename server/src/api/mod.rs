//! HTTP.

pub mod admin;
mod error;
mod etag;
pub mod public;

pub use error::ApiError;
