//! What is printed at the end.

use std::fmt;

use serde::Serialize;

use super::sample::Sample;
use crate::bench::database::BackendName;
use crate::bench::load::Measured;
use crate::bench::stats::percentile;

/// Every database.
#[derive(Serialize)]
pub struct Report {
    minutes: u64,
    connections: u16,
    databases: Vec<Figures>,
}

/// One database.
#[derive(Serialize)]
pub struct Figures {
    database: BackendName,
    /// Responses sent a second.
    rate: f64,
    /// All of them; as many were found after the server was killed.
    acknowledged: u64,
    p50_ms: f64,
    p99_ms: f64,
    /// A floor: how soon the disk alone keeps 4 KiB, looked at every millisecond before the load. `None` for a disk of
    /// another machine.
    disk_p50_ms: Option<f64>,
    /// Likewise.
    disk_p99_ms: Option<f64>,
    /// Straight line through the second half of the samples, by least squares.
    resident_bytes_per_minute: Option<f64>,
    resident_bytes_at_half: Option<u64>,
    resident_bytes_at_end: Option<u64>,
    samples: Vec<Sample>,
}

impl Figures {
    /// From what the load generator and the sampler saw, and the disk's own latencies in microseconds, sorted.
    pub fn new(
        database: BackendName,
        rate: f64,
        disk_us: Option<&[u32]>,
        measured: &Measured,
        samples: Vec<Sample>,
    ) -> Self {
        let disk_ms = |share| disk_us.map(|sorted| f64::from(percentile(sorted, share)) / 1000.0);
        let second_half = &samples[samples.len() / 2..];
        let points: Vec<_> = second_half
            .iter()
            .filter_map(|sample| Some((sample.seconds / 60.0, sample.resident_bytes? as f64)))
            .collect();
        Self {
            database,
            rate,
            acknowledged: measured.acknowledged,
            p50_ms: measured.percentile_ms(0.50),
            p99_ms: measured.percentile_ms(0.99),
            disk_p50_ms: disk_ms(0.50),
            disk_p99_ms: disk_ms(0.99),
            resident_bytes_per_minute: slope(&points),
            resident_bytes_at_half: second_half.first().and_then(|sample| sample.resident_bytes),
            resident_bytes_at_end: second_half.last().and_then(|sample| sample.resident_bytes),
            samples,
        }
    }
}

/// Of the straight line through these points that has the least squared distance from them; `None` for fewer than two.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    (points.len() > 1 && variance > 0.0).then(|| covariance / variance)
}

impl Report {
    /// From the figures of each database.
    pub fn new(minutes: u64, connections: u16, databases: Vec<Figures>) -> Self {
        Self { minutes, connections, databases }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nSoak, {} minutes over {} connections\n\n{:<10} {:>7} {:>12} {:>7} {:>8} {:>14} {:>12} {:>11} {:>20}",
            self.minutes,
            self.connections,
            "database",
            "rate/s",
            "acknowledged",
            "p50 ms",
            "p99 ms",
            "disk alone, ms",
            "RSS half MB",
            "RSS end MB",
            "2nd half, kB/minute"
        )?;
        for figures in &self.databases {
            let megabytes =
                |bytes: Option<u64>| bytes.map_or("?".to_owned(), |bytes| format!("{:.1}", bytes as f64 / 1e6));
            let slope =
                figures.resident_bytes_per_minute.map_or("?".to_owned(), |slope| format!("{:+.1}", slope / 1e3));
            let disk = figures.disk_p50_ms.zip(figures.disk_p99_ms);
            let disk = disk.map_or("-".to_owned(), |(p50, p99)| format!("{p50:.2}, {p99:.2}"));
            writeln!(
                f,
                "{:<10} {:>7.0} {:>12} {:>7.2} {:>8.2} {:>14} {:>12} {:>11} {slope:>20}",
                figures.database,
                figures.rate,
                figures.acknowledged,
                figures.p50_ms,
                figures.p99_ms,
                disk,
                megabytes(figures.resident_bytes_at_half),
                megabytes(figures.resident_bytes_at_end),
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slope_is_that_of_the_line_through_the_points() {
        assert_eq!(slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]), Some(2.0));
        assert_eq!(slope(&[(0.0, 7.0), (1.0, 9.0), (2.0, 7.0)]), Some(0.0));
        assert_eq!(slope(&[(1.0, 7.0)]), None);
        assert_eq!(slope(&[]), None);
    }
}
