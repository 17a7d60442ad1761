//! One connection to either database.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::sql_types::Bool;

use super::dialect;
use super::postgres_server::{self, Unfit};
use super::sqlite_file::{self, Refused};
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
        source: ConnectionError,
    },
    /// The database answers but refuses its settings, as a file that is no database does.
    #[error("cannot use {url}: {source}")]
    Setup {
        /// Where, without user and password.
        url: String,
        /// Why.
        source: diesel::result::Error,
    },
    /// An SQLite database of another program.
    #[error(
        "{url} is a database of another program ({reason}): leave it to that, and name a file of Counterbell's own with \
         --database-url (COUNTERBELL_DATABASE_URL)"
    )]
    Foreign {
        /// Where.
        url: String,
        /// How that shows.
        reason: String,
    },
    /// An SQLite file that is none, or cannot be read any more.
    #[error(
        "{url} is no SQLite database, or is damaged ({reason}): put the file and the two beside it (-wal, -shm) aside, \
         and restore a backup"
    )]
    Damaged {
        /// Where.
        url: String,
        /// What SQLite says.
        reason: String,
    },
    /// A PostgreSQL database in which not every character can be stored.
    #[error(
        "the encoding of {url} is {encoding}, in which not every character of a comment can be stored: name a database \
         made by CREATE DATABASE counterbell ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// Where, without user and password.
        url: String,
        /// PostgreSQL's name for it.
        encoding: String,
    },
    /// A pooler takes prepared statements and settings away.
    #[error(
        "{url} leads to a pooler such as PgBouncer that changes the connection between transactions or statements, and \
         so loses what was prepared and set: let it pool sessions (pool_mode = session), or name PostgreSQL itself"
    )]
    Pooled {
        /// Where, without user and password.
        url: String,
    },
    /// Nothing can be stored in it.
    #[error("{url} is read-only: {advice}")]
    ReadOnly {
        /// Where, without user and password.
        url: String,
        /// What to do.
        advice: &'static str,
    },
    /// A later version made its schema.
    #[error(
        "the schema of {url} has the migration {migration}, which this counterbell {} does not know: start the newer \
         version that made it, or name another database",
        env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// Where, without user and password.
        url: String,
        /// The newest that is not known.
        migration: String,
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

/// A CLI command beside a running server waits its turn.
const SQLITE_WAIT: &str = "PRAGMA busy_timeout = 10000";

/// WAL lets readers go on beside the writer; FULL makes a commit survive a power cut.
const SQLITE_SETUP: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                            PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; \
                            PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;";

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
            let refused = |refused| refused_file(url, refused);
            conn.batch_execute(SQLITE_WAIT).map_err(setup)?;
            sqlite_file::claim(&mut conn).map_err(refused)?;
            conn.batch_execute(SQLITE_SETUP).map_err(|source| refused(source.into()))?;
            Ok(AnyConnection::Sqlite(conn))
        }
        DatabaseUrl::Postgres(server) => {
            let mut conn = PgConnection::establish(&server.for_libpq()).map_err(|source| connect(told(source)))?;
            conn.batch_execute(POSTGRES_SETUP).map_err(setup)?;
            postgres_server::check_encoding(&mut conn).map_err(|unfit| unfit_server(url, unfit))?;
            Ok(AnyConnection::Postgres(conn))
        }
    }
}

/// Makes sure that a connection to PostgreSQL is one, and not a new one for each transaction.
///
/// # Errors
/// [`OpenError::Pooled`], or what the database says.
pub fn check_pooling(conn: &mut AnyConnection, url: &DatabaseUrl) -> Result<(), OpenError> {
    match (conn, url) {
        (AnyConnection::Postgres(conn), DatabaseUrl::Postgres(server)) => {
            postgres_server::check_pooling(conn, server).map_err(|unfit| unfit_server(url, unfit))
        }
        _ => Ok(()),
    }
}

fn unfit_server(url: &DatabaseUrl, unfit: Unfit) -> OpenError {
    let url = url.to_string();
    match unfit {
        Unfit::Encoding(encoding) => OpenError::Encoding { url, encoding },
        Unfit::Pooled => OpenError::Pooled { url },
        Unfit::Query(source) => OpenError::Setup { url, source },
    }
}

/// libpq's words without what may be cut from a password: a parameter it does not know.
fn told(source: ConnectionError) -> ConnectionError {
    match source {
        ConnectionError::BadConnection(text) if text.starts_with("invalid URI query parameter") => {
            let told = "a parameter behind ? is none that libpq knows, or belongs to a password, in which ? is written as %3F \
                        and & as %26";
            ConnectionError::BadConnection(told.to_owned())
        }
        source => source,
    }
}

/// What an operator is told about a file that is not to be used.
pub fn refused_file(url: &DatabaseUrl, refused: Refused) -> OpenError {
    let url = url.to_string();
    match refused {
        Refused::Foreign(reason) => OpenError::Foreign { url, reason },
        Refused::Damaged(reason) => OpenError::Damaged { url, reason },
        Refused::Query(source) if is_about_read_only(&source) => {
            OpenError::ReadOnly { url, advice: SQLITE_READ_ONLY_ADVICE }
        }
        Refused::Query(source) => OpenError::Setup { url, source },
    }
}

const SQLITE_READ_ONLY_ADVICE: &str = "let the user that runs counterbell write to the file and to its folder, and \
                                       mount the disk for writing";
const POSTGRES_READ_ONLY_ADVICE: &str = "it is a standby, or default_transaction_read_only is on; name the primary, or \
                                         turn that off";

/// The second: the database was opened, but what SQLite keeps beside it cannot be made in its folder.
fn is_about_read_only(error: &QueryError) -> bool {
    let texts = ["readonly database", "unable to open database file"];
    matches!(error, QueryError::DatabaseError(_, about) if texts.iter().any(|text| about.message().contains(text)))
}

/// Makes sure that something can be stored.
///
/// # Errors
/// [`OpenError::ReadOnly`], or what the database says.
pub fn check_writable(conn: &mut AnyConnection, url: &DatabaseUrl) -> Result<(), OpenError> {
    ping_for_writing(conn).map_err(|source| match (source, conn) {
        (QueryError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _), AnyConnection::Postgres(_)) => {
            OpenError::ReadOnly { url: url.to_string(), advice: POSTGRES_READ_ONLY_ADVICE }
        }
        (source, _) => refused_file(url, Refused::Query(source)),
    })
}

/// Whether another connection may do better: this one is broken, or can only read. An SQLite file opened while its disk
/// was read-only stays so; a PostgreSQL that was the primary may be a standby now.
pub fn is_lost(conn: &mut AnyConnection) -> bool {
    conn.is_broken() || ping_for_writing(conn).is_err()
}

/// Asks whether the database would take a write, and leaves it as it is.
///
/// # Errors
/// As [`try_write`].
fn ping_for_writing(conn: &mut AnyConnection) -> QueryResult<()> {
    // In a transaction that is taken back: on a read-only SQLite file its beginning succeeds.
    let done = dialect::write_transaction(conn, |conn| {
        try_write(conn)?;
        Err::<(), _>(QueryError::RollbackTransaction)
    });
    match done {
        Err(QueryError::RollbackTransaction) => Ok(()),
        done => done,
    }
}

/// Writes something that changes nothing: on PostgreSQL it asks only whether it might.
///
/// # Errors
/// What the database says; [`DatabaseErrorKind::ReadOnlyTransaction`] from a PostgreSQL that is read-only.
pub(super) fn try_write(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        AnyConnection::Sqlite(conn) => sqlite_file::mark(conn),
        AnyConnection::Postgres(conn) => {
            let read_only = sql::<Bool>("current_setting('transaction_read_only')::boolean");
            if diesel::select(read_only).get_result(conn)? {
                let about = Box::new("the database is read-only".to_owned());
                return Err(QueryError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, about));
            }
            Ok(())
        }
    }
}
