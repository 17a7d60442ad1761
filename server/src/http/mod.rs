//! HTTP: what is asked, by whom, and how it is answered.

pub mod admin;
mod etag;
mod extract;
pub mod hosted;
mod limits;
pub mod ops;
mod problem;
pub mod public;
pub mod request_id;
mod resource;

pub use limits::{ClientLimits, ForgetIdle, TrustedProxies};
pub use problem::ApiError;
