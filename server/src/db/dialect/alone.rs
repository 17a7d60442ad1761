//! Having a database for oneself.

use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel::sql_types::{Bool, Text};

use crate::db::connection::AnyConnection;

/// How long whoever is ending may take: PostgreSQL notices only after a moment that a server was killed.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

/// Fails while anybody else has the file open; then nobody can open it until this connection is closed.
const TAKE_FILE: &str = "PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT";

/// Whether no other connection of this program leads to the database; waits a second for that. On SQLite none can be made from
/// then on until `conn` is closed. On PostgreSQL call it with the migration lock, for which every server waits that starts.
///
/// # Errors
/// What the database says.
pub fn is_alone(conn: &mut AnyConnection) -> QueryResult<bool> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let alone = try_alone(conn)?;
        if alone || Instant::now() > deadline {
            return Ok(alone);
        }
        sleep(PAUSE);
    }
}

fn try_alone(conn: &mut AnyConnection) -> QueryResult<bool> {
    match conn {
        AnyConnection::Sqlite(sqlite) => match sqlite.batch_execute(TAKE_FILE) {
            Err(QueryError::DatabaseError(_, about)) if about.message().contains("locked") => Ok(false),
            done => {
                done?;
                let mode = diesel::select(sql::<Text>("(SELECT journal_mode FROM pragma_journal_mode)"));
                Ok(mode.get_result::<String>(sqlite)? == "delete")
            }
        },
        AnyConnection::Postgres(pg) => {
            let others = "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() \
                          AND application_name = 'counterbell' AND pid <> pg_backend_pid())";
            diesel::select(sql::<Bool>(others)).get_result(pg)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::migrations::open_up_to_date;
    use crate::db::test_database::TestDatabase;
    use crate::db::{DatabaseUrl, open};

    #[test]
    fn database_is_ones_own_only_when_nobody_else_has_it_open() {
        for database in TestDatabase::of_each_kind() {
            let mut conn = open_up_to_date(&database.url).unwrap();
            let other = open(&database.url).unwrap();
            assert!(!is_alone(&mut conn).unwrap());
            drop(other);
            assert!(is_alone(&mut conn).unwrap());
        }
    }

    #[test]
    fn file_that_is_ones_own_is_opened_by_nobody_else() {
        let database = TestDatabase::sqlite();
        let mut conn = open_up_to_date(&database.url).unwrap();
        assert!(is_alone(&mut conn).unwrap());
        let DatabaseUrl::Sqlite(file) = &database.url else { panic!("{}", database.url) };
        // Without patience.
        let mut other = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
        let read = other.batch_execute("SELECT count(*) FROM sites").map_err(|error| error.to_string());
        assert_eq!(read, Err("database is locked".to_owned()));
    }
}
