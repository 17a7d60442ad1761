//! From a valid response to a committed one.
//!
//! A request's record goes into a bounded queue; one thread takes what is queued, commits it as one transaction and
//! then answers each waiter. See docs/adr/0002.

mod batch;
mod daily_cap;
mod queue;
mod record;
mod store;
#[cfg(test)]
pub mod tests;
mod update;

pub use batch::{Responses, Waiting};
pub use daily_cap::{Cap, CapReached, DailyCaps, Taken};
pub use queue::{Ingest, IngestError, IngestSettings, Stored};
pub use record::{HeldReason, REVISABLE_MS, Record, SILENCE_MS};
pub use store::{Statements, Written};
