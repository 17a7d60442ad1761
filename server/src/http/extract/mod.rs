//! What handlers are given of a request: understood, or refused with a reason.

mod access;
mod body;
mod query;
mod surrogates;

pub use access::Access;
pub use body::{FormBody, JsonBody};
pub use query::Params;
