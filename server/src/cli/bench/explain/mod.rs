//! `counterbell bench explain`: the very queries of lists, summaries and searches, and how the database goes about them.

mod literals;
mod recorder;

use clap::Args;
use counterbell_shared::metric::{Band, Metric};
use counterbell_shared::time::{DAY_MS, UnixMillis};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::Serialize;

use super::super::CliError;
use super::super::key::find_site;
use super::super::output::OutputArgs;
use crate::config::CommonSettings;
use crate::db::dialect::POSTGRES_READ_ONLY;
use crate::db::outbox::{self, OutboxState};
use crate::db::responses::{self, ResponseFilter, ResponsePosition};
use crate::db::summary::{ScoreCounts, SummaryFilter};
use crate::db::{AnyConnection, DatabaseUrl, open};
use crate::search::SearchIndex;
use crate::store::{Purpose, ReadPool};

/// Rows of a page, and one more.
const PAGE: i64 = 51;

/// Print each query of the lists, summaries and searches, with the database's plan for it
#[derive(Args)]
pub struct ExplainArgs {
    /// Site that is asked about
    #[arg(long, value_name = "SITE_KEY")]
    site: String,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

/// A statement, as it was sent.
#[derive(Serialize)]
struct Explained {
    /// What asked for it.
    name: &'static str,
    sql: String,
    plan: Vec<String>,
}

impl ExplainArgs {
    pub fn run(self) -> Result<(), CliError> {
        let url = self.common.database_url()?;
        recorder::start();
        let mut conn = open(&url)?;
        let site_id = find_site(&mut conn, &self.site)?.id;
        let mut explained = Vec::new();
        lists_and_summaries(&mut conn, site_id, &mut explained)?;
        searches(&url, &mut conn, site_id, &mut explained)?;
        let text: String = explained
            .iter()
            .map(|Explained { name, sql, plan }| format!("{name}\n  {sql}\n    {}\n\n", plan.join("\n    ")))
            .collect();
        self.output.print(&explained, &text)
    }
}

fn lists_and_summaries(conn: &mut AnyConnection, site_id: i64, explained: &mut Vec<Explained>) -> Result<(), CliError> {
    let now = UnixMillis::now();
    let half_a_year_ago = UnixMillis(now.0 - 365 * DAY_MS / 2);
    let to_half = ResponseFilter { to: Some(half_a_year_ago), ..ResponseFilter::default() };
    let half = responses::list(conn, &[site_id], &to_half, None, 1)?.first().map(ResponsePosition::from);
    let all = ResponseFilter::default;
    let lists = [
        ("list, first page", all(), None),
        ("list, page at half depth", all(), half),
        ("list, one touchpoint", ResponseFilter { touchpoint: Some("store-44".to_owned()), ..all() }, None),
        ("list, one band", ResponseFilter { band: Some(Band::Dissatisfied), ..all() }, None),
        ("list, without comment", ResponseFilter { has_comment: Some(false), ..all() }, None),
        ("list, held back", ResponseFilter { held: true, ..all() }, None),
        ("list, until half a year ago", to_half, None),
    ];
    recorder::take();
    for (name, filter, after) in lists {
        responses::list(conn, &[site_id], &filter, after.as_ref(), PAGE)?;
        explain(conn, name, explained);
    }
    let year = |to: i64| SummaryFilter {
        metric: Metric::Csat,
        touchpoint: None,
        from: Some(UnixMillis(to - 365 * DAY_MS)),
        to: Some(UnixMillis(to)),
    };
    let midnight = now.day() * DAY_MS;
    for (name, filter) in [("summary, whole days", year(midnight)), ("summary, parts of days", year(midnight + 1))] {
        ScoreCounts::load(conn, &[site_id], &filter)?;
        explain(conn, name, explained);
    }
    for (name, state) in [("outbox, first page", None), ("outbox, parked", Some(OutboxState::Parked))] {
        outbox::list(conn, &[site_id], state, None, PAGE)?;
        explain(conn, name, explained);
    }
    Ok(())
}

fn searches(
    url: &DatabaseUrl,
    conn: &mut AnyConnection,
    site_id: i64,
    explained: &mut Vec<Explained>,
) -> Result<(), CliError> {
    let pool = ReadPool::new(url.clone(), Purpose::Lists);
    let search = SearchIndex::open(url, conn, &pool)?;
    let mut index = open(search.url())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for (name, words) in [
        ("search, a common word", "dress"),
        ("search, a rare word", "periwinkle"),
        ("search, two words", "dress zipper"),
    ] {
        let query = words.parse().map_err(|reason: &str| CliError::Usage(reason.to_owned()))?;
        recorder::take();
        let hits = runtime.block_on(search.search(query, vec![site_id], i64::MAX, PAGE));
        let hits = hits.map_err(|error| CliError::Usage(error.to_string()))?;
        explain(&mut index, name, explained);
        let keys: Vec<_> = hits.into_iter().map(|hit| (hit.site_id, hit.response_id)).collect();
        responses::find_filtered(conn, &keys, &ResponseFilter::default())?;
        explain(conn, "search, the responses found", explained);
    }
    Ok(())
}

#[derive(QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresLine {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// Asks for the plan of each statement sent since the last time.
fn explain(conn: &mut AnyConnection, name: &'static str, explained: &mut Vec<Explained>) {
    for statement in recorder::take() {
        let plan = match conn {
            AnyConnection::Sqlite(conn) => sqlite_plan(conn, &statement),
            AnyConnection::Postgres(conn) => postgres_plan(conn, &statement),
        };
        // One statement whose values cannot be written out is no reason to withhold the others' plans.
        let plan = plan.unwrap_or_else(|error| vec![format!("no plan: {error}")]);
        let sql = literals::inline(&statement, matches!(conn, AnyConnection::Postgres(_)));
        explained.push(Explained { name, sql, plan });
        recorder::take();
    }
}

fn sqlite_plan(conn: &mut SqliteConnection, statement: &str) -> QueryResult<Vec<String>> {
    let explain = format!("EXPLAIN QUERY PLAN {}", literals::inline(statement, false));
    Ok(diesel::sql_query(explain).load::<SqliteStep>(conn)?.into_iter().map(|step| step.detail).collect())
}

/// Prepared and run as often as it takes PostgreSQL to decide for good whether to plan anew for each set of values: that
/// is how the server, which prepares every statement, meets it.
fn postgres_plan(conn: &mut PgConnection, statement: &str) -> QueryResult<Vec<String>> {
    const DECIDED_AFTER: usize = 6;
    let (sql, values) = literals::parts(statement, true);
    conn.batch_execute(POSTGRES_READ_ONLY)?;
    conn.batch_execute(&format!("PREPARE explained AS {sql}"))?;
    let values = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS) EXECUTE explained{values}");
    let plans = (0..DECIDED_AFTER).map(|_| diesel::sql_query(&explain).load::<PostgresLine>(conn));
    let last = plans.last().unwrap_or_else(|| Ok(Vec::new()));
    conn.batch_execute("DEALLOCATE explained")?;
    Ok(last?.into_iter().map(|line| line.line).collect())
}
