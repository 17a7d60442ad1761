//! Programs that come from Debian packages.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::process;

/// Makes sure the Debian packages are installed: installs what is missing when we may, else says what to run.
///
/// `why` ends the sentence "These packages are needed to ..".
///
/// # Errors
/// Packages are missing and cannot be installed from here; the error holds the command that would.
pub fn ensure_debian_packages(why: &str, packages: &[&str]) -> Result<()> {
    if !Path::new("/usr/bin/dpkg-query").exists() {
        bail!("to {why} we need what Debian calls {}; please install that with your package manager", list(packages));
    }
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Installing {} to {why}", list(&missing));
    let by_hand = format!("apt-get update && apt-get install -y --no-install-recommends {}", missing.join(" "));
    let Some(as_root) = root_prefix() else {
        bail!("to {why} we need {}; please run as root: {by_hand}", list(&missing));
    };
    let apt_get = |args: &[&str]| {
        let mut words = as_root.iter().chain(&["apt-get"]).copied();
        let mut command = Command::new(words.next().unwrap_or("apt-get"));
        // `sudo` may drop the variable; with no input a package that asks still takes its default.
        command.args(words).args(["-q", "-o", "Dpkg::Use-Pty=0"]).args(args);
        process::run(command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()))
    };
    // An old index often still works, and a fresh one may be out of reach: only the install decides.
    if let Err(error) = apt_get(&["update"]) {
        eprintln!("warning: {error:#}; trying with the package lists at hand");
    }
    let installed = apt_get(&[&["install", "-y", "--no-install-recommends"], missing.as_slice()].concat());
    installed.map_err(|error| error.context(format!("to {why} we need {}; please run: {by_hand}", list(&missing))))
}

/// Whether all of these Debian packages are installed.
pub fn are_installed(packages: &[&str]) -> bool {
    packages.iter().all(|package| is_installed(package))
}

/// What goes before `apt-get` to be root; `None` when we cannot be.
fn root_prefix() -> Option<&'static [&'static str]> {
    if process::output(Command::new("id").arg("-u")).as_deref() == Some("0") {
        return Some(&[]);
    }
    process::output(Command::new("sudo").args(["-n", "true"])).map(|_| &["sudo", "-n"] as _)
}

/// Whether dpkg has the package unpacked and configured.
fn is_installed(package: &str) -> bool {
    let status = process::output(Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]));
    status.as_deref() == Some("installed")
}

/// `a, b and c`.
fn list(packages: &[&str]) -> String {
    match packages {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
