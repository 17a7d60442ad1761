//! PostgreSQL spread over machines by Citus: which table is spread by site, and which is on every machine.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::connection::AnyConnection;

/// Small, and read for every request: a copy on every machine. In the order of their foreign keys.
pub const REFERENCE: [&str; 6] = ["sites", "site_origins", "site_recipients", "alert_rules", "surveys", "api_keys"];

/// Grow with the responses: a site's rows of all these tables lie together on one machine. Every key of theirs begins
/// with the site, and no query joins two sites.
pub const DISTRIBUTED: [&str; 8] = [
    "responses",
    "response_additions",
    "erased_responses",
    "score_days",
    "alerts",
    "outbox",
    "search_queue",
    "comment_words",
];

/// The database cannot be spread; `Display` says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DistributeError {
    /// SQLite.
    #[error("only a PostgreSQL with the extension citus can be spread over machines; this is SQLite")]
    Sqlite,
    /// PostgreSQL alone.
    #[error(
        "the database has no extension citus: install it on every machine, run CREATE EXTENSION citus as superuser, \
         add the workers (docs/OPERATIONS.md), and run this again"
    )]
    NoExtension,
    /// The database refused.
    #[error("the database refused: {0}")]
    Query(#[from] diesel::result::Error),
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The statement that spreads each table, with the table's name.
pub fn statements() -> Vec<(&'static str, String)> {
    let reference = REFERENCE.map(|table| (table, format!("SELECT create_reference_table('{table}')")));
    let distributed = DISTRIBUTED.map(|table| {
        // The first decides where a site lies, the others follow it.
        let with = if table == DISTRIBUTED[0] { "default" } else { DISTRIBUTED[0] };
        (table, format!("SELECT create_distributed_table('{table}', 'site_id', colocate_with => '{with}')"))
    });
    reference.into_iter().chain(distributed).collect()
}

/// Spreads what is not spread yet; the tables that were. Rows that are there already move along.
///
/// # Errors
/// [`DistributeError`]; a table is spread whole or not at all, and the command can be run again.
pub fn distribute(conn: &mut AnyConnection) -> Result<Vec<&'static str>, DistributeError> {
    let AnyConnection::Postgres(conn) = conn else { return Err(DistributeError::Sqlite) };
    let extension = "SELECT count(*) AS n FROM pg_extension WHERE extname = 'citus'";
    if diesel::sql_query(extension).get_result::<Count>(conn)?.n == 0 {
        return Err(DistributeError::NoExtension);
    }
    let mut done = Vec::new();
    for (table, statement) in statements() {
        let known: Count =
            diesel::sql_query("SELECT count(*) AS n FROM pg_dist_partition WHERE logicalrelid = CAST($1 AS regclass)")
                .bind::<Text, _>(table)
                .get_result(conn)?;
        if known.n == 0 {
            conn.batch_execute(&statement)?;
            done.push(table);
        }
    }
    Ok(done)
}
