//! HTTP.

pub mod admin;
mod error;
mod etag;
pub mod hosted;
pub mod public;
pub mod request_id;

pub use error::ApiError;
