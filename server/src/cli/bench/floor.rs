//! `counterbell bench floor`: what the database alone can do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use counterbell_shared::ResponseId;
use counterbell_shared::response::Channel;
use counterbell_shared::time::UnixMillis;
use diesel::Connection as _;
use serde_json::json;

use super::super::CliError;
use super::super::database::open_up_to_date;
use super::super::key::find_site;
use super::super::output::OutputArgs;
use super::reviews::{self, LOCALE, PAGE_URL, order_ref};
use crate::config::CommonSettings;
use crate::db::dialect::insert_responses;
use crate::db::responses::NewResponseRow;
use crate::db::sites::Site;
use crate::ingest::{Record, SILENCE_MS};

/// Insert prepared responses, a batch a transaction, and print how many went in: no HTTP, no queue, no alerts
#[derive(Args)]
pub struct FloorArgs {
    /// Site the responses belong to
    #[arg(long, value_name = "SITE_KEY")]
    site: String,
    /// Responses of one transaction
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// How long
    #[arg(long, value_name = "S", default_value_t = 5)]
    seconds: u64,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl FloorArgs {
    pub fn run(self) -> Result<(), CliError> {
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let site = find_site(&mut conn, &self.site)?;
        let batch_rows = usize::try_from(self.batch).unwrap_or(usize::MAX);
        let reviews = prepare(&site)?;
        let mut rows: Vec<_> = reviews.iter().cycle().take(reviews.len().max(batch_rows)).cloned().collect();

        let (mut stored, mut batches) = (0_u64, 0_u64);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(self.seconds) {
            for batch in rows.chunks_exact_mut(batch_rows) {
                let now = UnixMillis::now();
                for row in batch.iter_mut() {
                    row.response_id = new_id(now);
                    (row.created_at, row.received_at) = (now.0, now.0);
                }
                let batch: Vec<&NewResponseRow> = batch.iter().collect();
                let new = conn.transaction(|conn| insert_responses(conn, &batch))?;
                stored += new.iter().map(|new| u64::from(*new)).sum::<u64>();
                batches += 1;
                if started.elapsed() >= Duration::from_secs(self.seconds) {
                    break;
                }
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        let per_second = stored as f64 / seconds;
        let text = format!("Inserted {stored} responses in {batches} transactions: {per_second:.0} a second");
        let value = json!({"stored": stored, "batches": batches, "seconds": seconds, "per_second": per_second});
        self.output.print(&value, &text)
    }
}

/// Rows with all that a shop's page sends beside score and comment.
fn prepare(site: &Site) -> Result<Vec<NewResponseRow>, CliError> {
    let row = |(at, response)| {
        let mut row = Record::new(site, &Arc::default(), response, UnixMillis::now(), SILENCE_MS).response;
        row.order_ref = Some(order_ref(at));
        row.locale = Some(LOCALE.to_owned());
        row.page_url = Some(PAGE_URL.to_owned());
        row.channel = Channel::Web.as_str();
        row
    };
    Ok((0..).zip(reviews::load(site)?).map(row).collect())
}

fn new_id(now: UnixMillis) -> [u8; 16] {
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    *ResponseId::v7(u64::try_from(now.0).unwrap_or(0), random).as_bytes()
}
