//! Storage: one schema on SQLite and PostgreSQL.

#[macro_use]
mod score_days_sql;

pub mod additions;
pub mod alert_groups;
pub mod alerts;
pub mod backlog;
pub mod calendars;
pub mod case_figures;
pub mod case_lists;
pub mod case_words;
pub mod cases;
mod connection;
pub mod customers;
pub mod dialect;
pub mod distributed;
pub mod due;
pub mod erase;
pub mod journal;
pub mod keys;
pub mod lease;
pub mod left_behind;
pub mod link_keys;
pub mod migrations;
pub mod named_touchpoints;
pub mod outbox;
pub mod parked;
mod postgres_server;
mod postgres_url;
pub mod purge;
pub mod responses;
pub mod revert;
pub mod rules;
#[expect(missing_docs, reason = "the macro's items are the columns of migrations/")]
pub mod schema;
pub mod score_days;
mod shared_text;
pub mod site_words;
pub mod sites;
mod sqlite_file;
pub mod staff;
pub mod summary;
pub mod surveys;
pub(crate) mod tables;
#[cfg(test)]
pub mod test_database;
pub mod themes;
pub mod timers;
pub mod told;
pub mod touchpoint_alerts;
pub mod touchpoints;
pub mod triage;
pub mod url;

pub use connection::{AnyConnection, OpenError, check_pooling, check_writable, is_lost, open, refused_file};
pub use postgres_url::{InvalidPostgresUrl, PostgresUrl};
pub use shared_text::SharedText;
pub use url::{DatabaseUrl, folder_of, is_same_file};
