//! Whether the machine is ours: figures taken beside a compiler are no figures.

use std::fs;
use std::thread::available_parallelism;
use std::time::Duration;

/// More of the processors' time than this in other hands, and the figures say little.
const OTHERS_BUSY_MAX: f64 = 0.1;
/// How long we look. Long enough for many of the kernel's 10 ms ticks.
const WATCH: Duration = Duration::from_millis(300);

/// Processors of this machine.
pub fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// The highest of the shares that are known.
pub fn worst(shares: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    shares.flatten().max_by(f64::total_cmp)
}

/// Whether others used so much that figures say little.
pub fn is_busy(share: Option<f64>) -> bool {
    share.is_some_and(|share| share > OTHERS_BUSY_MAX)
}

/// A share as a cell of a table.
pub fn busy_cell(share: Option<f64>) -> String {
    share.map_or("?".to_owned(), |share| format!("{:.0}%", share * 100.0))
}

/// The share of the processors' time that others use at this moment, 0 to 1; `None` where there is no /proc.
pub fn busy_share() -> Option<f64> {
    let before = Ticks::read()?;
    std::thread::sleep(WATCH);
    let after = Ticks::read()?;
    let total = after.total.checked_sub(before.total).filter(|ticks| *ticks > 0)?;
    Some(1.0 - after.idle.saturating_sub(before.idle) as f64 / total as f64)
}

/// Time since the machine started, of all processors together.
#[derive(Debug, PartialEq, Eq)]
struct Ticks {
    total: u64,
    idle: u64,
}

impl Ticks {
    fn read() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// From the first line, `cpu user nice system idle iowait irq softirq steal guest guest_nice`; a guest's time is
    /// part of the user's.
    fn parse(stat: &str) -> Option<Self> {
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = line.split_whitespace().take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
        let idle = ticks.get(3)? + ticks.get(4)?;
        Some(Self { total: ticks.iter().sum(), idle })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_the_disk_is_idle_and_a_guest_is_counted_once() {
        let stat = "cpu  10 1 20 300 40 5 6 7 8 9\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(Ticks::parse(stat), Some(Ticks { total: 389, idle: 340 }));
        assert_eq!(Ticks::parse("intr 1"), None);
    }
}
