//! What handlers are given of a request: understood, or refused with a reason.

mod body;
mod if_match;
mod path;
mod principal;
pub mod query;
mod role;
mod surrogates;
pub mod values;

pub use body::{FormBody, JsonBody, PatchBody};
pub use if_match::IfMatch;
pub use path::{AtTouchpoint, Id, Named, Numbered, Person};
pub use principal::{AnySite, Principal, Site, Sites};
pub use query::Query;
pub use role::{Admin, Agent, Manager, Role, Viewer};
