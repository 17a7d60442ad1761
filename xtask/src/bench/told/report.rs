//! What is printed at the end.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::customers::PER_SECOND;
use crate::bench::database::BackendName;
use crate::bench::machine;
use crate::bench::measurement::Measurement;
use crate::bench::stats::percentile;

/// A mail that comes later than this after its response was acknowledged counts as one that never came.
pub const LATEST: Duration = Duration::from_secs(30);

/// Every database under both loads.
#[derive(Serialize)]
pub struct Report {
    cores: usize,
    seconds: u64,
    connections: u16,
    unhappy_per_second: u32,
    cases: Vec<Figures>,
}

/// One database under one load.
#[derive(Serialize)]
pub struct Figures {
    database: BackendName,
    /// Happy responses that fell due a second; `None`: each connection sent as fast as it was answered.
    happy_rate: Option<f64>,
    /// Happy responses acknowledged a second.
    happy_per_second: f64,
    happy_p99_ms: Option<f64>,
    /// From the acknowledgement of an unhappy response to the end of its mail.
    told: Told,
    others_busy: Option<f64>,
}

/// How long it took until somebody was told. One that never came counts as 30 s.
#[derive(Debug, PartialEq, Serialize)]
pub struct Told {
    unhappy: usize,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    /// Mails that were not there within 30 s.
    never: usize,
    /// Mails that were not there when the load ended.
    after_load: usize,
}

impl Told {
    /// From when responses were acknowledged, in order, and when mails arrived, by the number of their response.
    pub fn new(acknowledged: &[Instant], arrivals: &BTreeMap<usize, Instant>, load_ended: Instant) -> Self {
        let waits = acknowledged.iter().enumerate().map(|(number, acknowledged)| {
            // The mail may be there before the answer is read.
            arrivals.get(&number).map(|arrival| arrival.saturating_duration_since(*acknowledged))
        });
        let in_time: Vec<_> = waits.map(|wait| wait.filter(|wait| *wait <= LATEST)).collect();
        let us = |wait: &Option<Duration>| u32::try_from(wait.unwrap_or(LATEST).as_micros()).unwrap_or(u32::MAX);
        let mut sorted_us: Vec<u32> = in_time.iter().map(us).collect();
        sorted_us.sort_unstable();
        let ms = |share| f64::from(percentile(&sorted_us, share)) / 1000.0;
        Self {
            unhappy: acknowledged.len(),
            p50_ms: ms(0.50),
            p90_ms: ms(0.90),
            p99_ms: ms(0.99),
            max_ms: ms(1.0),
            never: in_time.iter().filter(|wait| wait.is_none()).count(),
            after_load: acknowledged.len() - arrivals.values().filter(|arrival| **arrival <= load_ended).count(),
        }
    }
}

impl Figures {
    /// From what the load and the mails came to.
    pub fn new(database: BackendName, happy_rate: Option<f64>, happy: &Measurement, told: Told) -> Self {
        Self {
            database,
            happy_rate,
            happy_per_second: happy.per_second,
            happy_p99_ms: happy.p99_ms,
            told,
            others_busy: happy.others_busy,
        }
    }
}

impl Report {
    /// From the figures of each database.
    pub fn new(seconds: u64, connections: u16, cases: Vec<Figures>) -> Self {
        Self { cores: machine::cores(), seconds, connections, unhappy_per_second: PER_SECOND, cases }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, seconds, connections, unhappy_per_second, .. } = self;
        writeln!(
            f,
            "\nFrom an acknowledged response to the end of its mail, {unhappy_per_second} unhappy ones a second for \
             {seconds} s among happy ones over {connections} connections; server, database, load and mail server share \
             {cores} cores\n"
        )?;
        writeln!(
            f,
            "{:<10} {:>9} {:>9} {:>12} {:>8} {:>9} {:>9} {:>9} {:>9} {:>11} {:>11} {:>10}",
            "database",
            "happy due",
            "happy/s",
            "happy p99 ms",
            "unhappy",
            "p50 ms",
            "p90 ms",
            "p99 ms",
            "max ms",
            "not in 30 s",
            "after load",
            "others CPU"
        )?;
        for case in &self.cases {
            let Figures { database, told, .. } = case;
            writeln!(
                f,
                "{database:<10} {:>9} {:>9.0} {:>12} {:>8} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>11} {:>11} {:>10}",
                case.happy_rate.map_or("full".to_owned(), |rate| format!("{rate:.0}")),
                case.happy_per_second,
                case.happy_p99_ms.map_or("-".to_owned(), |ms| format!("{ms:.2}")),
                told.unhappy,
                told.p50_ms,
                told.p90_ms,
                told.p99_ms,
                told.max_ms,
                told.never,
                told.after_load,
                machine::busy_cell(case.others_busy),
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_that_is_late_or_missing_counts_as_the_longest_wait() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let acknowledged = [at(0), at(100), at(200), at(300)];
        let arrivals = BTreeMap::from([(0, at(20)), (1, at(90)), (2, at(30_201))]);
        let told = Told::new(&acknowledged, &arrivals, at(400));
        let expected = Told {
            unhappy: 4,
            p50_ms: 20.0,
            p90_ms: 30_000.0,
            p99_ms: 30_000.0,
            max_ms: 30_000.0,
            never: 2,
            after_load: 2,
        };
        assert_eq!(told, expected);
    }
}
