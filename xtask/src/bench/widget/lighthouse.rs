//! Lighthouse's performance score: of the shop's page with the widget's tag, and without.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::Value;

use super::pages::Pages;
use crate::bench::stats::Rounds;
use crate::{process, setup};

/// The version in `lighthouse/package.json`, the newest for Debian 12's Node.js. The lock file holds the digest of it
/// and of all it needs.
const VERSION: &str = "12.8.2";
const PACKAGE: &str = include_str!("lighthouse/package.json");
const LOCK: &str = include_str!("lighthouse/package-lock.json");

/// Scores from 0 to 100, for a phone, slowed down as Lighthouse does it when nothing else is said.
#[derive(Serialize)]
pub struct Lighthouse {
    /// Runs on each page.
    pub pairs: u32,
    /// Of the page alone.
    pub without: Rounds,
    /// Of the same page with the widget's tag.
    pub with: Rounds,
}

/// Both pages in turn.
///
/// # Errors
/// Lighthouse cannot be installed, or finds no score.
pub fn measure(pages: &Pages, pairs: u32) -> Result<Lighthouse> {
    let home = ensure_installed()?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for pair in 1..=pairs {
        eprint!("[pair {pair}/{pairs}] Lighthouse .. ");
        without.push(score(&home, &pages.without)?);
        with.push(score(&home, &pages.with)?);
        eprintln!("{} without, {} with", without[without.len() - 1], with[with.len() - 1]);
    }
    let rounds = |scores| Rounds::of(scores).context("nothing was measured");
    Ok(Lighthouse { pairs, without: rounds(without)?, with: rounds(with)? })
}

/// Fetches it when it is missing; returns where it is.
fn ensure_installed() -> Result<PathBuf> {
    if process::output(Command::new("npm").arg("--version")).is_none() {
        setup::ensure_debian_packages("run Lighthouse", &["npm"])?;
    }
    let tools = process::target_directory().join("tools/npm");
    fs::create_dir_all(&tools).with_context(|| format!("cannot make {}", tools.display()))?;
    let home = tools.join(format!("lighthouse@{VERSION}"));
    if home.exists() {
        return Ok(home);
    }
    // There only once it is complete.
    let fresh = tempfile::tempdir_in(&tools)?;
    fs::write(fresh.path().join("package.json"), PACKAGE)?;
    fs::write(fresh.path().join("package-lock.json"), LOCK)?;
    let mut npm = Command::new("npm");
    npm.args(["ci", "--silent", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]);
    process::run(npm.current_dir(fresh.path()).stdout(std::io::stderr()))
        .context("cannot fetch Lighthouse from the npm registry")?;
    // Another run may have been faster; its files are the same.
    fs::rename(fresh.path(), &home).or_else(|error| if home.exists() { Ok(()) } else { Err(error) })?;
    Ok(home)
}

/// The performance score of one run.
fn score(home: &Path, url: &str) -> Result<f64> {
    let profile = tempfile::TempDir::new()?;
    let flags = counterbell_test_chromium::arguments(profile.path()).join(" ");
    let mut command = Command::new("node");
    command.arg(home.join("node_modules/lighthouse/cli/index.js")).arg(url);
    command.args(["--quiet", "--no-enable-error-reporting", "--only-categories=performance", "--output=json"]);
    command.arg(format!("--chrome-flags={flags}")).env("CHROME_PATH", "chromium");
    let output = command.stdin(Stdio::null()).output().context("cannot start Node.js")?;
    if !output.status.success() {
        bail!("Lighthouse failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let report: Value = serde_json::from_slice(&output.stdout).context("Lighthouse printed no JSON")?;
    let score = report["categories"]["performance"]["score"].as_f64();
    let error = &report["runtimeError"];
    Ok(score.with_context(|| format!("Lighthouse has no score: {error}"))? * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_version_is_pinned_and_every_package_has_its_digest() {
        let [package, lock] = [PACKAGE, LOCK].map(|text| serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(package["dependencies"]["lighthouse"], VERSION);
        let packages = lock["packages"].as_object().unwrap();
        assert_eq!(packages["node_modules/lighthouse"]["version"], VERSION);
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            let digest = package["integrity"].as_str().unwrap_or_default();
            assert!(digest.starts_with("sha512-"), "{name}: {digest}");
            assert!(package.get("resolved").is_none(), "{name} comes from the registry that npm is set up with");
        }
    }
}
