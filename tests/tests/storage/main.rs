//! What is stored, on SQLite and on PostgreSQL: each test runs on both.
#![expect(clippy::unwrap_used, reason = "a step of a test that cannot be done fails the test")]

mod backup;
mod copy;
mod crash;
mod migrate;
mod nodes;
mod old_rules;
mod parity;
mod private_files;
mod retention;
mod search_index;
mod upgrade;
mod verify;
