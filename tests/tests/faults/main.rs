//! Faults, staged for real: what docs/FAULTS.md promises. A few rounds as a rule, all of them with
//! `cargo xtask test --long`.
#![expect(clippy::unwrap_used, reason = "a step of a test that cannot be done fails the test")]

mod clock;
mod disk_full;
mod escalations;
mod hostile_bodies;
mod killed;
mod killed_cases;
mod look_ups;
mod mail_flood;
mod mail_replies;
mod mail_server;
mod noise;
mod pooler;
mod postgres_away;
mod read_only;
mod slow_clients;
mod two_days;
mod undecided;
mod unread_answers;
mod wrong_database;
