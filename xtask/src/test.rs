//! `cargo xtask test`: every test there is, with the real parts they need.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::build;
use crate::npm;
use crate::postgres;
use crate::process;
use crate::setup;

/// What the tests of the running program start.
const PACKAGES: [&str; 4] = ["pgbouncer", "postgresql", "python3", "python3-aiosmtpd"];

/// What the browser suite starts.
const PACKAGES_BROWSER: [&str; 2] = ["chromium", "chromium-driver"];

/// The other browsers of `--long`. xvfb is the screen of the one that has no headless mode.
const PACKAGES_LONG: [&str; 3] = ["firefox-esr", "webkit2gtk-driver", "xvfb"];

/// Series of geckodriver, which Debian does not have.
const GECKODRIVER: &str = "0.36";

/// The suite that opens the widget in a browser.
const BROWSER: &str = "browser";

/// The tests of the running program; each is a test target of `tests/`.
const SUITES: [&str; 4] = ["api", "storage", "faults", BROWSER];

/// What `cargo test` runs by itself beside them.
const BESIDE_SUITES: [&str; 4] = ["--lib", "--bins", "--test", "parse_response"];

/// A PostgreSQL server to use instead of one of our own.
const POSTGRES_URL: &str = "COUNTERBELL_TEST_POSTGRES_URL";

/// Arguments of `cargo xtask test`.
#[derive(clap::Args, Default)]
pub struct Args {
    /// Stage every fault as often and as large as docs/FAULTS.md says, and try the widget in Firefox and WebKit too:
    /// some minutes more
    #[arg(long)]
    long: bool,
    /// Do not build the widget, nor run the browser suite, which needs it: for work on the server. The server serves
    /// the widget that was built last; tests of the widget's files fail where none was
    #[arg(long)]
    no_widget: bool,
    /// Run only these: api, storage, faults or browser, a part of a test's name, or anything else `cargo test` takes
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ONLY")]
    only: Vec<String>,
}

/// Installs what is missing, builds the product, starts PostgreSQL (unless [`POSTGRES_URL`] names one), and runs the
/// tests.
///
/// # Errors
/// The arguments contradict each other, the first step that failed, or tests did.
pub fn run(args: &Args) -> Result<()> {
    let started = Instant::now();
    let selection = selection(args)?;
    setup::ensure_debian_packages("run the tests", &PACKAGES)?;
    build::ensure_openssl_tools()?;
    let mut tests = cargo_test(&["--workspace", "--exclude", "xtask"]);
    tests.args(selection);
    if !args.no_widget {
        setup::ensure_debian_packages("try the widget in a browser", &PACKAGES_BROWSER)?;
        tests.env("COUNTERBELL_TEST_NPM_DIR", npm::ensure_packages()?);
        build::run(&build::Args { dev: true, widget_only: true })?;
    }
    if args.long {
        tests.env("COUNTERBELL_TEST_LONG", "1");
    }
    if args.long && !args.no_widget {
        setup::ensure_debian_packages("try the widget in Firefox and WebKit", &PACKAGES_LONG)?;
        tests.env("COUNTERBELL_TEST_GECKODRIVER", geckodriver()?).env("COUNTERBELL_TEST_MINI_BROWSER", mini_browser()?);
    }
    // Together with the packages the tests are in, so that dependencies are compiled once for both.
    process::run(process::cargo().args(["build", "--workspace", "--exclude", "xtask", "--bin", "counterbell"]))?;
    tests.env("COUNTERBELL_BIN", process::target_directory().join("debug/counterbell"));

    // Stopped when it is dropped, also when a test fails.
    let _postgres = if std::env::var_os(POSTGRES_URL).is_none() {
        let postgres = postgres::start()?;
        tests.env(POSTGRES_URL, postgres.url());
        Some(postgres)
    } else {
        None
    };
    if args.only.is_empty() {
        // By itself, as it is used: with the features it asks for, and no others.
        process::run(&mut cargo_test(&["--package", "xtask"]))?;
    }
    process::run(&mut tests)?;

    let seconds = started.elapsed().as_secs();
    println!("\nAll tests passed, in {} min {} s.", seconds / 60, seconds % 60);
    if !args.no_widget {
        let pictures = process::workspace_root().join("target/test-screenshots");
        println!("Pictures the browser took: {}", pictures.display());
    }
    Ok(())
}

/// What `cargo test` is told to run.
///
/// # Errors
/// The browser suite is asked for without the widget it opens.
fn selection(args: &Args) -> Result<Vec<&str>> {
    let asks_for = |suite: &str| args.only.iter().any(|word| word == suite);
    let mut selection = Vec::new();
    if args.no_widget {
        ensure!(!asks_for(BROWSER), "the browser suite opens the widget: leave out --no-widget");
        if !SUITES.into_iter().any(asks_for) {
            let without_browser = SUITES.into_iter().filter(|suite| *suite != BROWSER);
            selection.extend(BESIDE_SUITES.into_iter().chain(without_browser.flat_map(|suite| ["--test", suite])));
        }
    }
    for word in &args.only {
        if SUITES.contains(&word.as_str()) {
            selection.push("--test");
        }
        selection.push(word);
    }
    Ok(selection)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(no_widget: bool, only: &[&str]) -> Result<String> {
        let args = Args { no_widget, only: only.iter().map(|&word| word.to_owned()).collect(), ..Args::default() };
        Ok(selection(&args)?.join(" "))
    }

    #[test]
    fn suite_that_is_named_is_the_only_one_built() {
        for no_widget in [false, true] {
            let words = selected(no_widget, &["api", "mail", "--", "--nocapture"]);
            assert_eq!(words.ok().as_deref(), Some("--test api mail -- --nocapture"), "{no_widget}");
        }
    }

    #[test]
    fn browser_suite_needs_the_widget() {
        assert_eq!(selected(false, &["browser"]).ok().as_deref(), Some("--test browser"));
        let refused = selected(true, &["api", "browser"]).map_err(|error| error.to_string());
        assert!(refused.is_err_and(|error| error.contains("--no-widget")));
        for only in [&[][..], &["part_of_a_name"]] {
            let words = selected(true, only).unwrap_or_default();
            assert!(words.contains("--test faults") && !words.contains(BROWSER), "{words}");
        }
    }
}
