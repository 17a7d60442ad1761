//! What whole databases need when they are copied.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, Double, Text};

use super::enqueue_for_search;
use crate::db::AnyConnection;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The condition that a text in `column` holds control characters that belong in no text.
pub fn holds_controls(conn: &AnyConnection, column: &str) -> String {
    match conn {
        // Its patterns end at NUL.
        AnyConnection::Sqlite(_) => format!(
            "(instr(CAST({column} AS BLOB), x'00') > 0 OR {column} GLOB '*[' || char(1) || '-' || char(8) || char(11) || '-' \
             || char(31) || char(127) || '-' || char(159) || ']*')"
        ),
        AnyConnection::Postgres(_) => {
            format!("{column} ~ '[\\u0001-\\u0008\\u000b-\\u001f\\u007f-\\u009f]'")
        }
    }
}

/// Every table of the database, those of the system excepted.
///
/// # Errors
/// What the database says.
pub fn table_names(conn: &mut AnyConnection) -> QueryResult<Vec<String>> {
    let query = match conn {
        AnyConnection::Sqlite(_) => "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
        AnyConnection::Postgres(_) => {
            "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
        }
    };
    let names: Vec<Name> = diesel::sql_query(query).load(conn)?;
    Ok(names.into_iter().map(|row| row.name).collect())
}

/// Sets right what does not come with rows: the next number of a site and of a person.
///
/// # Errors
/// What the database says.
pub fn after_copy(conn: &mut AnyConnection) -> QueryResult<()> {
    if let AnyConnection::Postgres(pg) = conn {
        // A row that brings its own number does not move the sequence on. SQLite goes by the highest number there is.
        for table in ["sites", "people"] {
            pg.batch_execute(&format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), \
                 COALESCE((SELECT max(id) FROM {table}), 1), EXISTS (SELECT FROM {table}))",
            ))?;
        }
    }
    gather_statistics(conn, RESPONSE_TABLES, u64::MAX)
}

/// Has the comments of responses (site, id) indexed that were written past the writer; call in the transaction that wrote
/// them.
///
/// # Errors
/// What the database says.
pub fn index_again(conn: &mut AnyConnection, with_comment: &[(i64, &[u8])]) -> QueryResult<()> {
    match conn {
        // A server makes the whole index again: a file beside the database may hold words of rows that are gone.
        AnyConnection::Sqlite(_) => index_what_is_missing(conn),
        AnyConnection::Postgres(_) => enqueue_for_search(conn, with_comment),
    }
}

/// Those that a stored response adds rows to at once.
pub const RESPONSE_TABLES: &[&str] = &["responses", "score_days"];

/// Fewer new rows than this are no reason to look at a table, however small it was.
const MANY_NEW_ROWS: u64 = 10_000;

/// Has PostgreSQL look at what tables hold, now that they hold much more than before: it would do so only within a
/// minute, and until then sort whole tables for a page of them.
///
/// Much more is a tenth, as it is to autovacuum (`autovacuum_analyze_scale_factor`): looking at a table of millions
/// reads 30,000 of its pages, and customers wait while a disk does that.
///
/// # Errors
/// What the database says.
pub fn gather_statistics(conn: &mut AnyConnection, tables: &[&str], new_rows: u64) -> QueryResult<()> {
    let AnyConnection::Postgres(pg) = conn else {
        // SQLite plans without statistics: every query has its index.
        return Ok(());
    };
    if new_rows < MANY_NEW_ROWS {
        return Ok(());
    }
    // `reltuples` is what the planner goes by; -1 when it knows nothing.
    let outgrown: Vec<Name> = diesel::sql_query(
        "SELECT CAST(relname AS TEXT) AS name FROM pg_class \
         WHERE oid = ANY(CAST($1 AS regclass[])) AND reltuples * 0.1 <= $2",
    )
    .bind::<Array<Text>, _>(tables)
    .bind::<Double, _>(new_rows as f64)
    .load(pg)?;
    match outgrown.as_slice() {
        [] => Ok(()),
        tables => {
            let names: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
            pg.batch_execute(&format!("ANALYZE {}", names.join(", ")))
        }
    }
}

/// Keeps everybody from storing responses until the transaction ends, so that figures can be made anew from them. The
/// first thing in the transaction.
///
/// # Errors
/// What the database says.
pub fn lock_rollup(conn: &mut AnyConnection) -> QueryResult<()> {
    conn.batch_execute(match conn {
        // Any write takes SQLite's one lock; this one changes nothing.
        AnyConnection::Sqlite(_) => "UPDATE score_days SET day = day WHERE site_id = -1",
        // In the order in which the writer touches them.
        AnyConnection::Postgres(_) => "LOCK TABLE responses, score_days IN SHARE ROW EXCLUSIVE MODE",
    })
}

/// Keeps everybody from a table until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn lock_table(conn: &mut AnyConnection, table: &str) -> QueryResult<()> {
    match conn {
        // A transaction that writes has the whole database.
        AnyConnection::Sqlite(_) => Ok(()),
        AnyConnection::Postgres(pg) => pg.batch_execute(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")),
    }
}

/// Has every comment indexed that is neither in the search index nor in its queue.
///
/// # Errors
/// What the database says.
pub fn index_what_is_missing(conn: &mut AnyConnection) -> QueryResult<()> {
    conn.batch_execute(match conn {
        // The index goes by this number: another one, and the server makes it again.
        AnyConnection::Sqlite(_) => "PRAGMA user_version = 0",
        AnyConnection::Postgres(_) => {
            "INSERT INTO search_queue (site_id, response_id) SELECT site_id, response_id FROM responses AS r \
             WHERE comment IS NOT NULL \
             AND NOT EXISTS (SELECT FROM comment_words AS w WHERE w.site_id = r.site_id AND w.response_id = r.response_id) \
             AND NOT EXISTS (SELECT FROM search_queue AS q WHERE q.site_id = r.site_id AND q.response_id = r.response_id) \
             ORDER BY created_at, response_id"
        }
    })
}
