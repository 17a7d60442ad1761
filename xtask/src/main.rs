//! Builds, tests and measures Counterbell. Run as `cargo xtask <command>` from anywhere in the workspace.

mod bench;
mod browser;
mod build;
mod ci;
mod demo;
mod fuzz;
mod graph;
mod host_page;
mod npm;
mod postgres;
mod process;
mod product;
mod screenshots;
mod setup;
mod size;
mod stage;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, tests and measures Counterbell.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// One variant a command; each command's arguments live beside its code.
#[derive(Subcommand)]
enum Command {
    /// Build the widget, then the server with the widget in it
    Build(build::Args),
    /// Build everything, then show it: a server with real reviews, and a shop to rate
    Demo(demo::Args),
    /// Measure the server and the widget
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Run every test: starts PostgreSQL, a mail server and a browser
    Test(test::Args),
    /// Check all that must hold before a change is taken: format, lints, docs, dependencies, tests, sizes
    Ci,
    /// Feed the server's parsers what nobody would send; needs a nightly compiler
    Fuzz(fuzz::Args),
    /// Show which of the server's modules use which, those that use others first
    Graph,
    /// Take the pictures of the widget and the mails in docs/images, and write docs/SCREENSHOTS.md
    Screenshots(screenshots::Args),
    /// Print the widget's sizes; fail when one is over its budget
    Size(size::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Build(args) => build::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Bench(what) => bench::run(&what),
        Command::Test(args) => test::run(&args),
        Command::Ci => ci::run(),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Graph => graph::run(),
        Command::Screenshots(args) => screenshots::run(&args),
        Command::Size(args) => size::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `{:#}` prints the whole chain on one line: what failed, then why.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
