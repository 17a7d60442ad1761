//! What a connection is told before it is used, by what it is for.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{enqueue_for_search, write_transaction};
use crate::db::connection::{AnyConnection, try_write};
use crate::db::schema::search_queue;

/// Where nothing else will do, PostgreSQL sorts all the same; but not by code compiled for what that then seems to cost.
const POSTGRES_BY_KEYS: &str = "SET enable_sort = off; SET enable_bitmapscan = off; SET enable_seqscan = off; \
                                SET jit = off";

/// Pages of log, 16 MiB of it, at which a connection that writes moves the log itself; until then
/// [`crate::store::KeepLogShort`] does.
const WRITER_MOVES_AT_PAGES: u32 = 4_096;

/// How PostgreSQL plans the statements of a connection that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plans {
    /// It reads by keys and in the order of keys alone. Without statistics of a queue that grows and shrinks by the second,
    /// it would read and sort all of the queue for its first few rows.
    ByKeys,
    /// As the database is configured.
    Default,
}

/// Makes a connection ready for work that writes.
///
/// # Errors
/// What the database says.
pub fn prepare_to_write(conn: &mut AnyConnection, plans: Plans) -> QueryResult<()> {
    match (conn, plans) {
        // SQLite knows neither setting.
        (AnyConnection::Sqlite(conn), _) => {
            conn.batch_execute(&format!("PRAGMA wal_autocheckpoint = {WRITER_MOVES_AT_PAGES}"))
        }
        (AnyConnection::Postgres(conn), Plans::ByKeys) => conn.batch_execute(POSTGRES_BY_KEYS),
        (AnyConnection::Postgres(_), Plans::Default) => Ok(()),
    }
}

/// What a connection for reading is told. Plans are made for the values at hand: one made for any limit and any filter
/// reads and sorts the whole table, and PostgreSQL would keep to it after five executions.
pub const POSTGRES_READ_ONLY: &str = "SET default_transaction_read_only = on; SET plan_cache_mode = force_custom_plan";

/// Makes a connection one that cannot write.
///
/// # Errors
/// What the database says.
pub fn make_read_only(conn: &mut AnyConnection) -> QueryResult<()> {
    conn.batch_execute(match conn {
        AnyConnection::Sqlite(_) => "PRAGMA query_only = ON",
        AnyConnection::Postgres(_) => POSTGRES_READ_ONLY,
    })
}

/// From now on `conn` sees the database as it is at this moment, and cannot write. Ends with the connection.
///
/// # Errors
/// What the database says.
pub fn begin_snapshot(conn: &mut AnyConnection) -> QueryResult<()> {
    conn.batch_execute(match conn {
        // The first read fixes the moment; in WAL mode the writer goes on beside it.
        AnyConnection::Sqlite(_) => "PRAGMA query_only = ON; BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1",
        AnyConnection::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    })
}

/// No site has it.
const NO_SITE: i64 = 0;

/// Writes and commits something that changes nothing. What stands in the way of a response stands in the way of this.
///
/// # Errors
/// What the database says.
pub fn write_nothing(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        AnyConnection::Sqlite(_) => try_write(conn),
        // A row and its end in one transaction: nobody else ever sees it.
        AnyConnection::Postgres(_) => write_transaction(conn, |conn| {
            enqueue_for_search(conn, &[(NO_SITE, &[])])?;
            diesel::delete(search_queue::table.filter(search_queue::site_id.eq(NO_SITE))).execute(conn)?;
            Ok(())
        }),
    }
}
