//! What the tests stand on: the real server binary, real databases, a real mail server, a real browser.
//!
//! Start with [`TestApp`]: `let app = TestApp::on(Backend::Sqlite).await;`. `cargo xtask test` builds and starts what
//! is needed and runs everything; see [`environment`] for what it hands over.
#![expect(clippy::unwrap_used, reason = "a step of a test that cannot be done fails the test")]

mod answer;
mod app;
pub mod audit;
mod browser;
mod case_link;
mod cli;
mod contract;
mod customers;
mod database;
pub mod environment;
mod fake_clock;
mod form_page;
mod host_page;
mod installation;
mod load;
mod mail;
mod pgbouncer;
mod program;
pub mod sample;
mod setup;
mod smtp;
mod template;
mod tls;
mod volume;
pub mod wait;

pub use answer::Answer;
pub use app::{Node, TestApp, client};
pub use browser::{Browser, Customer, Engine, Picture, Widget};
pub use case_link::{CaseForm, CaseLink, LINK_KEY, texts};
pub use cli::{CliOutput, command, run_command, same_surroundings};
pub use contract::Contract;
pub use counterbell_test_postgres::{Postgres, Stop};
pub use customers::{Customers, Met};
pub use database::{Backend, Database, Place};
pub use fake_clock::FakeClock;
pub use form_page::FormPage;
pub use host_page::HostPage;
pub use load::{Load, Outcome};
pub use mail::Mail;
pub use pgbouncer::PgBouncer;
pub use program::Program;
pub use setup::Setup;
pub use smtp::{Delivery, OddReply, Refuse, Silence, Smtp, SmtpOptions, Tls};
pub use tls::{Certificates, encrypt_postgres};
pub use volume::Volume;
