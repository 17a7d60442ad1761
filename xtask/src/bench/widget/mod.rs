//! `cargo xtask bench widget`: what the widget costs the page, and how fast a customer can rate.

mod bytes;
mod lighthouse;
mod pages;
mod report;
mod tap;
mod target;
mod tasks;

use anyhow::{Result, ensure};

use super::{machine, print};
use crate::browser::{Browser, PHONE};
use crate::product;
use pages::Pages;
use report::Report;

/// Arguments of `cargo xtask bench widget`.
#[derive(clap::Args)]
pub struct Args {
    /// How often everything is measured, each time beside its floor
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=999))]
    pairs: u32,
    /// Measure only this; sizes are always told
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Measure Lighthouse's performance score too: half as many pairs, some three minutes more
    #[arg(long, conflicts_with = "only")]
    lighthouse: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// One part of the measurements.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    /// How long it takes from the tap on the launcher until the rating is painted
    Tap,
    /// Long tasks, shifts of the page's layout, and how long a tap on a star waits for the next frame
    Tasks,
    /// Lighthouse's performance score of a page with the widget, and without
    Lighthouse,
}

impl Args {
    fn wants(&self, part: Only) -> bool {
        match self.only {
            Some(only) => only == part,
            None => part != Only::Lighthouse || self.lighthouse,
        }
    }
}

/// Builds the product, measures, prints the report.
///
/// # Errors
/// The first step that failed; or a target was missed that does not depend on the machine: sizes, and a still layout.
pub fn run(args: &Args) -> Result<()> {
    let binary = product::build()?;
    eprintln!("Measuring {}, the product", binary.display());
    let pages = Pages::serve(&binary)?;
    let others_busy = machine::busy_share();
    let bytes = bytes::measure()?;
    let tap = args.wants(Only::Tap).then(|| tap::measure(&browser()?, &pages, args.pairs)).transpose()?;
    let tasks = args.wants(Only::Tasks).then(|| tasks::measure(&browser()?, &pages, args.pairs)).transpose()?;
    let lighthouse = args.wants(Only::Lighthouse).then(|| lighthouse::measure(&pages, args.pairs.div_ceil(2)));
    let report = Report::new(others_busy, PHONE, bytes, tap, tasks, lighthouse.transpose()?);
    print(&report, args.json)?;
    let missed = report.missed();
    ensure!(missed.is_empty(), "missed, on any machine: {}", missed.join("; "));
    Ok(())
}

/// A weak phone's, which watches every page it opens.
fn browser() -> Result<Browser> {
    let browser = Browser::start()?;
    browser.on_every_page(include_str!("probe.js"))?;
    Ok(browser)
}
