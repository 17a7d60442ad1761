//! What is asked.

use anyhow::{Context, Result};
use counterbell_shared::time::{DAY_MS, UnixMillis, day_to_date};

use crate::bench::http::Client;

/// A question to the server.
pub struct Case {
    /// In the report.
    pub name: &'static str,
    /// With its query.
    pub path: String,
}

/// The floor: a question that reads nothing.
pub const FLOOR: &str = "nothing (/healthz)";

/// Pages a reader turns before the tenth.
const PAGES_BEFORE_TENTH: usize = 9;

/// Every question; the first is the floor. Pages deep in the list are found by jumping near them in time, and begin
/// at a cursor like any other.
///
/// # Errors
/// The server does not answer.
pub fn prepare(client: &mut Client, responses: u64) -> Result<Vec<Case>> {
    let now = UnixMillis::now();
    let days_ago = |days: i64| UnixMillis(now.0 - days * DAY_MS);
    let date = |days: i64| day_to_date(days_ago(days).day());
    let list = "/v1/admin/responses";
    let mut tenth = list.to_owned();
    for _ in 0..PAGES_BEFORE_TENTH {
        tenth = next(client, &tenth, list)?;
    }
    let half = next(client, &format!("{list}?to={}", days_ago(182)), list)?;
    // The oldest responses are a year old, less the time since the database was filled.
    let last = last_page(client, list)?;
    let order = 1_000_001 + responses / 2_000 * 1_000;
    let (month_ago, year_ago) = (days_ago(30), days_ago(365));
    let cases = [
        (FLOOR, "/healthz".to_owned()),
        ("summary of a year, whole days", format!("/v1/admin/summary?from={}&to={}", date(365), date(0))),
        ("summary of a year, to the millisecond", format!("/v1/admin/summary?from={year_ago}&to={now}")),
        ("summary of all, one touchpoint", "/v1/admin/summary?touchpoint=checkout".to_owned()),
        ("list, first page", list.to_owned()),
        ("list, 10th page", tenth),
        ("list, page at half depth", half),
        ("list, last page", last),
        ("list, a busy touchpoint", format!("{list}?touchpoint=checkout")),
        ("list, a quiet touchpoint", format!("{list}?touchpoint=store-44")),
        ("list, a touchpoint that is none", format!("{list}?touchpoint=nowhere")),
        ("list, one band", format!("{list}?band=dissatisfied")),
        ("list, held back", format!("{list}?held=true")),
        ("list, without comment", format!("{list}?has_comment=false")),
        (
            "list, band and touchpoint, a month",
            format!("{list}?band=dissatisfied&touchpoint=store-10&from={month_ago}&to={now}"),
        ),
        ("search, a rare word (one response)", format!("{list}?q={order}")),
        ("search, an uncommon word (1 in 1,000)", format!("{list}?q=periwinkle")),
        ("search, a common word (1 in 5)", format!("{list}?q=dress")),
        ("search, two words (1 in 250)", format!("{list}?q=dress+zipper")),
        ("search, two common words (1 in 20)", format!("{list}?q=dress+fabric")),
        ("search, a common word at a touchpoint", format!("{list}?q=dress&touchpoint=store-10")),
        ("outbox, first page", "/v1/admin/outbox".to_owned()),
        ("outbox, parked", "/v1/admin/outbox?state=parked".to_owned()),
    ];
    Ok(cases.into_iter().map(|(name, path)| Case { name, path }).collect())
}

/// The page after this one.
fn next(client: &mut Client, path: &str, list: &str) -> Result<String> {
    let page = client.get_json(path)?;
    let cursor = page["next_cursor"].as_str().with_context(|| format!("{path} is the last page: fill in more"))?;
    Ok(format!("{list}?cursor={cursor}"))
}

/// The page before the list ends: the first in a search for the time that fewer responses are older than.
fn last_page(client: &mut Client, list: &str) -> Result<String> {
    let (mut empty, mut filled) = (UnixMillis::now().0 - 2 * 365 * DAY_MS, UnixMillis::now().0);
    while filled - empty > 1 {
        let middle = i64::midpoint(empty, filled);
        let page = client.get_json(&format!("{list}?limit=2&to={}", UnixMillis(middle)))?;
        if page["next_cursor"].is_null() {
            empty = middle;
        } else {
            filled = middle;
        }
    }
    let page = client.get_json(&format!("{list}?limit=1&to={}", UnixMillis(filled)))?;
    let cursor = page["next_cursor"].as_str().context("the list has no end")?;
    Ok(format!("{list}?cursor={cursor}"))
}
