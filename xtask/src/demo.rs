//! `cargo xtask demo`: the whole product, built and started.

use std::process::Command;

use anyhow::Result;

use crate::{build, process};

/// Arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Handed to `counterbell demo`, such as --port 0 or --json
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    demo: Vec<String>,
}

/// Builds the product and runs its demo until it is stopped.
///
/// # Errors
/// The build, or the demo, failed.
pub fn run(args: &Args) -> Result<()> {
    let program = build::product(build::Profile::Release)?;
    process::run(Command::new(program).arg("demo").args(&args.demo))
}
