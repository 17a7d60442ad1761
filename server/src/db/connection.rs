//! One connection to either database.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};

use super::url::DatabaseUrl;

/// A connection to SQLite or PostgreSQL; see docs/adr/0001.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

/// The database cannot be opened; `Display` is one readable line.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder for the SQLite file cannot be made.
    #[error("cannot create the folder {path}: {source}")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The database does not answer, or the file is not one.
    #[error("cannot open {url}: {source}")]
    Connect {
        /// Where, without user and password.
        url: String,
        /// Why.
        source: diesel::ConnectionError,
    },
    /// The database answers but refuses its settings, as a file that is no database does.
    #[error("cannot use {url}: {source}")]
    Setup {
        /// Where, without user and password.
        url: String,
        /// Why.
        source: diesel::result::Error,
    },
    /// The schema cannot be brought up to date.
    #[error("cannot bring the schema of {url} up to date: {reason}")]
    Migrate {
        /// Where, without user and password.
        url: String,
        /// Why.
        reason: String,
    },
}

/// WAL lets readers go on beside the writer; FULL makes a commit survive a power cut; a CLI command beside a running
/// server waits its turn.
const SQLITE_SETUP: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                            PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;";

/// A commit is acknowledged only when it is on disk, whatever the server's default; times are compared as UTC.
const POSTGRES_SETUP: &str = "SET synchronous_commit = on; SET TIME ZONE 'UTC'; SET client_encoding = 'UTF8'; \
                              SET application_name = 'counterbell'";

/// Opens a connection, durable and ready to use. The schema may still be old: see [`super::migrations`].
///
/// # Errors
/// [`OpenError`] when the database does not answer.
pub fn open(url: &DatabaseUrl) -> Result<AnyConnection, OpenError> {
    let connect = |source| OpenError::Connect { url: url.to_string(), source };
    let setup = |source| OpenError::Setup { url: url.to_string(), source };
    match url {
        DatabaseUrl::Sqlite(path) => {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder)
                    .map_err(|source| OpenError::Folder { path: folder.display().to_string(), source })?;
            }
            let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(connect)?;
            conn.batch_execute(SQLITE_SETUP).map_err(setup)?;
            Ok(AnyConnection::Sqlite(conn))
        }
        DatabaseUrl::Postgres(url) => {
            let mut conn = PgConnection::establish(url).map_err(connect)?;
            conn.batch_execute(POSTGRES_SETUP).map_err(setup)?;
            Ok(AnyConnection::Postgres(conn))
        }
    }
}
