//! Brings the schema up to date, and back.

use std::error::Error;

use diesel::Connection;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{AnyConnection, OpenError, check_pooling, check_writable, open, refused_file};
use super::url::DatabaseUrl;
use super::{dialect, sqlite_file};

const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

type MigrationResult<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// All migrations of the database that `conn` leads to.
pub(super) fn embedded(conn: &AnyConnection) -> EmbeddedMigrations {
    match conn {
        AnyConnection::Sqlite(_) => SQLITE,
        AnyConnection::Postgres(_) => POSTGRES,
    }
}

/// Applies what is pending; the names applied. Two servers that start together do it once.
///
/// # Errors
/// What the database says; a migration is applied whole or not at all.
pub fn up(conn: &mut AnyConnection) -> MigrationResult<Vec<String>> {
    let migrations = embedded(conn);
    dialect::with_migration_lock(conn, |conn| {
        let applied = conn.run_pending_migrations(migrations)?;
        Ok(applied.iter().map(ToString::to_string).collect())
    })
}

/// The version of the newest migration that is applied.
///
/// # Errors
/// When none is applied, or the database refuses.
pub fn newest(conn: &mut AnyConnection) -> MigrationResult<String> {
    let newest = conn.applied_migrations()?.into_iter().max();
    newest.map(|version| version.to_string()).ok_or_else(|| "no migration is applied".into())
}

/// How a database's schema compares with the one this program knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaState {
    /// Names of migrations still to be applied.
    pub pending: Vec<String>,
    /// Versions of migrations that are applied and that this program does not know.
    pub unknown: Vec<String>,
}

/// Compares the schema with this program's. Makes the table that remembers migrations when it is missing; call in a
/// transaction that is taken back to leave nothing.
///
/// # Errors
/// What the database says.
pub fn state(conn: &mut AnyConnection) -> MigrationResult<SchemaState> {
    let migrations = embedded(conn);
    let known: Vec<Box<dyn Migration<<AnyConnection as Connection>::Backend>>> = migrations.migrations()?;
    let applied = conn.applied_migrations()?;
    let is_known = |version: &MigrationVersion<'_>| known.iter().any(|one| one.name().version() == *version);
    Ok(SchemaState {
        pending: conn.pending_migrations(migrations)?.iter().map(|one| one.name().to_string()).collect(),
        unknown: applied.iter().filter(|version| !is_known(version)).map(ToString::to_string).collect(),
    })
}

/// What opening a database did to its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaChange {
    /// It was up to date.
    None,
    /// There was none: the database is new.
    Made,
    /// So many migrations were applied.
    Updated(usize),
}

/// Opens the database with its schema up to date.
///
/// # Errors
/// [`OpenError`] when the database does not answer, is not to be used, or its schema cannot be brought up to date.
pub fn open_up_to_date(url: &DatabaseUrl) -> Result<AnyConnection, OpenError> {
    open_and_update(url).map(|(conn, _)| conn)
}

/// As [`open_up_to_date`], and what had to be done for that.
///
/// # Errors
/// As [`open_up_to_date`].
pub fn open_and_update(url: &DatabaseUrl) -> Result<(AnyConnection, SchemaChange), OpenError> {
    let failed =
        |error: Box<dyn Error + Send + Sync>| OpenError::Migrate { url: url.to_string(), reason: error.to_string() };
    let mut conn = open_checked(url)?;
    let applied = up(&mut conn).map_err(failed)?.len();
    let change = match applied {
        0 => SchemaChange::None,
        _ if conn.applied_migrations().map_err(failed)?.len() == applied => SchemaChange::Made,
        _ => SchemaChange::Updated(applied),
    };
    Ok((conn, change))
}

/// Opens the database, whatever its schema, after a look whether it is sound, ours, not of a later version, and can be
/// written to.
///
/// # Errors
/// [`OpenError`].
pub fn open_checked(url: &DatabaseUrl) -> Result<AnyConnection, OpenError> {
    let mut conn = open(url)?;
    if let (AnyConnection::Sqlite(conn), DatabaseUrl::Sqlite(path)) = (&mut conn, url) {
        sqlite_file::check_content(conn, path).map_err(|refused| refused_file(url, refused))?;
    }
    check_pooling(&mut conn, url)?;
    check_writable(&mut conn, url)?;
    check_known(&mut conn, url)?;
    Ok(conn)
}

/// Makes sure that no migration was applied that only a later version knows.
fn check_known(conn: &mut AnyConnection, url: &DatabaseUrl) -> Result<(), OpenError> {
    let url = url.to_string();
    match dialect::with_migration_lock(conn, state) {
        Ok(state) => {
            state.unknown.into_iter().next().map_or(Ok(()), |migration| Err(OpenError::Newer { url, migration }))
        }
        Err(error) => Err(OpenError::Migrate { url, reason: error.to_string() }),
    }
}
