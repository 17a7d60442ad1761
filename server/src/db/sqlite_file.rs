//! What is checked of an SQLite file before anything is written to it.

use crate::counted::counted;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel::sql_types::{BigInt, Text};

/// Marks a file as ours, in its header (<https://sqlite.org/pragma.html#pragma_application_id>): "CBel".
const APPLICATION_ID: i64 = 0x4342_656c;
/// Files up to this size are read through at the start of the server; that takes less than a second.
const CHECKED_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Why a file is not to be used.
#[derive(Debug)]
pub enum Refused {
    /// It is a database of another program; how that shows.
    Foreign(String),
    /// It cannot be read; why.
    Damaged(String),
    /// SQLite refused otherwise.
    Query(QueryError),
}

impl From<QueryError> for Refused {
    fn from(error: QueryError) -> Self {
        match &error {
            // SQLITE_NOTADB and SQLITE_CORRUPT, of which Diesel keeps only the text.
            QueryError::DatabaseError(_, about)
                if about.message().contains("not a database") || about.message().contains("malformed") =>
            {
                Self::Damaged(about.message().to_owned())
            }
            _ => Self::Query(error),
        }
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

/// Makes sure that the file is ours, and makes an empty one ours; reads its first page only.
///
/// # Errors
/// [`Refused`].
pub fn claim(conn: &mut SqliteConnection) -> Result<(), Refused> {
    let application_id = number(conn, "SELECT application_id AS n FROM pragma_application_id")?;
    if application_id == APPLICATION_ID {
        return Ok(());
    }
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let tables: Vec<String> =
        diesel::sql_query(tables).load::<Name>(conn)?.into_iter().map(|table| table.name).collect();
    let has = |name: &str| tables.iter().any(|table| table == name);
    // Made before files were marked, or by a migration that was cut off.
    let ours = tables.is_empty() || (has("__diesel_schema_migrations") && has("responses") && has("site_origins"));
    match (application_id, ours) {
        (0, true) => Ok(mark(conn)?),
        (0, false) => Err(Refused::Foreign(format!("it has the tables {}", first_few(&tables)))),
        _ => Err(Refused::Foreign(format!("its application_id is {application_id:#x}"))),
    }
}

/// Whether what is in the file can be read: all of it in a small file, in a large one only that it is whole.
///
/// # Errors
/// [`Refused::Damaged`], or what SQLite says.
pub fn check_content(conn: &mut SqliteConnection, path: &Path) -> Result<(), Refused> {
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let expected = "SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size";
    let expected = u64::try_from(number(conn, expected)?).unwrap_or(0);
    // What is not yet in the file is in its log.
    if bytes(path) < expected && bytes(Path::new(&log)) == 0 {
        let found = counted(bytes(path), "byte", "bytes");
        return Err(Refused::Damaged(format!("the file has {found} and should have {expected}")));
    }
    if bytes(path) <= CHECKED_MAX_BYTES {
        let found = diesel::sql_query("PRAGMA quick_check(1)").get_result::<Finding>(conn)?.quick_check;
        if found != "ok" {
            return Err(Refused::Damaged(found));
        }
    }
    Ok(())
}

/// Marks the file as ours, also when it is.
///
/// # Errors
/// What SQLite says.
pub fn mark(conn: &mut SqliteConnection) -> QueryResult<()> {
    conn.batch_execute(&format!("PRAGMA application_id = {APPLICATION_ID}"))
}

fn number(conn: &mut SqliteConnection, query: &str) -> QueryResult<i64> {
    Ok(diesel::sql_query(query).get_result::<Number>(conn)?.n)
}

fn first_few(names: &[String]) -> String {
    let (shown, more) = names.split_at(names.len().min(3));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!("{}{more}", shown.join(", "))
}
