//! Counterbell's server: stores customers' responses durably and closes the loop.
//!
//! The way of a response: `http::public` parses it, `ingest` commits it with the alerts it fires and the messages they
//! send, `outbox` delivers those, `http::admin` shows it. docs/ARCHITECTURE.md follows one from tap to mail.

pub mod cli;
pub mod config;
mod connections;
pub mod db;
pub mod deadline;
pub mod demo;
pub mod doctor;
mod document;
pub mod http;
pub mod import;
pub mod ingest;
mod log_limit;
pub mod mail;
pub mod metrics;
pub mod outbox;
pub mod panics;
pub mod responses;
pub mod search;
pub mod sites;
pub mod startup;
pub mod store;
pub mod surveys;
mod tasks;
pub mod themes;
pub mod transfer;
pub mod verify;
