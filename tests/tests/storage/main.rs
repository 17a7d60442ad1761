//! What is stored, on SQLite and on PostgreSQL: each test runs on both.

mod crash;
mod migrate;
mod parity;
mod retention;
