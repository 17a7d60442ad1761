//! All that differs between SQLite and PostgreSQL, each arm with its reason.

mod alone;
mod behind;
mod fixed;
mod postgres;
mod session;
mod transfer;
mod unnest;

use std::marker::PhantomData;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Text};
use diesel::sqlite::Sqlite;

pub use alone::is_alone;
pub use behind::{
    enqueue_for_triage, indexed_by, insert_alerts, insert_journal, insert_outbox, lease_due, lock_counter,
};
pub use postgres::{says_erased, store_at_once};
pub use session::{POSTGRES_READ_ONLY, Plans, begin_snapshot, make_read_only, prepare_to_write, write_nothing};
pub use transfer::{
    RESPONSE_TABLES, after_copy, gather_statistics, holds_controls, index_again, index_what_is_missing, lock_rollup,
    lock_table, table_names,
};
pub use unnest::{Column, Unnest};

use fixed::Fixed;

use super::connection::AnyConnection;
use super::responses::{NewResponseRow, ResponseRow};
use super::schema::{responses, search_queue};
use super::score_days::{SCORES, ScoreDays};

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

/// Whether one statement may write to several tables: not on SQLite, and not on a PostgreSQL spread by Citus.
///
/// # Errors
/// What the database says.
pub fn writes_at_once(conn: &mut AnyConnection) -> QueryResult<bool> {
    match conn {
        AnyConnection::Sqlite(_) => Ok(false),
        AnyConnection::Postgres(pg) => {
            let spread = "EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')";
            Ok(!diesel::select(sql::<Bool>(spread)).get_result::<bool>(pg)?)
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
                Ok(Fixed(insert, PhantomData::<NewResponseRow>).execute(sqlite)? == 1)
            })
            .collect(),
        // A round trip costs more than anything else: one prepared statement takes the whole batch as arrays.
        AnyConnection::Postgres(pg) => postgres::insert_responses(pg, rows),
    }
}

/// Reads a stored response and keeps everybody from changing it until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn lock_response(conn: &mut AnyConnection, site_id: i64, response_id: &[u8]) -> QueryResult<Option<ResponseRow>> {
    let row = responses::table.find((site_id, response_id));
    match conn {
        // A transaction that writes has the whole database.
        AnyConnection::Sqlite(sqlite) => row.first(sqlite),
        AnyConnection::Postgres(pg) => row.for_update().first(pg),
    }
    .optional()
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
            postgres::enqueue_for_search(pg, keys)?;
        }
    }
    Ok(())
}

/// Deletes the words of responses of one site from the search index of a PostgreSQL database.
///
/// # Errors
/// What the database says.
pub fn delete_words(conn: &mut AnyConnection, site_id: i64, response_ids: &[&[u8]]) -> QueryResult<()> {
    match conn {
        // In a file of their own, which a transaction of this one does not reach.
        AnyConnection::Sqlite(_) => {}
        AnyConnection::Postgres(pg) => {
            diesel::sql_query("DELETE FROM comment_words WHERE site_id = $1 AND response_id = ANY($2)")
                .bind::<BigInt, _>(site_id)
                .bind::<Array<Binary>, _>(response_ids)
                .execute(pg)?;
        }
    }
    Ok(())
}

/// Deletes the rows of one site from a table with `site_id` whose `column` is one of `ids`.
///
/// # Errors
/// What the database says.
pub fn delete_by_ids(
    conn: &mut AnyConnection,
    table: &str,
    column: &str,
    site_id: i64,
    ids: &[&[u8]],
) -> QueryResult<()> {
    match conn {
        // It has no arrays, and one statement for each is prepared once.
        AnyConnection::Sqlite(sqlite) => {
            let delete = format!("DELETE FROM {table} WHERE site_id = $1 AND {column} = $2");
            for id in ids {
                diesel::sql_query(&delete).bind::<BigInt, _>(site_id).bind::<Binary, _>(*id).execute(sqlite)?;
            }
        }
        AnyConnection::Postgres(pg) => {
            diesel::sql_query(format!("DELETE FROM {table} WHERE site_id = $1 AND {column} = ANY($2)"))
                .bind::<BigInt, _>(site_id)
                .bind::<Array<Binary>, _>(ids)
                .execute(pg)?;
        }
    }
    Ok(())
}

/// Deletes the rows of a site from a table with `site_id`.
///
/// # Errors
/// What the database says.
pub fn delete_of_site(conn: &mut AnyConnection, table: &str, site_id: i64) -> QueryResult<()> {
    let delete = format!("DELETE FROM {table} WHERE site_id = $1");
    diesel::sql_query(delete).bind::<BigInt, _>(site_id).execute(conn)?;
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
        AnyConnection::Postgres(pg) => {
            postgres::add_score_days(pg, counts)?;
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
