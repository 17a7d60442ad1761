//! Touchpoints that are registered, with who answers for each and when it is open; and those that responses name.

mod document;
mod hours;
mod list;
mod put;
mod schema;
mod view;

pub use document::{Fields, Owner, TOUCHPOINT_MAX_BYTES, parse_document};
pub use hours::{Hours, SiteHours, Source, is_readable};
pub use list::{Count, NEW_MAX, NewTouchpoints};
pub use put::{TOUCHPOINTS_MAX, put};
pub use schema::{CalendarDocument, TouchpointDocument};
pub use view::{CalendarView, ListedTouchpointView, TouchpointView, TouchpointViews, in_words};
