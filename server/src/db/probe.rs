//! A write that leaves nothing behind.

use diesel::prelude::*;

use super::connection::{AnyConnection, try_write};
use super::dialect;
use super::schema::search_queue;

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
        AnyConnection::Postgres(_) => dialect::write_transaction(conn, |conn| {
            dialect::enqueue_for_search(conn, &[(NO_SITE, &[])])?;
            diesel::delete(search_queue::table.filter(search_queue::site_id.eq(NO_SITE))).execute(conn)?;
            Ok(())
        }),
    }
}
