//! `cargo xtask build`: the widget, then the server with the widget in it.

pub mod size;

use anyhow::Result;

use crate::process;

/// Arguments of `cargo xtask build`.
#[derive(clap::Args)]
pub struct Args {
    /// Build the server unoptimized; the widget is the same either way
    #[arg(long)]
    pub dev: bool,
}

/// Builds the widget, then the server.
///
/// # Errors
/// The first step that failed.
pub fn run(args: &Args) -> Result<()> {
    build_server(args)
}

fn build_server(args: &Args) -> Result<()> {
    let mut cargo = process::cargo();
    cargo.args(["build", "--package", "counterbell"]);
    if !args.dev {
        cargo.arg("--release");
    }
    process::run(&mut cargo)
}
