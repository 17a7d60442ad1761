//! `cargo xtask ci`: all that must hold before a change is taken.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::{build, graph, process, test};

/// Series of cargo-deny whose configuration `.cargo/deny.toml` is written for.
const CARGO_DENY: &str = "0.20";

/// One thing that must hold.
struct Step {
    name: &'static str,
    run: fn() -> Result<()>,
}

/// Quick ones first.
const STEPS: [Step; 7] = [
    Step { name: "format", run: format },
    Step { name: "module graph", run: graph::check },
    Step { name: "clippy", run: clippy },
    Step { name: "docs", run: docs },
    Step { name: "dependencies", run: dependencies },
    Step { name: "tests", run: tests },
    Step { name: "widget size", run: build::size::run },
];

/// Runs every step, also after one that failed, and sums up.
///
/// # Errors
/// Names the steps that failed; or what builds the server is missing and cannot be installed from here.
pub fn run() -> Result<()> {
    build::ensure_openssl_tools()?;
    let mut failed = Vec::new();
    let mut summary = String::from("\nSummary\n");
    for Step { name, run } in STEPS {
        println!("\n== {name}");
        let started = Instant::now();
        let verdict = match run() {
            Ok(()) => "ok",
            Err(error) => {
                eprintln!("error: {error:#}");
                failed.push(name);
                "FAILED"
            }
        };
        summary.push_str(&format!("  {name:<14} {verdict:<7} {}\n", minutes(started.elapsed())));
    }
    println!("{summary}");
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

fn minutes(elapsed: Duration) -> String {
    format!("{:>3} min {:>2} s", elapsed.as_secs() / 60, elapsed.as_secs() % 60)
}

fn format() -> Result<()> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    process::run(process::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let bench = ["clippy", "--package", "counterbell", "--features", "bench", "--all-targets", "--", "-D", "warnings"];
    process::run(process::cargo().args(bench))
}

fn docs() -> Result<()> {
    let doc = ["doc", "--workspace", "--no-deps", "--features", "counterbell/bench"];
    process::run(process::cargo().args(doc).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Licences, banned and doubled crates, and where crates come from.
fn dependencies() -> Result<()> {
    // Advisories need a clone of a database from the network, which a build machine may not reach.
    println!("(advisories are not part of this: `cargo deny check advisories` asks for them)");
    let deny = cargo_deny()?;
    process::run(Command::new(deny).args([
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]))
}

/// The machine's cargo-deny, or one of our own under target/.
fn cargo_deny() -> Result<PathBuf> {
    let own = process::target_directory().join("tools");
    let own_program = own.join("bin/cargo-deny");
    for program in [PathBuf::from("cargo-deny"), own_program.clone()] {
        let version = process::output(Command::new(&program).arg("--version"));
        if version.is_some_and(|version| version.starts_with(&format!("cargo-deny {CARGO_DENY}."))) {
            return Ok(program);
        }
    }
    println!("Building cargo-deny into {}: some minutes, the first time", own.display());
    let version = format!("~{CARGO_DENY}");
    let mut install = process::cargo();
    install.args(["install", "--locked", "cargo-deny", "--version", &version, "--root"]).arg(&own);
    process::run(&mut install)?;
    Ok(own_program)
}

fn tests() -> Result<()> {
    test::run(&test::Args::default())
}
