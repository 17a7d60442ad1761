//! The HTTP interface, the mail it causes and the command line, through the real program.
#![expect(clippy::unwrap_used, reason = "a step of a test that cannot be done fails the test")]

mod admin_access;
mod admin_list;
mod assets;
mod background;
mod config;
mod cors;
mod doctor;
mod erase;
mod expire;
mod extras;
mod health;
mod hosted;
mod hosted_hostile;
mod import;
mod invalid;
mod limits;
mod mail;
mod mail_addresses;
mod mail_transport;
mod metrics;
mod overload;
mod request_id;
mod respond;
mod revision_limit;
mod revision_model;
mod revisions;
mod search;
mod shutdown;
mod silence;
mod sites;
mod summary;
mod surveys;
mod themes;
mod times;
mod words;
