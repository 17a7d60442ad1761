//! `manifest.json`: what was built, for the server's build script and for `cargo xtask size`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::process;

/// Every file of the widget.
#[derive(Debug, Deserialize, Serialize)]
pub struct Manifest {
    /// In the order they are fetched.
    pub files: Vec<File>,
}

/// One file; `.gz` and `.br` lie beside it.
#[derive(Debug, Deserialize, Serialize)]
pub struct File {
    /// Below the directory of the manifest, and of the server's URLs.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// The `content-type` to serve it with.
    pub content_type: String,
    /// Bytes as they are.
    pub raw: usize,
    /// Bytes of the `.gz`.
    pub gzip: usize,
    /// Bytes of the `.br`.
    pub brotli: usize,
}

/// The parts of the widget.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What the script tag names; the only one fetched before the customer opens the widget.
    Loader,
    /// What sends and keeps, and what stands between browser and WebAssembly.
    Script,
    /// The survey card.
    Wasm,
    /// Its looks.
    Css,
    /// What takes its place where WebAssembly cannot run; fetched only there.
    Fallback,
}

impl Kind {
    /// The `content-type` to serve it with; browsers compile WebAssembly as it arrives only under its own type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Loader | Self::Script | Self::Fallback => "text/javascript; charset=utf-8",
            Self::Wasm => "application/wasm",
            Self::Css => "text/css; charset=utf-8",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Loader => "loader",
            Self::Script => "script",
            Self::Wasm => "wasm",
            Self::Css => "CSS",
            Self::Fallback => "fallback",
        })
    }
}

impl Manifest {
    /// Where everything about the widget is built. Always the same, whatever `CARGO_TARGET_DIR` says: the server's
    /// build script looks here.
    pub fn directory() -> PathBuf {
        process::workspace_root().join("target/widget")
    }

    /// Reads the manifest of the widget last built.
    ///
    /// # Errors
    /// No widget has been built.
    pub fn read(dist: &Path) -> Result<Self> {
        let path = dist.join("manifest.json");
        let json = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&json).with_context(|| format!("cannot understand {}", path.display()))
    }

    /// Writes it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, dist: &Path) -> Result<()> {
        let path = dist.join("manifest.json");
        let json = serde_json::to_string_pretty(self)?;
        fs::write(&path, json + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}
