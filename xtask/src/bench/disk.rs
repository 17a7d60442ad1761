//! How often the disk can be told to keep what was written, and how soon it has: no commit can be faster.

use std::fs::{File, OpenOptions};
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
    let mut file = new_file(dir)?;
    let mut syncs = 0_u32;
    let started = Instant::now();
    while started.elapsed() < duration {
        append_and_sync(&mut file)?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / started.elapsed().as_secs_f64())
}

/// How long it takes until 4 KiB are safe in a new file in `dir`, in microseconds, sorted. They fall due every `every`,
/// and wait from then on: while the disk holds one back, those due after it wait too, as customers do.
///
/// # Errors
/// The file cannot be made or written.
pub fn sync_latencies_us(dir: &Path, duration: Duration, every: Duration) -> Result<Vec<u32>> {
    let mut file = new_file(dir)?;
    let mut latencies_us = Vec::new();
    let started = Instant::now();
    let mut due = started;
    while due.duration_since(started) < duration {
        let early = due.saturating_duration_since(Instant::now());
        std::thread::sleep(early);
        // How late the system wakes us is not the disk's doing; how late the sync before ended is.
        let awaited_from = if early.is_zero() { due } else { Instant::now() };
        append_and_sync(&mut file)?;
        latencies_us.push(u32::try_from(awaited_from.elapsed().as_micros()).unwrap_or(u32::MAX));
        due += every;
    }
    latencies_us.sort_unstable();
    Ok(latencies_us)
}

fn new_file(dir: &Path) -> Result<File> {
    let path = dir.join(format!("bench-fdatasync-{}", std::process::id()));
    let file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("cannot write below {}, to measure the disk", dir.display()))?;
    // Gone when closed, however we end.
    std::fs::remove_file(&path)?;
    Ok(file)
}

fn append_and_sync(file: &mut File) -> Result<()> {
    file.write_all(&[0x5a; APPEND_BYTES])?;
    rustix::fs::fdatasync(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_latency_is_measured_each_time_it_is_due() {
        let dir = tempfile::tempdir().unwrap();
        let every = Duration::from_millis(5);
        let latencies_us = sync_latencies_us(dir.path(), 20 * every, every).unwrap();
        assert_eq!(latencies_us.len(), 20);
        assert!(latencies_us.is_sorted());
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "nothing is left behind");
    }
}
