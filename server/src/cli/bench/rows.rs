//! `counterbell bench rows`: a year of a busy site, as a file to import.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use clap::Args;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_shared::{Comment, ResponseId};
use indicatif::{ProgressBar, ProgressStyle};

use super::super::CliError;
use super::reviews::{LOCALE, PAGE_URL, order_ref};
use crate::demo::dated_reviews;
use crate::import::ImportError;

/// Where in the customer's journey the site asks: its shops, and what goes before and after a visit there.
const TOUCHPOINTS: u64 = 50;
/// The first few are asked at most.
const NAMED: [&str; 6] = ["checkout", "delivery", "returns", "support", "newsletter", "app"];
/// Every so many comments one names its order: a word that no other comment holds.
const NAMES_ORDER_EVERY: u64 = 1_000;
/// Rows between two signs of life.
const SHOW_EVERY: u64 = 4_096;
/// Without a terminal these are fewer.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Print responses of the past year as CSV, for `counterbell import`: real reviews, oldest first
#[derive(Args)]
pub struct RowsArgs {
    /// Responses of the whole year
    #[arg(long, value_name = "N")]
    responses: u64,
    /// The first to print, counted from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    first: u64,
    /// How many to print [default: all that follow]
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// When the year ends (RFC 3339); the same for all parts of one year [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<UnixMillis>,
}

fn parse_time(text: &str) -> Result<UnixMillis, String> {
    text.parse().map_err(|_| "not an RFC 3339 time".to_owned())
}

impl RowsArgs {
    pub fn run(self) -> Result<(), CliError> {
        let until = self.until.unwrap_or_else(UnixMillis::now);
        let end = self.count.map_or(self.responses, |count| (self.first + count).min(self.responses));
        let reviews = reviews().map_err(ImportError::from)?;
        let bar = progress_bar(end.saturating_sub(self.first));
        let mut last_line = Instant::now();
        let mut writer = csv::Writer::from_writer(std::io::stdout().lock());
        let write = |writer: &mut csv::Writer<_>, row: &[&str]| writer.write_record(row).map_err(ImportError::from);
        let header = ["response_id", "score", "comment", "touchpoint", "order_ref", "locale", "page_url", "created_at"];
        write(&mut writer, &header)?;
        for at in self.first..end {
            let age_ms = i128::from(365 * DAY_MS) * i128::from(self.responses - at) / i128::from(self.responses);
            let created_at = UnixMillis(until.0 - i64::try_from(age_ms).unwrap_or(0));
            // Its own generator for each row: any part of the year comes out the same.
            let mut random = fastrand::Rng::with_seed(at);
            let mut bytes = [0; 10];
            random.fill(&mut bytes);
            let response_id = ResponseId::v7(u64::try_from(created_at.0).unwrap_or(0), bytes);
            let (score, comment) = &reviews[random.usize(..reviews.len())];
            let order_ref = order_ref(at);
            let named;
            let comment = if at % NAMES_ORDER_EVERY == 0 {
                named = format!("{comment} ({order_ref})");
                &named
            } else {
                comment
            };
            let (response_id, created_at) = (response_id.to_string(), created_at.to_string());
            let touchpoint = touchpoint(&mut random);
            let row = [&response_id, score, comment, &touchpoint, &order_ref, LOCALE, PAGE_URL, &created_at];
            write(&mut writer, &row)?;
            if (at + 1).is_multiple_of(SHOW_EVERY) {
                bar.set_position(at + 1 - self.first);
                if bar.is_hidden() && last_line.elapsed() >= LINE_EVERY {
                    last_line = Instant::now();
                    eprintln!("{} of {end} rows", at + 1);
                }
            }
        }
        writer.flush()?;
        bar.finish_and_clear();
        Ok(())
    }
}

/// Score and comment of each review that a customer could send.
fn reviews() -> csv::Result<Vec<(String, String)>> {
    let csv = dated_reviews(UnixMillis::now())?;
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    let header = reader.headers()?.clone();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap_or_default();
    let (score, comment) = (place("Rating"), place("Review Text"));
    let rows = reader.records().collect::<csv::Result<Vec<_>>>()?;
    let reviews = rows.iter().map(|row| (row[score].to_owned(), row[comment].to_owned()));
    Ok(reviews.filter(|(_, text)| text.is_empty() || Comment::new(text).is_ok()).collect())
}

/// Few are asked often, many now and then.
fn touchpoint(random: &mut fastrand::Rng) -> String {
    let skewed = random.f64() * random.f64() * TOUCHPOINTS as f64;
    let at = skewed as usize;
    NAMED.get(at).map_or_else(|| format!("store-{:02}", at + 1 - NAMED.len()), ToString::to_string)
}

fn progress_bar(rows: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {pos} rows  {per_sec}  {eta} left");
    ProgressBar::new(rows).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_touchpoint_comes_up_and_no_other() {
        let mut random = fastrand::Rng::with_seed(1);
        let names: std::collections::BTreeSet<_> = (0..100_000).map(|_| touchpoint(&mut random)).collect();
        assert_eq!(names.len() as u64, TOUCHPOINTS);
        assert!(names.contains("checkout") && names.contains("store-01") && names.contains("store-44"), "{names:?}");
    }
}
