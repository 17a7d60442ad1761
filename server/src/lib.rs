//! Counterbell's server: stores customers' responses durably and closes the loop.
//!
//! The way of a response: `http::public` parses it, `ingest` commits it, `triage` decides who is told of it, `outbox` delivers
//! the messages, `http::admin` shows it. docs/ARCHITECTURE.md follows one from tap to mail.

pub mod calendar;
pub mod cases;
pub mod casework;
pub mod cli;
mod clock;
mod comment_words;
pub mod config;
mod connections;
mod counted;
pub mod db;
pub mod deadline;
pub mod demo;
pub mod doctor;
mod document;
pub mod http;
pub mod ids;
pub mod import;
pub mod ingest;
mod journal;
mod language;
pub mod links;
mod log_limit;
pub mod mail;
pub mod metrics;
pub mod outbox;
pub mod panics;
pub mod responses;
mod rounds;
pub mod rules;
pub mod search;
pub mod sites;
pub mod staff;
pub mod startup;
pub mod store;
pub mod surveys;
mod tasks;
pub mod themes;
mod timers;
pub mod touchpoints;
pub mod transfer;
mod triage;
pub mod verify;
pub mod zone;
