//! Fills a database through the product's own import.

use std::fs::{self, File};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use counterbell_shared::time::UnixMillis;
use serde_json::Value;

use crate::bench::server::Program;

/// Which column of the rows holds what.
const MAP: &str = "response_id=response_id,score=score,comment=comment,touchpoint=touchpoint,order_ref=order_ref,\
                   locale=locale,page_url=page_url,created_at=created_at";

/// A year of responses, filled in part by part.
pub struct Fill<'a> {
    program: &'a Program<'a>,
    site_key: &'a str,
    /// In the whole year.
    responses: u64,
    until: UnixMillis,
}

impl<'a> Fill<'a> {
    /// Of a year that ends now.
    pub fn new(program: &'a Program<'a>, site_key: &'a str, responses: u64) -> Self {
        Self { program, site_key, responses, until: UnixMillis::now() }
    }

    /// Stores `count` responses from `first` on, counted from the oldest; the seconds it took.
    ///
    /// # Errors
    /// The import failed, or did not take every row; the error holds what it said.
    pub fn part(&self, first: u64, count: u64) -> Result<f64> {
        let started = Instant::now();
        let mut rows = self.program.command();
        rows.args(["bench", "rows", "--responses", &self.responses.to_string(), "--first", &first.to_string()]);
        rows.args(["--count", &count.to_string(), "--until", &self.until.to_string()]);
        let mut rows =
            rows.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot start the server binary")?;
        let piped = rows.stdout.take().context("the rows have no output")?;
        let said = self.program.dir.join("import.log");
        let mut import = self.program.command();
        import.args(["import", "--json", "--site", self.site_key, "--map", MAP, "-"]);
        let output = import.stdin(piped).stderr(File::create(&said)?).output().context("cannot start the import")?;
        let said = || fs::read_to_string(&said).unwrap_or_default();
        ensure!(output.status.success(), "the import failed: {}", said());
        ensure!(rows.wait()?.success(), "the rows could not be made");
        let report: Value = serde_json::from_slice(&output.stdout).context("the import printed no JSON")?;
        ensure!(report["accepted"].as_u64() == Some(count), "not every row was new: {report}");
        Ok(started.elapsed().as_secs_f64())
    }
}
