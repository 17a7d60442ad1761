//! The widget: compile to WebAssembly, then make the files a browser fetches.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::manifest::Manifest;
use super::pack::{Sources, pack};
use super::toolchain::{Toolchain, encode_flags};
use crate::process;

/// No panic has words, and so none of the code that words need; docs/adr/0006 says why.
const FLAGS: [&str; 2] = ["-Zunstable-options", "-Cpanic=immediate-abort"];

/// What runs beside the card, each using the ones before.
const PAGE: [&str; 3] = ["widget/page/queue.js", "widget/page/answers.js", "widget/page/card.js"];

/// Builds the widget into `target/widget/dist`, if anything changed.
///
/// # Errors
/// The first step that failed.
pub fn build() -> Result<Manifest> {
    let directory = Manifest::directory();
    let sources = Sources {
        wasm: read(&compile(&directory)?)?,
        loader: read_text("widget/loader/widget.js")?,
        launcher_css: read_text("widget/loader/launcher.css")?,
        page: PAGE.into_iter().map(read_text).collect::<Result<Vec<_>>>()?.concat(),
        hosted: read_text("widget/page/hosted.js")?,
        css: read_text("widget/styles/widget.css")?,
    };
    let dist = directory.join("dist");
    let fingerprint = sources.fingerprint();
    let fingerprint_path = directory.join("fingerprint");
    let unchanged = fs::read_to_string(&fingerprint_path).is_ok_and(|last| last == fingerprint);
    if unchanged && let Ok(manifest) = Manifest::read(&dist) {
        println!("The widget's files are up to date");
        return Ok(manifest);
    }
    // Beside the old files, which stay usable until the new ones are complete.
    let fresh = directory.join("dist.new");
    remove(&fresh)?;
    fs::create_dir_all(&fresh).with_context(|| format!("cannot make {}", fresh.display()))?;
    let manifest = pack(sources, &fresh)?;
    remove(&dist)?;
    fs::rename(&fresh, &dist).with_context(|| format!("cannot rename {}", fresh.display()))?;
    fs::write(&fingerprint_path, fingerprint).context("cannot remember what was built")?;
    Ok(manifest)
}

/// Compiles the widget and std; returns where the module is. Cheap when nothing changed.
fn compile(directory: &Path) -> Result<PathBuf> {
    let toolchain = Toolchain::find()?;
    println!("Compiling the widget and std to WebAssembly ({toolchain})");
    // One each, so that trying the other does not throw away what this one made.
    let target = directory.join(format!("cargo-{toolchain}"));
    let mut cargo = toolchain.cargo();
    // `rustc` for its `--crate-type`: as long as an rlib is made too, cargo leaves out link-time optimization.
    cargo.args(["rustc", "--package", "counterbell-widget", "--lib", "--crate-type", "cdylib"]);
    cargo.args(["--profile", "widget", "--target"]);
    cargo.args(["wasm32-unknown-unknown", "-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"]);
    cargo.arg("--target-dir").arg(&target).env("CARGO_ENCODED_RUSTFLAGS", encode_flags(&FLAGS));
    process::run(&mut cargo)?;
    Ok(target.join("wasm32-unknown-unknown/widget/counterbell_widget.wasm"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_text(path: &str) -> Result<String> {
    String::from_utf8(read(&process::workspace_root().join(path))?).with_context(|| format!("{path} is not UTF-8"))
}

fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}
