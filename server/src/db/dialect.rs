//! All that differs between SQLite and PostgreSQL, each arm with its reason.

use std::collections::HashSet;

use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, Text};

use super::connection::AnyConnection;
use super::outbox::{NewAlertRow, NewOutboxRow, OutboxRow};
use super::responses::NewResponseRow;
use super::schema::{alerts, outbox, responses};

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
            let stored: Vec<(i64, Vec<u8>)> = InsertResponses::new(rows).load(pg)?;
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
                    diesel::insert_into($table).values(row).execute(sqlite)?;
                }
            }
            AnyConnection::Postgres(pg) => {
                for chunk in $rows.chunks(POSTGRES_CHUNK_ROWS) {
                    diesel::insert_into($table).values(chunk).execute(pg)?;
                }
            }
        }
    };
}

/// Inserts fired alerts.
///
/// # Errors
/// What the database says.
pub fn insert_alerts(conn: &mut AnyConnection, rows: &[NewAlertRow]) -> QueryResult<()> {
    insert_rows!(conn, alerts::table, rows);
    Ok(())
}

/// Inserts messages to deliver.
///
/// # Errors
/// What the database says.
pub fn insert_outbox(conn: &mut AnyConnection, rows: &[NewOutboxRow]) -> QueryResult<()> {
    insert_rows!(conn, outbox::table, rows);
    Ok(())
}

/// PostgreSQL's protocol counts bound parameters in 16 bits: 65,535 over 12 columns, with room to spare.
const POSTGRES_CHUNK_ROWS: usize = 4_000;

/// Takes up to `limit` due messages, the longest due first, and keeps others off them until `lease_until` (Unix ms).
///
/// # Errors
/// What the database says.
pub fn lease_due(conn: &mut AnyConnection, now: i64, lease_until: i64, limit: i64) -> QueryResult<Vec<OutboxRow>> {
    let lock = match conn {
        // One writer, and no row locks.
        AnyConnection::Sqlite(_) => "",
        // Many workers: each takes what no other holds.
        AnyConnection::Postgres(_) => " FOR UPDATE SKIP LOCKED",
    };
    // SQLite, too, numbers `$1`, `$2`, `$3` in the order they first appear.
    diesel::sql_query(format!(
        "UPDATE outbox SET attempts = attempts + 1, next_attempt_at = $1 WHERE (site_id, message_id) IN \
         (SELECT site_id, message_id FROM outbox WHERE state = 'pending' AND next_attempt_at <= $2 \
         ORDER BY next_attempt_at LIMIT $3{lock}) RETURNING *"
    ))
    .bind::<BigInt, _>(lease_until)
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(limit)
    .load(conn)
}

/// `INSERT ... SELECT FROM unnest(...)`: the text is the same for any number of rows, so it is prepared once.
struct InsertResponses<'a> {
    site_id: Vec<i64>,
    response_id: Vec<&'a [u8]>,
    touchpoint: Vec<&'a str>,
    survey: Vec<&'a str>,
    survey_version: Vec<i32>,
    metric: Vec<&'a str>,
    score: Vec<i32>,
    comment: Vec<Option<&'a str>>,
    order_ref: Vec<Option<&'a str>>,
    customer_ref: Vec<Option<&'a str>>,
    contact_email: Vec<Option<&'a str>>,
    locale: Vec<Option<&'a str>>,
    page_url: Vec<Option<&'a str>>,
    channel: Vec<&'a str>,
    created_at: Vec<i64>,
    received_at: Vec<i64>,
}

impl<'a> InsertResponses<'a> {
    fn new(rows: &[&'a NewResponseRow]) -> Self {
        fn column<'a, T>(rows: &[&'a NewResponseRow], value: impl Fn(&'a NewResponseRow) -> T) -> Vec<T> {
            rows.iter().map(|row| value(row)).collect()
        }
        Self {
            site_id: column(rows, |row| row.site_id),
            response_id: column(rows, |row| row.response_id.as_slice()),
            touchpoint: column(rows, |row| row.touchpoint.as_str()),
            survey: column(rows, |row| row.survey),
            survey_version: column(rows, |row| row.survey_version),
            metric: column(rows, |row| row.metric),
            score: column(rows, |row| row.score),
            comment: column(rows, |row| row.comment.as_deref()),
            order_ref: column(rows, |row| row.order_ref.as_deref()),
            customer_ref: column(rows, |row| row.customer_ref.as_deref()),
            contact_email: column(rows, |row| row.contact_email.as_deref()),
            locale: column(rows, |row| row.locale.as_deref()),
            page_url: column(rows, |row| row.page_url.as_deref()),
            channel: column(rows, |row| row.channel),
            created_at: column(rows, |row| row.created_at),
            received_at: column(rows, |row| row.received_at),
        }
    }
}

impl QueryId for InsertResponses<'_> {
    type QueryId = InsertResponses<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for InsertResponses<'_> {
    type SqlType = (BigInt, Binary);
}

impl RunQueryDsl<PgConnection> for InsertResponses<'_> {}

impl QueryFragment<Pg> for InsertResponses<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO responses (site_id, response_id, touchpoint, survey, survey_version, metric, score, comment, \
             order_ref, customer_ref, contact_email, locale, page_url, channel, created_at, received_at) \
             SELECT * FROM unnest(",
        );
        out.push_bind_param::<Array<BigInt>, _>(&self.site_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.response_id)?;
        for texts in [&self.touchpoint, &self.survey] {
            out.push_sql(", ");
            out.push_bind_param::<Array<Text>, _>(texts)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.survey_version)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.metric)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.score)?;
        let optional = [&self.comment, &self.order_ref, &self.customer_ref];
        for texts in optional.into_iter().chain([&self.contact_email, &self.locale, &self.page_url]) {
            out.push_sql(", ");
            out.push_bind_param::<Array<Nullable<Text>>, _>(texts)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.channel)?;
        for times in [&self.created_at, &self.received_at] {
            out.push_sql(", ");
            out.push_bind_param::<Array<BigInt>, _>(times)?;
        }
        out.push_sql(") ON CONFLICT DO NOTHING RETURNING site_id, response_id");
        Ok(())
    }
}
