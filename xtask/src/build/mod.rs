//! `cargo xtask build`: the widget, then the server with the widget in it.

mod compress;
mod glue;
pub mod manifest;
mod minify;
mod pack;
mod shorten;
pub mod size;
mod toolchain;
mod widget;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{process, setup};

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

/// How the server is built; the widget is the same either way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Unoptimized.
    Dev,
    /// To be used and measured.
    Release,
}

/// `cargo xtask build`.
///
/// # Errors
/// The first step that failed, or a part of the widget is over its size budget.
pub fn run(args: &Args) -> Result<()> {
    if args.widget_only {
        return make_widget();
    }
    let program = product(if args.dev { Profile::Dev } else { Profile::Release })?;
    println!("Built {}", program.display());
    Ok(())
}

/// Builds the widget, then the server with the widget in it; returns where the program is.
///
/// # Errors
/// The first step that failed, or a part of the widget is over its size budget.
pub fn product(profile: Profile) -> Result<PathBuf> {
    make_widget()?;
    server(profile)
}

fn make_widget() -> Result<()> {
    let manifest = widget::build()?;
    size::print(&manifest);
    size::check(&manifest)
}

/// Builds the server alone; without the widget when that was not built before.
///
/// # Errors
/// What builds OpenSSL is missing and cannot be installed from here, or the build failed.
pub fn server(profile: Profile) -> Result<PathBuf> {
    ensure_openssl_tools()?;
    println!("Building the server");
    let mut cargo = process::cargo();
    cargo.args(["build", "--package", "counterbell"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    process::run(&mut cargo)?;
    let folder = if profile == Profile::Dev { "debug" } else { "release" };
    Ok(process::target_directory().join(folder).join("counterbell"))
}

/// Makes sure of what builds OpenSSL, which is part of the server: make, and all of Perl.
///
/// # Errors
/// Some of it is missing and cannot be installed from here.
pub fn ensure_openssl_tools() -> Result<()> {
    // `perl-base`, which every Debian has, lacks these modules.
    let perl = process::output(Command::new("perl").args(["-MFile::Compare", "-MFindBin", "-MIPC::Cmd", "-e", "1"]));
    if perl.is_none() || process::output(Command::new("make").arg("--version")).is_none() {
        setup::ensure_debian_packages("build OpenSSL, which is part of the server", &["make", "perl"])?;
    }
    Ok(())
}
