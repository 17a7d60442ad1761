//! Full-text search over comments.
//!
//! A response and its place in `search_queue` are one commit; the index follows within a second. On PostgreSQL it is a
//! table, on SQLite a file beside the database that can be deleted: it is made again. See docs/adr/0008.

mod index;
mod indexer;
mod query;

pub use index::{Hit, SearchIndex, index_path, remove_from_file};
pub use indexer::Indexer;
pub use query::{Query, index_words};
