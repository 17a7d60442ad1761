//! From the tap on the launcher to the painted rating.

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::json;

use super::pages::{Floor, Pages};
use crate::bench::stats::Rounds;
use crate::browser::{Browser, PHONE};

/// The most times as long as its floor the widget may take.
pub const RATIO_MAX: f64 = 1.3;

/// With an empty cache, as on the customer's first visit, and with all files in it.
#[derive(Serialize)]
pub struct Tap {
    /// Nothing but what the page fetched when it loaded is there.
    pub cold: Times,
    /// Everything was fetched on a page before.
    pub warm: Times,
    /// What both fetch once it is pressed.
    pub files: usize,
}

/// The widget beside its floor.
#[derive(Serialize)]
pub struct Times {
    /// From the moment the launcher is pressed until the rating is painted.
    pub widget_ms: Rounds,
    /// The same on a page that only fetches as many bytes and draws the same.
    pub floor_ms: Rounds,
    /// Of each pair, the widget over the floor.
    pub ratio: Rounds,
}

/// Both pages in turn, on a weak phone.
///
/// # Errors
/// A page does not open, or never shows the rating.
pub fn measure(browser: &Browser, pages: &Pages, pairs: u32) -> Result<Tap> {
    let Floor { url: floor_url, files } = pages.make_floor(browser)?;
    browser.slow_down(PHONE)?;
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for pair in 1..=pairs {
        eprint!("[pair {pair}/{pairs}] tap to rating .. ");
        // Who is first takes turns.
        let (widget, floor) = if pair % 2 == 0 {
            let floor = visit_twice(browser, &floor_url)?;
            (visit_twice(browser, &pages.with)?, floor)
        } else {
            (visit_twice(browser, &pages.with)?, visit_twice(browser, &floor_url)?)
        };
        eprintln!("cold {:.0} ms, floor {:.0}; warm {:.0} ms, floor {:.0}", widget.0, floor.0, widget.1, floor.1);
        cold.push((widget.0, floor.0));
        warm.push((widget.1, floor.1));
    }
    Ok(Tap { cold: times(&cold)?, warm: times(&warm)?, files })
}

/// How long it takes on the first visit, and on the next, in milliseconds.
fn visit_twice(browser: &Browser, url: &str) -> Result<(f64, f64)> {
    browser.clear_cache()?;
    Ok((visit(browser, url)?, visit(browser, url)?))
}

fn visit(browser: &Browser, url: &str) -> Result<f64> {
    browser.open(url)?;
    let launcher = browser.run("return widgetBench.launcher()", json!([]))?;
    browser.tap(&launcher)?;
    let rating = browser.run("return widgetBench.rating()", json!([]))?;
    let at = |name: &str| rating[name].as_f64().with_context(|| format!("no {name} in {rating}"));
    Ok(at("painted")? - at("pressed")?)
}

fn times(pairs: &[(f64, f64)]) -> Result<Times> {
    let of = |values: Vec<f64>| Rounds::of(values).context("nothing was measured");
    Ok(Times {
        widget_ms: of(pairs.iter().map(|(widget, _)| *widget).collect())?,
        floor_ms: of(pairs.iter().map(|(_, floor)| *floor).collect())?,
        ratio: of(pairs.iter().map(|(widget, floor)| widget / floor).collect())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratio_is_that_of_the_middle_pair() {
        let times = times(&[(100.0, 50.0), (300.0, 300.0), (120.0, 100.0)]).unwrap();
        assert_eq!((times.widget_ms.median, times.floor_ms.median, times.ratio.median), (120.0, 100.0, 1.2));
    }
}
