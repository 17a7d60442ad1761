//! The database that a command works with.

use super::CliError;
use super::output::tell;
use crate::counted::counted;
use crate::db::migrations::{SchemaChange, open_and_update};
use crate::db::{AnyConnection, DatabaseUrl};

/// Opens it with its schema up to date, and says on standard error what had to be done for that.
///
/// # Errors
/// As [`open_and_update`].
pub fn open_up_to_date(url: &DatabaseUrl) -> Result<AnyConnection, CliError> {
    let (conn, change) = open_and_update(url)?;
    match change {
        SchemaChange::None => {}
        SchemaChange::Made => tell(&format!("Made a new database: {url}")),
        SchemaChange::Updated(number) => {
            tell(&format!("Brought the database up to date: {}", counted(number, "migration", "migrations")));
        }
    }
    Ok(conn)
}
