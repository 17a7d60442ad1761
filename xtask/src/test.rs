//! `cargo xtask test`: every test there is, with the real parts they need.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::build;
use crate::npm;
use crate::postgres;
use crate::process;
use crate::setup;

/// What the tests of the running program start, and what the server is linked with.
const PACKAGES: [&str; 8] = [
    "chromium",
    "chromium-driver",
    "libssl-dev",
    "pgbouncer",
    "pkg-config",
    "postgresql",
    "python3",
    "python3-aiosmtpd",
];

/// The other browsers of `--long`. xvfb is the screen of the one that has no headless mode.
const PACKAGES_LONG: [&str; 3] = ["firefox-esr", "webkit2gtk-driver", "xvfb"];

/// Series of geckodriver, which Debian does not have.
const GECKODRIVER: &str = "0.36";

/// The tests of the running program; each is a test target of `tests/`.
const SUITES: [&str; 4] = ["api", "storage", "faults", "browser"];

/// Arguments of `cargo xtask test`.
#[derive(clap::Args, Default)]
pub struct Args {
    /// Stage every fault as often and as large as docs/FAULTS.md says, and try the widget in Firefox and WebKit too:
    /// some minutes more
    #[arg(long)]
    long: bool,
    /// Run only these: api, storage, faults or browser, a part of a test's name, or anything else `cargo test` takes
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ONLY")]
    only: Vec<String>,
}

/// Installs what is missing, builds the product, starts PostgreSQL, and runs the tests.
///
/// # Errors
/// The first step that failed, or tests did.
pub fn run(args: &Args) -> Result<()> {
    let started = Instant::now();
    setup::ensure_debian_packages("run the tests", &PACKAGES)?;
    if args.long {
        setup::ensure_debian_packages("try the widget in Firefox and WebKit", &PACKAGES_LONG)?;
    }
    let npm = npm::ensure_packages()?;
    build::run(&build::Args { dev: true, widget_only: true })?;
    // Together with the packages the tests are in, so that dependencies are compiled once for both.
    process::run(process::cargo().args(["build", "--workspace", "--exclude", "xtask", "--bin", "counterbell"]))?;

    // Stopped when it is dropped, also when a test fails.
    let postgres = postgres::start()?;
    let program = process::target_directory().join("debug/counterbell");
    let mut tests = cargo_test(&["--workspace", "--exclude", "xtask"]);
    tests.env("COUNTERBELL_BIN", program).env("COUNTERBELL_TEST_POSTGRES_URL", postgres.url());
    tests.env("COUNTERBELL_TEST_NPM_DIR", npm);
    if args.long {
        tests.env("COUNTERBELL_TEST_LONG", "1");
        tests.env("COUNTERBELL_TEST_GECKODRIVER", geckodriver()?).env("COUNTERBELL_TEST_MINI_BROWSER", mini_browser()?);
    }
    if args.only.is_empty() {
        // By themselves, as they are used: this build tool, and the shared types as the widget sees them.
        process::run(&mut cargo_test(&["--package", "xtask"]))?;
        process::run(&mut cargo_test(&["--package", "counterbell-shared"]))?;
    }
    for word in &args.only {
        if SUITES.contains(&word.as_str()) {
            tests.arg("--test");
        }
        tests.arg(word);
    }
    process::run(&mut tests)?;

    let seconds = started.elapsed().as_secs();
    println!("\nAll tests passed, in {} min {} s.", seconds / 60, seconds % 60);
    println!("Pictures the browser took: {}", process::workspace_root().join("target/test-screenshots").display());
    Ok(())
}

/// Our own geckodriver, built when it is missing.
fn geckodriver() -> Result<PathBuf> {
    let own = process::target_directory().join("tools");
    let program = own.join("bin/geckodriver");
    let version = process::output(Command::new(&program).arg("--version"));
    if version.is_none_or(|version| !version.starts_with(&format!("geckodriver {GECKODRIVER}."))) {
        println!("Building geckodriver into {}: some minutes, the first time", own.display());
        let version = format!("~{GECKODRIVER}");
        let mut install = process::cargo();
        install.args(["install", "--locked", "geckodriver", "--version", &version, "--root"]).arg(&own);
        process::run(&mut install)?;
    }
    Ok(program)
}

/// WebKitGTK's smallest browser. Debian keeps it among the libraries, where the architecture is part of its path.
fn mini_browser() -> Result<String> {
    let found = process::output(Command::new("dpkg-query").args(["-S", "*/MiniBrowser"])).unwrap_or_default();
    let path = found.lines().find_map(|line| line.split_once(": ").map(|(_, path)| path.to_owned()));
    path.context("WebKitGTK came without its MiniBrowser")
}

fn cargo_test(packages: &[&str]) -> Command {
    let mut command = process::cargo();
    // One failure must not hide another.
    command.args(["test", "--no-fail-fast"]).args(packages);
    command
}
