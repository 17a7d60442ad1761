//! What the customer feels beside waiting: tasks that block the page, a layout that jumps, taps that are answered late.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::pages::Pages;
use crate::bench::stats::Rounds;
use crate::browser::{Browser, PHONE};

/// Longer ones are long tasks, in milliseconds (W3C, Long Tasks API).
pub const TASK_MS_MAX: f64 = 50.0;
/// The most that a tap on a star may wait for the next frame, in milliseconds. Half of what is called good for
/// Interaction to Next Paint.
pub const TAP_MS_MAX: f64 = 100.0;
/// The browser tells no wait below this, in milliseconds (W3C, Event Timing API).
const TOLD_FROM_MS: f64 = 16.0;
/// The score that is tapped.
const SCORE: &str = "4";

/// Of all visits, each with an empty cache.
#[derive(Serialize)]
pub struct Tasks {
    /// Visits to each page.
    pub visits: u32,
    /// Each visit's longest task while the page without the widget loads. 0 stands for all up to [`TASK_MS_MAX`], of
    /// which the browser does not tell.
    pub without_load_ms: Rounds,
    /// The same with the widget.
    pub load_ms: Rounds,
    /// Each visit's longest task from the tap on the launcher until the rating is painted.
    pub open_ms: Rounds,
    /// Each visit's longest task from then on, while a star is tapped.
    pub rate_ms: Rounds,
    /// Sum of all layout shifts of the page without the widget, the most of a visit.
    pub without_shifts: f64,
    /// The same with the widget, from load to rating.
    pub shifts: f64,
    /// From the tap on a star to the next frame; 16 stands for less, too.
    pub tap_ms: Rounds,
}

/// What `probe.js` reports of a visit.
#[derive(Deserialize)]
struct Visit {
    long_tasks: Vec<LongTask>,
    shifts: f64,
    taps: Vec<f64>,
}

#[derive(Deserialize)]
struct LongTask {
    phase: Phase,
    ms: f64,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Phase {
    Load,
    Open,
    Rate,
}

/// Visits the page with the widget and that without in turn, on a weak phone.
///
/// # Errors
/// A page does not open, or never shows the rating.
pub fn measure(browser: &Browser, pages: &Pages, visits: u32) -> Result<Tasks> {
    browser.slow_down(PHONE)?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for visit in 1..=visits {
        eprint!("[visit {visit}/{visits}] tasks, shifts and taps .. ");
        browser.clear_cache()?;
        browser.open(&pages.without)?;
        browser.run("return widgetBench.loaded()", json!([]))?;
        without.push(report(browser)?);
        let rated = rate(browser, &pages.with)?;
        eprintln!("{} long tasks, a star answered in {:.0} ms", rated.long_tasks.len(), rated.slowest_tap());
        with.push(rated);
    }
    Ok(Tasks {
        visits,
        without_load_ms: longest(&without, Phase::Load)?,
        load_ms: longest(&with, Phase::Load)?,
        open_ms: longest(&with, Phase::Open)?,
        rate_ms: longest(&with, Phase::Rate)?,
        without_shifts: most_shifts(&without),
        shifts: most_shifts(&with),
        tap_ms: Rounds::of(with.iter().map(Visit::slowest_tap)).context("nothing was measured")?,
    })
}

/// Loads the page, opens the card, taps a star.
fn rate(browser: &Browser, url: &str) -> Result<Visit> {
    browser.clear_cache()?;
    browser.open(url)?;
    let launcher = browser.run("return widgetBench.launcher()", json!([]))?;
    browser.tap(&launcher)?;
    browser.run("return widgetBench.rating()", json!([]))?;
    let star = browser.run("return widgetBench.score(arguments[0])", json!([SCORE]))?;
    browser.tap(&star)?;
    let visit = report(browser)?;
    let script = "return document.querySelector('counterbell-widget').shadowRoot.querySelector(':checked')?.value";
    let checked = browser.run(script, json!([]))?;
    ensure!(checked == SCORE, "the tap on {SCORE} chose {checked}");
    Ok(visit)
}

fn report(browser: &Browser) -> Result<Visit> {
    let report = browser.run("return widgetBench.report()", json!([]))?;
    serde_json::from_value(report).context("the page's report is not as expected")
}

fn longest(visits: &[Visit], phase: Phase) -> Result<Rounds> {
    let of_visit = |visit: &Visit| {
        let tasks = visit.long_tasks.iter().filter(|task| task.phase == phase);
        tasks.map(|task| task.ms).fold(0.0, f64::max)
    };
    Rounds::of(visits.iter().map(of_visit)).context("nothing was measured")
}

fn most_shifts(visits: &[Visit]) -> f64 {
    visits.iter().map(|visit| visit.shifts).fold(0.0, f64::max)
}

impl Visit {
    fn slowest_tap(&self) -> f64 {
        self.taps.iter().copied().fold(TOLD_FROM_MS, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_visit_counts_with_its_worst() {
        let visit = |tasks: &str, shifts: f64| -> Visit {
            serde_json::from_str(&format!(r#"{{"long_tasks": {tasks}, "shifts": {shifts}, "taps": [24, 40]}}"#))
                .unwrap()
        };
        let visits = [
            visit(r#"[{"phase": "load", "ms": 60}, {"phase": "rate", "ms": 90}]"#, 0.25),
            visit(r#"[{"phase": "load", "ms": 70}]"#, 0.0),
        ];
        let longest = |phase| longest(&visits, phase).map(|rounds| (rounds.median, rounds.max)).unwrap();
        assert_eq!(longest(Phase::Load), (65.0, 70.0));
        assert_eq!(longest(Phase::Open), (0.0, 0.0));
        assert_eq!(longest(Phase::Rate), (45.0, 90.0));
        assert_eq!(most_shifts(&visits), 0.25);
        assert_eq!(visits[0].slowest_tap(), 40.0);
    }
}
