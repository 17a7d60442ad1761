//! `cargo xtask build`: the widget, then the server with the widget in it.

mod compress;
mod manifest;
mod minify;
mod pack;
mod shorten;
pub mod size;
mod toolchain;
mod widget;

use std::path::PathBuf;

use anyhow::Result;

use crate::process;

/// Arguments of `cargo xtask build`.
#[derive(clap::Args)]
pub struct Args {
    /// Build the server unoptimized; the widget is the same either way
    #[arg(long)]
    pub dev: bool,
    /// Build the widget only
    #[arg(long)]
    pub widget_only: bool,
}

/// Builds the widget, then the server.
///
/// # Errors
/// The first step that failed, or a part of the widget is over its size budget.
pub fn run(args: &Args) -> Result<()> {
    let manifest = widget::build()?;
    size::print(&manifest);
    size::check(&manifest)?;
    if !args.widget_only {
        let program = server(args.dev)?;
        println!("Built {}", program.display());
    }
    Ok(())
}

/// Builds the server; returns where the program is.
fn server(dev: bool) -> Result<PathBuf> {
    println!("Building the server");
    let mut cargo = process::cargo();
    cargo.args(["build", "--package", "counterbell"]);
    if !dev {
        cargo.arg("--release");
    }
    process::run(&mut cargo)?;
    let profile = if dev { "debug" } else { "release" };
    Ok(process::target_directory().join(profile).join("counterbell"))
}
