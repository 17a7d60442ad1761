//! How often the disk can be told to keep what was written: no commit of its own can be faster.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// A page of a database or a file system.
const APPEND_BYTES: usize = 4096;

/// `fdatasync` calls a second, each after 4 KiB were appended to a new file in `dir`.
///
/// # Errors
/// The file cannot be made or written.
pub fn syncs_per_second(dir: &Path, duration: Duration) -> Result<f64> {
    let path = dir.join(format!("bench-fdatasync-{}", std::process::id()));
    let mut file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("cannot write below {}, to measure the disk", dir.display()))?;
    // Gone when closed, however we end.
    std::fs::remove_file(&path)?;
    let page = [0x5a; APPEND_BYTES];
    let mut syncs = 0_u32;
    let started = Instant::now();
    while started.elapsed() < duration {
        file.write_all(&page)?;
        rustix::fs::fdatasync(&file)?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / started.elapsed().as_secs_f64())
}
