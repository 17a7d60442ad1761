//! Storage: one schema on SQLite and PostgreSQL.

#[macro_use]
mod score_days_sql;

pub mod additions;
pub mod backlog;
pub mod checkpoint;
mod connection;
pub mod dialect;
pub mod distributed;
pub mod erase;
pub mod keys;
pub mod lease;
pub mod migrations;
pub mod outbox;
mod pool;
mod postgres_server;
mod postgres_url;
mod probe;
pub mod purge;
pub mod responses;
#[expect(missing_docs, reason = "the macro's items are the columns of migrations/")]
pub mod schema;
pub mod score_days;
mod shared_text;
pub mod site_words;
pub mod sites;
mod sqlite_file;
pub mod summary;
pub mod surveys;
pub mod themes;
mod unavailable;
pub mod url;

pub use connection::{
    AnyConnection, OpenError, check_pooling, check_writable, is_lost, open, prepare_to_write, refused_file,
};
pub use pool::{POSTGRES_READ_ONLY, PoolUse, Purpose, READ_CONNECTIONS, ReadPool, ReadPools, StorageError};
pub use postgres_url::{InvalidPostgresUrl, PostgresUrl};
pub use probe::write_nothing;
pub use shared_text::SharedText;
pub use url::{DatabaseUrl, folder_of, is_same_file};
