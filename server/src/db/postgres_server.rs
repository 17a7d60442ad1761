//! What is checked of a PostgreSQL before it is used.

use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel::sql_types::Text;

use super::postgres_url::PostgresUrl;

/// How often two connections are compared: a pooler may give them back what they had before, by chance.
const ROUNDS: usize = 5;

/// Why a PostgreSQL is not to be used.
#[derive(Debug)]
pub enum Unfit {
    /// Not every character can be stored; its encoding.
    Encoding(String),
    /// A pooler gives each transaction, or each statement, another connection.
    Pooled,
    /// PostgreSQL refused otherwise.
    Query(QueryError),
}

impl From<QueryError> for Unfit {
    fn from(error: QueryError) -> Self {
        match &error {
            // What was prepared a moment ago was prepared elsewhere.
            QueryError::DatabaseError(_, about) if about.message().contains("prepared statement") => Self::Pooled,
            _ => Self::Query(error),
        }
    }
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

/// Makes sure that every character can be stored.
///
/// # Errors
/// [`Unfit`].
pub fn check_encoding(conn: &mut PgConnection) -> Result<(), Unfit> {
    match word(conn, "SELECT current_setting('server_encoding') AS word")?.as_str() {
        "UTF8" => Ok(()),
        other => Err(Unfit::Encoding(other.to_owned())),
    }
}

/// Makes sure that a connection is one to PostgreSQL for as long as it lasts: prepared statements and settings belong to
/// it. `conn` leads to `url`; a second connection is opened for a moment.
///
/// # Errors
/// [`Unfit`].
pub fn check_pooling(conn: &mut PgConnection, url: &PostgresUrl) -> Result<(), Unfit> {
    // Where there is no room for a second connection nothing can be told, and a server will say so soon enough.
    let Ok(mut other) = PgConnection::establish(&url.for_libpq()) else { return Ok(()) };
    let mut known = None;
    for _ in 0..ROUNDS {
        let both = (backend(conn)?, backend(&mut other)?);
        // Both are open, so each has a process of its own, and keeps it.
        if both.0 == both.1 || known.as_ref().is_some_and(|known| *known != both) {
            return Err(Unfit::Pooled);
        }
        known = Some(both);
    }
    Ok(())
}

/// The process that serves the connection. Its number alone may be the same on two machines behind one address.
fn backend(conn: &mut PgConnection) -> Result<String, Unfit> {
    word(conn, "SELECT concat(pid, ' ', backend_start) AS word FROM pg_stat_activity WHERE pid = pg_backend_pid()")
}

/// Not in a transaction, which a pooler of statements would end the connection for.
fn word(conn: &mut PgConnection, query: &str) -> Result<String, Unfit> {
    Ok(diesel::sql_query(query).get_result::<Word>(conn)?.word)
}
