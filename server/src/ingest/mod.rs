//! From a valid response to a committed one.
//!
//! A request's record goes into a bounded queue; one thread takes what is queued, commits it as one transaction and
//! then answers each waiter. See docs/adr/0002.

mod daily_cap;
mod disk;
mod gathering;
mod health;
mod job;
mod overload;
mod queue;
mod record;
mod store;
#[cfg(test)]
pub mod tests;
mod update;
mod write_connection;
mod writer;
mod writer_thread;

pub use daily_cap::{Cap, CapReached, DailyCaps, Taken};
pub use disk::{FREE_MIN_BYTES, look_at_disk, watch_disk};
pub use health::{Health, Trouble};
pub use record::{HeldReason, REVISABLE_MS, Record, SILENCE_MS, fired, new_id};
pub use store::{Statements, Written, release};
pub use writer::{IngestError, Signals, Stored, Writer, WriterFailed, WriterHandle, WriterSettings};
