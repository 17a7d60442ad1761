//! A compiler that can build std for wasm32: std itself must be made for size, so its sources are needed.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{process, setup};

/// Forces one of the two: `rustup` or `debian`.
const CHOICE: &str = "COUNTERBELL_WASM_TOOLCHAIN";

/// What Debian 12 and later call compiler, cargo, sources of std and linker.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// How long `rustup component add` may take; where its server is out of reach it would try for minutes.
const RUSTUP_PATIENCE: Duration = Duration::from_secs(60);

/// Where the compiler comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The active toolchain of rustup (or any `rustc` with its sources beside it), with its own linker.
    Rustup,
    /// The packages in [`DEBIAN_PACKAGES`].
    Debian,
}

impl Toolchain {
    /// The one at hand, or the one that can be installed.
    ///
    /// # Errors
    /// Neither; the error says what to run.
    pub fn find() -> Result<Self> {
        match std::env::var(CHOICE).as_deref() {
            Ok("rustup") if rustup_has_sources() || add_rust_src() => return Ok(Self::Rustup),
            Ok("rustup") => bail!("{CHOICE}=rustup, but the sources of std are missing: rustup component add rust-src"),
            Ok("debian") => return install_debian().map(|()| Self::Debian),
            Ok(other) => bail!("{CHOICE} is `{other}`; it must be `rustup`, `debian` or unset"),
            Err(_) => {}
        }
        // What needs no download comes first.
        if rustup_has_sources() {
            return Ok(Self::Rustup);
        }
        if setup::are_installed(&DEBIAN_PACKAGES) {
            return Ok(Self::Debian);
        }
        if add_rust_src() {
            return Ok(Self::Rustup);
        }
        let installed = install_debian().context("alternatively run: rustup component add rust-src");
        installed.map(|()| Self::Debian)
    }

    /// Its cargo, with nothing in the environment that another cargo or a developer's own settings put there.
    pub fn cargo(self) -> Command {
        let mut command = match self {
            Self::Rustup => Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
            Self::Debian => Command::new("/usr/bin/cargo"),
        };
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(changes_the_build) {
                command.env_remove(name);
            }
        }
        if self == Self::Debian {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let first = [Path::new("/usr/bin").to_owned()];
            if let Ok(path) = std::env::join_paths(first.into_iter().chain(std::env::split_paths(&path))) {
                command.env("PATH", path);
            }
            // `cargo run` makes it point at another compiler's libraries.
            command.env_remove("LD_LIBRARY_PATH");
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-22");
        }
        // -Z flags on a stable compiler; they change the size of what is made, not what it does.
        command.env("RUSTC_BOOTSTRAP", "1");
        command
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rustup => "rustup",
            Self::Debian => "debian",
        })
    }
}

/// Variables that choose a compiler or its flags. Those about registries, network and output stay.
fn changes_the_build(name: &str) -> bool {
    const PREFIXES: [&str; 9] = [
        "CARGO_BIN_",
        "CARGO_BUILD_",
        "CARGO_ENCODED_",
        "CARGO_INCREMENTAL",
        "CARGO_MANIFEST_",
        "CARGO_PKG_",
        "CARGO_PROFILE_",
        "CARGO_TARGET_",
        "RUSTC",
    ];
    matches!(name, "CARGO" | "RUSTFLAGS" | "CARGO_PRIMARY_PACKAGE")
        || PREFIXES.iter().any(|start| name.starts_with(start))
}

/// Whether the active `rustc` has the sources of std and a linker for wasm beside it.
fn rustup_has_sources() -> bool {
    sysroot().is_some_and(|sysroot| {
        let rustlib = sysroot.join("lib/rustlib");
        let linker = |host: PathBuf| host.join("bin/rust-lld").exists();
        let mut hosts = std::fs::read_dir(&rustlib).into_iter().flatten().flatten();
        rustlib.join("src/rust/library/Cargo.lock").exists() && hosts.any(|host| linker(host.path()))
    })
}

fn sysroot() -> Option<PathBuf> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "sysroot"]).current_dir(process::workspace_root());
    process::output(&mut rustc).map(PathBuf::from)
}

/// Whether rustup could install the sources of std, quickly.
fn add_rust_src() -> bool {
    if process::output(Command::new("rustup").arg("--version")).is_none() {
        return false;
    }
    println!("Asking rustup for the sources of std (rustup component add rust-src)");
    let mut rustup = Command::new("rustup");
    rustup.args(["component", "add", "rust-src"]).current_dir(process::workspace_root()).stdin(Stdio::null());
    let Ok(mut child) = rustup.spawn() else { return false };
    let started = Instant::now();
    while started.elapsed() < RUSTUP_PATIENCE {
        match child.try_wait() {
            Ok(Some(status)) => return status.success() && rustup_has_sources(),
            Ok(None) => thread::sleep(Duration::from_millis(100)),
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

fn install_debian() -> Result<()> {
    setup::ensure_debian_packages("build the widget", &DEBIAN_PACKAGES)
}

/// Compiler flags, in the form cargo takes in `CARGO_ENCODED_RUSTFLAGS`.
pub fn encode_flags(flags: &[&str]) -> OsString {
    flags.join("\x1f").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_another_cargo_are_dropped_and_the_way_to_crates_is_kept() {
        for name in ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET"]
        {
            assert!(changes_the_build(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_HTTP_PROXY", "CARGO_TERM_COLOR", "RUSTUP_HOME", "PATH"] {
            assert!(!changes_the_build(name), "{name}");
        }
    }
}
