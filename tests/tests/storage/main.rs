//! What is stored, on SQLite and on PostgreSQL: each test runs on both.

mod backup;
mod copy;
mod crash;
mod migrate;
mod parity;
mod retention;
