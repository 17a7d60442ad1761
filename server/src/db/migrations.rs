//! Brings the schema up to date, and back.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{AnyConnection, OpenError, open};
use super::dialect;
use super::url::DatabaseUrl;

const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

type MigrationResult<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn embedded(conn: &AnyConnection) -> EmbeddedMigrations {
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

/// Takes back the newest migration; its name.
///
/// # Errors
/// When none is applied, or the database refuses.
pub fn revert_last(conn: &mut AnyConnection) -> MigrationResult<String> {
    let migrations = embedded(conn);
    dialect::with_migration_lock(conn, |conn| Ok(conn.revert_last_migration(migrations)?.to_string()))
}

/// Opens the database with its schema up to date.
///
/// # Errors
/// [`OpenError`] when the database does not answer or its schema cannot be brought up to date.
pub fn open_up_to_date(url: &DatabaseUrl) -> Result<AnyConnection, OpenError> {
    let mut conn = open(url)?;
    up(&mut conn).map_err(|error| OpenError::Migrate { url: url.to_string(), reason: error.to_string() })?;
    Ok(conn)
}
