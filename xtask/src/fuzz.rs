//! `cargo xtask fuzz`: feeds the server's parsers what nobody would send, for as long as is asked for.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use counterbell_shared::limits::BODY_MAX_BYTES;

use crate::process;

/// Series of cargo-fuzz that is installed when there is none.
const CARGO_FUZZ: &str = "0.13";

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub struct Args {
    /// How long, in seconds
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
}

/// Runs the fuzz target with the corpus of `server/fuzz/`; what it finds is added there, beside what is checked in.
///
/// # Errors
/// There is no nightly compiler, cargo-fuzz cannot be built, or an input broke an invariant: its file is named.
pub fn run(args: &Args) -> Result<()> {
    let nightly = process::output(Command::new("cargo").args(["+nightly", "--version"]));
    ensure!(nightly.is_some(), "fuzzing needs a nightly compiler: `rustup toolchain install nightly`");
    let tools = cargo_fuzz()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(&path)))?;
    let mut fuzz = Command::new("cargo");
    fuzz.args(["+nightly", "fuzz", "run", "parse_response", "--"]);
    fuzz.arg(format!("-max_total_time={}", args.seconds)).arg(format!("-max_len={BODY_MAX_BYTES}")).arg("-timeout=10");
    // Ours choose the stable compiler for this build tool.
    for name in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC"] {
        fuzz.env_remove(name);
    }
    process::run(fuzz.env("PATH", path).current_dir(process::workspace_root().join("server")))
}

/// The directory of our own cargo-fuzz, built when it is missing.
fn cargo_fuzz() -> Result<PathBuf> {
    let own = process::target_directory().join("tools");
    if !own.join("bin/cargo-fuzz").exists() {
        println!("Building cargo-fuzz into {}: a minute or two, the first time", own.display());
        let version = format!("~{CARGO_FUZZ}");
        let mut install = process::cargo();
        install.args(["install", "--locked", "cargo-fuzz", "--version", &version, "--root"]).arg(&own);
        process::run(&mut install)?;
    }
    Ok(own.join("bin"))
}
