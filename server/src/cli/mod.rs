//! The commands of `counterbell`.

mod alert;
mod arguments;
#[cfg(feature = "bench")]
mod bench;
mod calendar;
mod case;
mod database;
mod demo;
mod doctor;
mod document;
mod error;
mod import;
mod key;
mod links;
mod migrate;
mod of_site;
mod output;
mod report;
mod response;
mod root_cause;
mod rules;
mod serve;
mod site;
mod site_delete;
mod staff;
mod survey;
mod table;
mod team;
mod theme;
mod touchpoint;
mod transfer;
mod verify;
mod warning;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rustix::fs::Mode;
use rustix::process::umask;

pub use error::CliError;

/// Collect customer feedback where people buy, and alert staff when somebody is unhappy.
///
/// Start with `counterbell demo` to see it all, or with:
///
///   counterbell site create --name Shop --origin https://shop.example --recipient staff@shop.example
///   counterbell key create --site SITE_KEY
///   counterbell serve
#[derive(Parser)]
#[command(name = "counterbell", version, verbatim_doc_comment, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::ServeArgs),
    Demo(demo::DemoArgs),
    /// Make, list and change sites
    #[command(subcommand)]
    Site(site::SiteCommand),
    /// Manage the people who work for a site
    #[command(subcommand)]
    Staff(staff::StaffCommand),
    /// Manage teams of people
    #[command(subcommand)]
    Team(team::TeamCommand),
    /// List cases and work on them: acknowledge, assign, note, resolve ...
    #[command(subcommand)]
    Case(case::CaseCommand),
    /// Manage what cases can be resolved with
    #[command(subcommand)]
    RootCause(root_cause::RootCauseCommand),
    Report(report::ReportArgs),
    /// Delete single responses
    #[command(subcommand)]
    Response(response::ResponseCommand),
    /// Manage surveys: what customers are asked
    #[command(subcommand)]
    Survey(survey::SurveyCommand),
    /// Register touchpoints: who answers for each, and when it is open
    #[command(subcommand)]
    Touchpoint(touchpoint::TouchpointCommand),
    /// Manage alert rules: which responses somebody must hear of, and who that is
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Try out alerts
    #[command(subcommand)]
    Alert(alert::AlertCommand),
    /// Make, list and revoke API keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// List and change the keys that links in mails are signed with
    #[command(subcommand)]
    Links(links::LinksCommand),
    Import(import::ImportArgs),
    Doctor(doctor::DoctorArgs),
    Backup(transfer::BackupArgs),
    Restore(transfer::RestoreArgs),
    Copy(transfer::CopyArgs),
    Verify(verify::VerifyArgs),
    /// Bring the database's schema up to date
    Migrate(migrate::MigrateArgs),
    #[cfg(feature = "bench")]
    #[command(subcommand)]
    Bench(bench::BenchCommand),
}

/// Runs the command of this process's arguments.
pub fn run() -> ExitCode {
    // Before anything is made, and for all of it: SQLite's files, mails, backups, and what they lie in. What customers
    // wrote is nobody's but the user's who runs this.
    umask(Mode::RWXG | Mode::RWXO);
    let done = match arguments::parse::<Cli>().command {
        Command::Serve(args) => args.run(),
        Command::Demo(args) => args.run(),
        Command::Site(command) => command.run(),
        Command::Staff(command) => command.run(),
        Command::Team(command) => command.run(),
        Command::Case(command) => command.run(),
        Command::RootCause(command) => command.run(),
        Command::Report(args) => args.run(),
        Command::Response(command) => command.run(),
        Command::Survey(command) => command.run(),
        Command::Touchpoint(command) => command.run(),
        Command::Rules(command) => command.run(),
        Command::Alert(command) => command.run(),
        Command::Key(command) => command.run(),
        Command::Links(command) => command.run(),
        Command::Import(args) => args.run(),
        Command::Doctor(args) => args.run(),
        Command::Backup(args) => args.run(),
        Command::Restore(args) => args.run(),
        Command::Copy(args) => args.run(),
        Command::Verify(args) => args.run(),
        Command::Migrate(args) => args.run(),
        #[cfg(feature = "bench")]
        Command::Bench(command) => command.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::tell(&format!("counterbell: {}", error.to_string().replace('\n', " ")));
            ExitCode::FAILURE
        }
    }
}
