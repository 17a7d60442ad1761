//! All that differs between SQLite and PostgreSQL, each arm with its reason.

mod transfer;
mod unnest;

use std::collections::HashSet;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Integer, Text};
use diesel::sqlite::Sqlite;

pub use transfer::{after_copy, index_what_is_missing, lock_rollup, table_names};
pub use unnest::{Column, Unnest};

use super::connection::AnyConnection;
use super::outbox::{NewAlertRow, NewOutboxRow, OutboxRow, OutboxState};
use super::responses::NewResponseRow;
use super::schema::{alerts, outbox, responses, search_queue};
use super::score_days::{SCORES, ScoreDays};

macro_rules! insert_score_days {
    () => {
        "INSERT INTO score_days (site_id, metric, day, touchpoint, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10)"
    };
}

macro_rules! add_on_conflict {
    () => {
        "ON CONFLICT (site_id, metric, day, touchpoint) DO UPDATE SET n0 = score_days.n0 + excluded.n0, \
         n1 = score_days.n1 + excluded.n1, n2 = score_days.n2 + excluded.n2, n3 = score_days.n3 + excluded.n3, \
         n4 = score_days.n4 + excluded.n4, n5 = score_days.n5 + excluded.n5, n6 = score_days.n6 + excluded.n6, \
         n7 = score_days.n7 + excluded.n7, n8 = score_days.n8 + excluded.n8, n9 = score_days.n9 + excluded.n9, \
         n10 = score_days.n10 + excluded.n10"
    };
}

/// Any number that no other program on the same PostgreSQL is likely to lock.
const MIGRATION_LOCK: i64 = 0x434f_554e_5445_5242;

/// Runs `work` while no other server migrates the same database.
///
/// # Errors
/// What `work` returns, or what taking the lock says.
pub fn with_migration_lock<T, E: From<diesel::result::Error>>(
    conn: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E> {
    match conn {
        // A migration's transaction takes SQLite's one write lock; `busy_timeout` makes the second server wait.
        AnyConnection::Sqlite(_) => work(conn),
        AnyConnection::Postgres(pg) => {
            pg.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
            let done = work(conn);
            conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
            done
        }
    }
}

/// Runs `work` in a transaction that is about to write.
///
/// # Errors
/// What `work` returns, or what the database says; then nothing is changed.
pub fn write_transaction<T>(
    conn: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> QueryResult<T>,
) -> QueryResult<T> {
    type Manager = <AnyConnection as Connection>::TransactionManager;

    match conn {
        // Taken at the start, SQLite's write lock is waited for; a transaction that read first would be refused when
        // another process wrote meanwhile.
        AnyConnection::Sqlite(sqlite) => AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE")?,
        AnyConnection::Postgres(_) => Manager::begin_transaction(conn)?,
    }
    match work(conn) {
        Ok(done) => {
            Manager::commit_transaction(conn)?;
            Ok(done)
        }
        Err(error) => {
            // The first error says what is wrong; a connection that cannot even roll back is found to be broken.
            let _ = Manager::rollback_transaction(conn);
            Err(error)
        }
    }
}

/// Inserts what is not stored yet; for each row whether it was new.
///
/// # Errors
/// What the database says; then the caller's transaction is to be rolled back.
pub fn insert_responses(conn: &mut AnyConnection, rows: &[&NewResponseRow]) -> QueryResult<Vec<bool>> {
    match conn {
        // A call into SQLite costs less than building a longer statement: one cached statement, row by row.
        AnyConnection::Sqlite(sqlite) => rows
            .iter()
            .map(|row| {
                let insert = diesel::insert_into(responses::table).values(*row).on_conflict_do_nothing();
                Ok(insert.execute(sqlite)? == 1)
            })
            .collect(),
        // A round trip costs more than anything else: one prepared statement takes the whole batch as arrays.
        AnyConnection::Postgres(pg) => {
            let stored: Vec<(i64, Vec<u8>)> = unnest_responses(rows).load(pg)?;
            let mut stored: HashSet<(i64, Vec<u8>)> = stored.into_iter().collect();
            // `remove`: of two rows with one id in this batch only the first is new.
            Ok(rows.iter().map(|row| stored.remove(&(row.site_id, row.response_id.to_vec()))).collect())
        }
    }
}

/// Inserts rows that are known to be new.
macro_rules! insert_rows {
    ($conn:ident, $table:expr, $rows:ident) => {
        match $conn {
            // One cached statement; a long list would also run into SQLite's limit of bound variables.
            AnyConnection::Sqlite(sqlite) => {
                for row in $rows {
                    diesel::insert_into($table).values(*row).execute(sqlite)?;
                }
            }
            AnyConnection::Postgres(pg) => {
                for chunk in $rows.chunks(POSTGRES_CHUNK_ROWS) {
                    diesel::insert_into($table).values(chunk.to_vec()).execute(pg)?;
                }
            }
        }
    };
}

/// Inserts fired alerts.
///
/// # Errors
/// What the database says.
pub fn insert_alerts(conn: &mut AnyConnection, rows: &[&NewAlertRow]) -> QueryResult<()> {
    insert_rows!(conn, alerts::table, rows);
    Ok(())
}

/// Inserts messages to deliver.
///
/// # Errors
/// What the database says.
pub fn insert_outbox(conn: &mut AnyConnection, rows: &[&NewOutboxRow]) -> QueryResult<()> {
    insert_rows!(conn, outbox::table, rows);
    Ok(())
}

/// PostgreSQL's protocol counts bound parameters in 16 bits: 65,535 over 12 columns, with room to spare.
const POSTGRES_CHUNK_ROWS: usize = 4_000;

/// Takes up to `limit` due messages, the longest due first, and keeps others off them until `lease_until` (Unix ms). A
/// site at a time: a distributed database locks rows on one node only.
///
/// # Errors
/// What the database says.
pub fn lease_due(conn: &mut AnyConnection, now: i64, lease_until: i64, limit: i64) -> QueryResult<Vec<OutboxRow>> {
    let mut sites: Vec<i64> = outbox::table
        .filter(outbox::state.eq(OutboxState::Pending.as_str()))
        .filter(outbox::next_attempt_at.le(now))
        .order(outbox::next_attempt_at)
        .select(outbox::site_id)
        .limit(limit)
        .load(conn)?;
    sites.sort_unstable();
    sites.dedup();
    let due = "SELECT message_id FROM outbox WHERE site_id = $2 AND state = 'pending' AND next_attempt_at <= $3 \
               ORDER BY next_attempt_at LIMIT $4";
    let wanted = match conn {
        // One writer, and no row locks.
        AnyConnection::Sqlite(_) => format!("IN ({due})"),
        // Many workers: each takes what no other holds. As an array it is read once, whatever the plan.
        AnyConnection::Postgres(_) => format!("= ANY (ARRAY ({due} FOR UPDATE SKIP LOCKED))"),
    };
    // SQLite, too, numbers `$1`, `$2` .. in the order they first appear.
    let lease = format!(
        "UPDATE outbox SET attempts = attempts + 1, next_attempt_at = $1 WHERE site_id = $2 AND message_id {wanted} \
         RETURNING *"
    );
    let mut leased: Vec<OutboxRow> = Vec::new();
    for site_id in sites {
        let rest = limit - i64::try_from(leased.len()).unwrap_or(limit);
        if rest <= 0 {
            break;
        }
        leased.extend(
            diesel::sql_query(&lease)
                .bind::<BigInt, _>(lease_until)
                .bind::<BigInt, _>(site_id)
                .bind::<BigInt, _>(now)
                .bind::<BigInt, _>(rest)
                .load::<OutboxRow>(conn)?,
        );
    }
    Ok(leased)
}

fn unnest_responses<'a>(rows: &[&'a NewResponseRow]) -> Unnest<'a> {
    let mut rows = rows.to_vec();
    // Two servers with the same responses at hand must not wait for each other in a circle.
    rows.sort_unstable_by_key(|row| (row.site_id, row.response_id));
    let texts = |value: fn(&NewResponseRow) -> &str| Column::Texts(rows.iter().map(|row| value(row)).collect());
    let optional =
        |value: fn(&NewResponseRow) -> Option<&str>| Column::OptionalTexts(rows.iter().map(|row| value(row)).collect());
    let integers = |value: fn(&NewResponseRow) -> i32| Column::Integers(rows.iter().map(|row| value(row)).collect());
    let big = |value: fn(&NewResponseRow) -> i64| Column::BigInts(rows.iter().map(|row| value(row)).collect());
    Unnest {
        before: "INSERT INTO responses (site_id, response_id, touchpoint, survey, survey_version, metric, score, \
                 comment, order_ref, customer_ref, contact_email, locale, page_url, channel, created_at, received_at, \
                 held) SELECT * FROM unnest(",
        columns: vec![
            big(|row| row.site_id),
            Column::Bytes(rows.iter().map(|row| row.response_id.as_slice()).collect()),
            texts(|row| &row.touchpoint),
            texts(|row| row.survey),
            integers(|row| row.survey_version),
            texts(|row| row.metric),
            integers(|row| row.score),
            optional(|row| row.comment.as_deref()),
            optional(|row| row.order_ref.as_deref()),
            optional(|row| row.customer_ref.as_deref()),
            optional(|row| row.contact_email.as_deref()),
            optional(|row| row.locale.as_deref()),
            optional(|row| row.page_url.as_deref()),
            texts(|row| row.channel),
            big(|row| row.created_at),
            big(|row| row.received_at),
            optional(|row| row.held),
        ],
        after: ") ON CONFLICT DO NOTHING RETURNING site_id, response_id",
    }
}

/// Puts responses in the queue of the search index, in this order.
///
/// # Errors
/// What the database says.
pub fn enqueue_for_search(conn: &mut AnyConnection, keys: &[(i64, &[u8])]) -> QueryResult<()> {
    match conn {
        AnyConnection::Sqlite(sqlite) => {
            for (site_id, response_id) in keys {
                diesel::insert_into(search_queue::table)
                    .values((search_queue::site_id.eq(*site_id), search_queue::response_id.eq(*response_id)))
                    .execute(sqlite)?;
            }
        }
        AnyConnection::Postgres(pg) => {
            Unnest {
                before: "INSERT INTO search_queue (site_id, response_id) SELECT * FROM unnest(",
                columns: vec![
                    Column::BigInts(keys.iter().map(|(site_id, _)| *site_id).collect()),
                    Column::Bytes(keys.iter().map(|(_, response_id)| *response_id).collect()),
                ],
                after: ")",
            }
            .execute(pg)?;
        }
    }
    Ok(())
}

/// Adds counts to the rollup.
///
/// # Errors
/// What the database says.
pub fn add_score_days(conn: &mut AnyConnection, counts: &ScoreDays<'_>) -> QueryResult<()> {
    match conn {
        AnyConnection::Sqlite(sqlite) => {
            for ((site_id, metric, day, touchpoint), scores) in counts.iter() {
                AddScoreDay { site_id, metric, day, touchpoint, scores }.execute(sqlite)?;
            }
        }
        // In the order of the key: two servers must not wait for each other in a circle.
        AnyConnection::Postgres(pg) => {
            let mut columns = vec![
                Column::BigInts(counts.iter().map(|((site_id, ..), _)| *site_id).collect()),
                Column::Texts(counts.iter().map(|((_, metric, ..), _)| *metric).collect()),
                Column::Integers(counts.iter().map(|((_, _, day, _), _)| *day).collect()),
                Column::Texts(counts.iter().map(|((.., touchpoint), _)| *touchpoint).collect()),
            ];
            columns.extend((0..SCORES).map(|score| Column::BigInts(counts.iter().map(|(_, n)| n[score]).collect())));
            Unnest {
                before: concat!(insert_score_days!(), " SELECT * FROM unnest("),
                columns,
                after: concat!(") ", add_on_conflict!()),
            }
            .execute(pg)?;
        }
    }
    Ok(())
}

/// One row of the rollup for SQLite; cached like any prepared statement.
struct AddScoreDay<'a> {
    site_id: &'a i64,
    metric: &'a str,
    day: &'a i32,
    touchpoint: &'a str,
    scores: &'a [i64; SCORES],
}

impl QueryId for AddScoreDay<'_> {
    type QueryId = AddScoreDay<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConnection> for AddScoreDay<'_> {}

impl QueryFragment<Sqlite> for AddScoreDay<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(concat!(insert_score_days!(), " VALUES ("));
        out.push_bind_param::<BigInt, _>(self.site_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.metric)?;
        out.push_sql(", ");
        out.push_bind_param::<Integer, _>(self.day)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.touchpoint)?;
        for count in self.scores {
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(count)?;
        }
        out.push_sql(concat!(") ", add_on_conflict!()));
        Ok(())
    }
}
