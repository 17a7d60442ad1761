//! The whole product, as it is released, for those who measure or show it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::process;

/// Builds it; where the program is. All that is said goes to standard error: standard output belongs to the result.
///
/// # Errors
/// It does not compile, or a part of the widget is over its size budget.
pub fn build() -> Result<PathBuf> {
    let ourselves = std::env::current_exe().context("cannot find this program")?;
    let mut build = Command::new(ourselves);
    build.arg("build").stdin(Stdio::null()).stdout(std::io::stderr());
    let status = build.status().context("cannot start the build")?;
    ensure!(status.success(), "`cargo xtask build` failed ({status})");
    Ok(process::target_directory().join("release/counterbell"))
}
