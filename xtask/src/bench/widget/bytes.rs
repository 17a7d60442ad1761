//! How many bytes cross the wire.

use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::build::manifest::{Kind, Manifest};
use crate::build::size;
use crate::process;

/// The widget's files, compressed with brotli.
#[derive(Serialize)]
pub struct Bytes {
    /// Each of them.
    pub files: Vec<FileBytes>,
    /// What every visitor of the page fetches: the loader.
    pub before_intent: usize,
    /// What a customer who rates fetches.
    pub total: usize,
    /// Which part is over its budget, and by how much.
    pub over_budget: Option<String>,
}

/// One file.
#[derive(Serialize)]
pub struct FileBytes {
    /// As `cargo xtask size` calls it.
    pub name: String,
    /// As the browser gets to see it.
    pub raw: usize,
    /// On the wire.
    pub brotli: usize,
}

/// Of the widget last built.
///
/// # Errors
/// None has been built.
pub fn measure() -> Result<Bytes> {
    let path = process::workspace_root().join("target/widget/dist/manifest.json");
    let json = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let manifest: Manifest =
        serde_json::from_str(&json).with_context(|| format!("cannot understand {}", path.display()))?;
    let over_budget = size::check(&manifest).err().map(|error| error.to_string());
    // What is fetched where WebAssembly cannot run is no part of it.
    let files = manifest.files.iter().filter(|file| file.kind != Kind::Fallback);
    let files: Vec<_> =
        files.map(|file| FileBytes { name: file.kind.to_string(), raw: file.raw, brotli: file.brotli }).collect();
    // The manifest holds them in the order they are fetched.
    let before_intent = files.first().map_or(0, |loader| loader.brotli);
    let total = files.iter().map(|file| file.brotli).sum();
    Ok(Bytes { files, before_intent, total, over_budget })
}
