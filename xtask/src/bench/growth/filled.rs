//! A database with a year of responses in it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;

use super::RECIPIENT;
use super::fill::Fill;
use crate::bench::database::{BackendName, Database};
use crate::bench::http::Client;
use crate::bench::measurement::{Measurement, templates};
use crate::bench::server::{Program, Storage};
use crate::bench::unhappy::Unhappy;
use crate::process;

/// Where sizes are first looked at.
const MILLION: u64 = 1_000_000;
/// Pages of the export that are weighed, taken evenly over the year.
const SAMPLE_PAGES: u64 = 50;
/// Responses of such a page.
const SAMPLE_PAGE: usize = 200;

/// What is known of it.
#[derive(Debug, Serialize)]
pub struct Facts {
    /// Which database.
    pub database: BackendName,
    /// Responses in it.
    pub responses: u64,
    /// What filling it took; nothing when it was there already.
    pub filled: Option<Filling>,
    /// Sizes at a million responses (or all, when they are fewer), if it was filled now.
    pub at_a_million: Option<Sizes>,
    /// Sizes with all of them.
    pub sizes: Sizes,
}

/// What filling it took.
#[derive(Debug, Serialize)]
pub struct Filling {
    /// By `counterbell import`.
    pub import_seconds: f64,
    /// Rows stored by it a second.
    pub rows_per_second: f64,
    /// Until every comment could be found by its words, after the import.
    pub index_seconds: f64,
}

/// Bytes.
#[derive(Debug, Serialize)]
pub struct Sizes {
    /// Of so many responses.
    pub responses: u64,
    /// With its indexes and rollups.
    pub database_bytes: u64,
    /// The search index.
    pub search_bytes: u64,
    /// The same responses as the admin API shows them, one JSON object a line: weighed on a sample, and scaled.
    pub ndjson_bytes: u64,
}

/// The database, its site, and a server binary for it.
pub struct Filled {
    binary: PathBuf,
    dir: TempDir,
    database: Database,
    site_key: String,
    api_key: String,
    facts: Facts,
}

impl Filled {
    /// Fills `database`, unless it is one that was kept.
    ///
    /// # Errors
    /// A step failed, or the kept one holds too few responses.
    pub fn make(binary: &Path, name: BackendName, database: Database, responses: u64) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(process::workspace_root().join("target"))?;
        let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
        let (site_key, api_key) = match program.adopt_site() {
            Ok(found) => found,
            Err(_) => program.create_site(Some(RECIPIENT))?,
        };
        // Before the import: the index follows what is stored after it was made.
        let stored = program.serve(Storage::Group)?.count_responses(&api_key)?;
        ensure!(
            stored == 0 || stored >= responses,
            "{} holds {stored} responses, fewer than {responses}: remove it, or ask for fewer with --responses",
            database.url
        );
        let (mut filled, mut at_a_million) = (None, None);
        if stored == 0 {
            let fill = Fill::new(&program, &site_key, responses);
            let million = responses.min(MILLION);
            eprintln!("Filling {name} with {million} responses");
            let mut import_seconds = fill.part(0, million)?;
            let mut index_seconds = settle(&program)?;
            if responses > million {
                at_a_million = Some(Sizes::weigh(&program, &api_key, million)?);
                eprintln!("Filling {name} with {} responses more", responses - million);
                import_seconds += fill.part(million, responses - million)?;
                index_seconds += settle(&program)?;
            }
            filled =
                Some(Filling { import_seconds, rows_per_second: responses as f64 / import_seconds, index_seconds });
        } else {
            settle(&program)?;
        }
        let responses = stored.max(responses);
        let sizes = Sizes::weigh(&program, &api_key, responses)?;
        let facts = Facts { database: name, responses, filled, at_a_million, sizes };
        Ok(Self { binary: binary.to_owned(), dir, database, site_key, api_key, facts })
    }

    /// Measures ingest on top of what is there.
    ///
    /// # Errors
    /// The server refused a response, or lost one.
    pub fn measure(&self, connections: usize, seconds: u64) -> Result<Measurement> {
        let program = Program { path: &self.binary, database_url: &self.database.url, dir: self.dir.path() };
        let server = program.serve(Storage::Group)?;
        let before = server.count_responses(&self.api_key)?;
        let templates = templates(&server, &self.site_key, Unhappy::Real)?;
        let measured = Measurement::take(&server, templates, connections, seconds, None)?;
        let stored = server.count_responses(&self.api_key)? - before;
        ensure!(stored == measured.acknowledged, "{} were acknowledged, {stored} are stored", measured.acknowledged);
        // What is left to be indexed and sent is not the next round's work. Now: a mail that a killed server was sending
        // waits for its lease to end.
        server.settle()?;
        Ok(measured)
    }

    /// What is known of it; the database itself is let go.
    pub fn into_facts(self) -> Facts {
        self.facts
    }
}

/// The seconds until a server has indexed every comment.
fn settle(program: &Program<'_>) -> Result<f64> {
    let started = Instant::now();
    program.serve(Storage::Group)?.settle()?;
    Ok(started.elapsed().as_secs_f64())
}

impl Sizes {
    fn weigh(program: &Program<'_>, api_key: &str, responses: u64) -> Result<Self> {
        let size: Value = program.run(&["bench", "size", "--json"])?;
        let bytes = |name: &str| size[name].as_u64().with_context(|| format!("no {name} in {size}"));
        let server = program.serve(Storage::Group)?;
        let line = ndjson_line_bytes(&mut server.client(api_key)?)?;
        Ok(Self {
            responses,
            database_bytes: bytes("database_bytes")?,
            search_bytes: bytes("search_bytes")?,
            ndjson_bytes: (line * responses as f64) as u64,
        })
    }
}

/// The mean length of a response as a line of JSON.
fn ndjson_line_bytes(client: &mut Client) -> Result<f64> {
    let (mut bytes, mut lines) = (0, 0_u64);
    let now = counterbell_shared::time::UnixMillis::now().0;
    for page in 0..SAMPLE_PAGES {
        let age_ms = 365 * counterbell_shared::time::DAY_MS / i64::try_from(SAMPLE_PAGES)? * i64::try_from(page)?;
        let to = counterbell_shared::time::UnixMillis(now - age_ms);
        let page = client.get_json(&format!("/v1/admin/responses?limit={SAMPLE_PAGE}&to={to}"))?;
        for item in page["items"].as_array().context("a page has no items")? {
            bytes += serde_json::to_vec(item)?.len() + 1;
            lines += 1;
        }
    }
    ensure!(lines > 0, "there are no responses to weigh");
    Ok(bytes as f64 / lines as f64)
}
