//! Connections to the database, and whose turn it is to use them: pools for reading by purpose, threads that write.
//!
//! It knows no table: what is read and written, its callers say (`db/` has the queries).

mod checkpoint;
mod disk;
mod error;
mod gathering;
mod health;
mod job;
mod overload;
mod pool;
mod queue;
#[cfg(test)]
mod tests;
mod unavailable;
mod write_connection;
mod writer;
mod writer_thread;
mod writes;

use std::sync::Arc;

use tokio::sync::Notify;

pub use checkpoint::{KeepLogShort, truncate_log};
pub use disk::{FREE_MIN_BYTES, WatchDisk, look_at_disk};
pub use error::StorageError;
pub use health::{Health, Trouble};
#[cfg(test)]
pub use job::{Job, Left};
pub use pool::{PoolUse, Purpose, READ_CONNECTIONS, ReadPool, ReadPools};
pub use queue::Refused;
pub use write_connection::WriteConnection;
pub use writer::{Batch, WRITE_CONNECTIONS, Writer, WriterFailed, WriterMetrics, WriterSettings};
pub use writer_thread::is_about_the_work;
pub use writes::{WorkQueue, Writes, WritesByPurpose, unanswered};

/// The database, for whoever asks or changes something.
#[derive(Clone)]
pub struct Store {
    /// For reading.
    pub reads: ReadPools,
    /// For writing.
    pub writes: WritesByPurpose,
    /// Who is told after a commit.
    pub signals: Signals,
}

/// Who is told after a commit that there is something to do.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Responses are to be looked at by triage.
    pub triage_queued: Arc<Notify>,
    /// Messages are in the outbox.
    pub outbox_filled: Arc<Notify>,
    /// Comments are to be indexed for search.
    pub comments_queued: Arc<Notify>,
    /// Something was deleted whose words are to leave the files.
    pub erased: Arc<Notify>,
}
