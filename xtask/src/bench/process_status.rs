//! What the system says of the running server: Linux's /proc, elsewhere nothing.

use std::fs;

use serde::Serialize;

/// Memory that is in RAM, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Now.
    pub resident_bytes: u64,
    /// The most there ever was.
    pub peak_bytes: u64,
}

impl Memory {
    /// Of this process.
    pub fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
    }

    fn parse(status: &str) -> Option<Self> {
        let bytes = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
        };
        Some(Self { resident_bytes: bytes("VmRSS:")?, peak_bytes: bytes("VmHWM:")? })
    }
}

/// How many files and sockets this process has open.
pub fn open_files(pid: u32) -> Option<usize> {
    Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tcounterbell\nVmPeak:\t  900 kB\nVmHWM:\t   20 kB\nVmRSS:\t   10 kB\nThreads:\t8\n";
        assert_eq!(Memory::parse(status), Some(Memory { resident_bytes: 10_240, peak_bytes: 20_480 }));
        assert_eq!(Memory::parse("VmRSS: 10 kB\n"), None);
    }
}
