//! What is printed at the end.

use std::fmt;

use serde::Serialize;

use super::bytes::Bytes;
use super::lighthouse::Lighthouse;
use super::tap::{RATIO_MAX, Tap, Times};
use super::target::Target;
use super::tasks::{TAP_MS_MAX, TASK_MS_MAX, Tasks};
use crate::bench::machine;
use crate::bench::stats::Rounds;
use crate::browser::Slowness;

/// Everything that was measured.
#[derive(Serialize)]
pub struct Report {
    /// Processors, which browser and server share.
    cores: usize,
    others_busy: Option<f64>,
    slowness: Slowness,
    bytes: Bytes,
    tap: Option<Tap>,
    tasks: Option<Tasks>,
    lighthouse: Option<Lighthouse>,
    targets: Vec<Target>,
}

impl Report {
    /// From what each part measured.
    pub fn new(
        others_busy: Option<f64>,
        slowness: Slowness,
        bytes: Bytes,
        tap: Option<Tap>,
        tasks: Option<Tasks>,
        lighthouse: Option<Lighthouse>,
    ) -> Self {
        let within = bytes.over_budget.is_none();
        let mut targets = vec![Target::of_widget(
            "bytes of each part and of all",
            bytes.total.to_string(),
            "within its budget".into(),
            within,
        )];
        targets.extend(tap.iter().flat_map(of_tap));
        targets.extend(tasks.iter().flat_map(of_tasks));
        targets.extend(lighthouse.iter().map(of_lighthouse));
        let cores = machine::cores();
        Self { cores, others_busy, slowness, bytes, tap, tasks, lighthouse, targets }
    }

    /// Targets that are missed on any machine.
    pub fn missed(&self) -> Vec<String> {
        let missed = self.targets.iter().filter(|target| !target.met && !target.about_time);
        let words = |target: &Target| format!("{}: {}, not {}", target.what, target.measured, target.limit);
        missed.map(words).chain(self.bytes.over_budget.clone()).collect()
    }
}

fn of_tap(tap: &Tap) -> [Target; 2] {
    [("tap to rating, empty cache, to its floor", &tap.cold), ("tap to rating, full cache, to its floor", &tap.warm)]
        .map(|(what, Times { ratio, .. })| {
            let limit = format!("at most {RATIO_MAX:.1}x");
            Target::of_time(what, format!("{:.2}x", ratio.median), limit, ratio.median <= RATIO_MAX)
        })
}

fn of_tasks(tasks: &Tasks) -> [Target; 5] {
    let Tasks { load_ms, open_ms, rate_ms, shifts, tap_ms, .. } = tasks;
    let long = |what, longest: &Rounds| {
        let limit = format!("at most {TASK_MS_MAX:.0} ms");
        Target::of_time(what, long_task(longest.median), limit, longest.median <= TASK_MS_MAX)
    };
    [
        long("longest task, loading", load_ms),
        long("longest task, opening", open_ms),
        long("longest task, rating", rate_ms),
        Target::of_time(
            "tap on a star to the next frame",
            format!("{:.0} ms", tap_ms.median),
            format!("below {TAP_MS_MAX:.0} ms"),
            tap_ms.median < TAP_MS_MAX,
        ),
        Target::of_widget("cumulative layout shift", format!("{shifts:.4}"), "0".into(), *shifts == 0.0),
    ]
}

fn of_lighthouse(lighthouse: &Lighthouse) -> Target {
    let difference = lighthouse.with.median - lighthouse.without.median;
    Target::of_time("Lighthouse, difference", format!("{difference:+.0}"), "none".into(), difference >= 0.0)
}

fn long_task(longest_ms: f64) -> String {
    if longest_ms > 0.0 { format!("{longest_ms:.0} ms") } else { "none long".to_owned() }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Slowness { cpu_factor, round_trip_ms, download_bits_per_second, .. } = self.slowness;
        writeln!(
            f,
            "\nThe widget on a shop's page, in Chromium; browser and server share {} cores, {cpu_factor}x slower, \
             {:.1} Mbit/s, {round_trip_ms} ms round trip\n",
            self.cores,
            f64::from(download_bits_per_second) / 1e6,
        )?;
        writeln!(f, "{:<14} {:>9} {:>9}", "bytes", "raw", "brotli")?;
        for file in &self.bytes.files {
            writeln!(f, "{:<14} {:>9} {:>9}", file.name, file.raw, file.brotli)?;
        }
        writeln!(f, "{:<14} {:>9} {:>9}", "before intent", "", self.bytes.before_intent)?;
        writeln!(f, "{:<14} {:>9} {:>9}", "total", "", self.bytes.total)?;
        if let Some(tap) = &self.tap {
            writeln!(
                f,
                "\n{:<24} {:>9} {:>7} {:>9} {:>7} {:>9} {:>12}",
                "tap to rating painted", "widget ms", "spread", "floor ms", "spread", "to floor", "lowest-high"
            )?;
            for (cache, times) in [("empty cache", &tap.cold), ("full cache", &tap.warm)] {
                let Times { widget_ms, floor_ms, ratio } = times;
                writeln!(
                    f,
                    "{cache:<24} {:>9.0} {:>6.0}% {:>9.0} {:>6.0}% {:>8.2}x {:>12}",
                    widget_ms.median,
                    widget_ms.spread_percent(),
                    floor_ms.median,
                    floor_ms.spread_percent(),
                    ratio.median,
                    format!("{:.2}-{:.2}", ratio.min, ratio.max),
                )?;
            }
            writeln!(f, "Both fetch {} files once the launcher is pressed.", tap.files)?;
        }
        if let Some(tasks) = &self.tasks {
            tasks.fmt(f)?;
        }
        if let Some(Lighthouse { pairs, without, with }) = &self.lighthouse {
            writeln!(
                f,
                "\nLighthouse performance, median of {pairs} pairs: {:.0} without the widget ({:.0}-{:.0}), {:.0} with \
                 it ({:.0}-{:.0})",
                without.median, without.min, without.max, with.median, with.min, with.max
            )?;
        }
        writeln!(f, "\nTargets")?;
        for target in &self.targets {
            writeln!(f, "{target}")?;
        }
        if machine::is_busy(self.others_busy) {
            writeln!(f, "\nOther programs used the processors too: these times are too long.")?;
        }
        Ok(())
    }
}

impl fmt::Display for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { visits, without_load_ms, load_ms, open_ms, rate_ms, without_shifts, shifts, tap_ms } = self;
        writeln!(f, "\n{:<40} {:>12} {:>12}", format!("of {visits} visits"), "median", "worst")?;
        let tasks = [
            ("longest task, loading without the widget", without_load_ms),
            ("longest task, loading", load_ms),
            ("longest task, opening", open_ms),
            ("longest task, rating", rate_ms),
        ];
        for (what, longest) in tasks {
            writeln!(f, "{what:<40} {:>12} {:>12}", long_task(longest.median), long_task(longest.max))?;
        }
        writeln!(f, "{:<40} {:>9.0} ms {:>9.0} ms", "tap on a star to the next frame", tap_ms.median, tap_ms.max)?;
        writeln!(f, "{:<40} {:>12} {without_shifts:>12.4}", "layout shift without the widget", "")?;
        writeln!(f, "{:<40} {:>12} {shifts:>12.4}", "layout shift", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::PHONE;

    fn always(value: f64) -> Rounds {
        Rounds { median: value, min: value, max: value }
    }

    fn report(shifts: f64, tap_ms: f64, over_budget: Option<&str>) -> Report {
        let over_budget = over_budget.map(str::to_owned);
        let bytes = Bytes { files: Vec::new(), before_intent: 0, total: 0, over_budget };
        let tasks = Tasks {
            visits: 1,
            without_load_ms: always(0.0),
            load_ms: always(TASK_MS_MAX + 1.0),
            open_ms: always(0.0),
            rate_ms: always(0.0),
            without_shifts: 0.0,
            shifts,
            tap_ms: always(tap_ms),
        };
        Report::new(None, PHONE, bytes, None, Some(tasks), None)
    }

    #[test]
    fn only_what_does_not_depend_on_the_machine_fails_the_run() {
        let slow = report(0.0, TAP_MS_MAX, None);
        assert_eq!(slow.targets.iter().filter(|target| !target.met).count(), 2);
        assert!(slow.missed().is_empty());
        assert_eq!(report(0.1, 16.0, None).missed(), ["cumulative layout shift: 0.1000, not 0"]);
        let heavy = report(0.0, 16.0, Some("over budget: loader is 2001 bytes")).missed();
        assert_eq!(
            heavy,
            ["bytes of each part and of all: 0, not within its budget", "over budget: loader is 2001 bytes"]
        );
    }
}
