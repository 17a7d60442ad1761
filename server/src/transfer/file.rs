//! A database as one SQLite file: opened without changing it, checked, put in its place.

use std::fs::File;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_types::Text;
use tempfile::{NamedTempFile, TempDir};

use super::TransferError;
use crate::db::tables::count_rows;
use crate::db::{AnyConnection, DatabaseUrl, OpenError, folder_of, is_same_file, migrations};

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

/// Opens the file for reading alone; nothing beside it is made.
///
/// # Errors
/// [`TransferError`] when there is no file.
pub(super) fn open_read_only(path: &Path) -> Result<AnyConnection, TransferError> {
    let whole = path.canonicalize().map_err(TransferError::file(path))?;
    let refused = || TransferError::Refused(format!("{} is no name of a file", path.display()));
    // SQLite reads `%41` as every URL does. Nobody changes the file, so no lock is needed.
    let mut uri = url::Url::from_file_path(&whole).map_err(|()| refused())?;
    uri.set_query(Some("mode=ro&immutable=1"));
    let opened = SqliteConnection::establish(uri.as_str());
    let url = DatabaseUrl::Sqlite(path.to_path_buf()).to_string();
    Ok(AnyConnection::Sqlite(opened.map_err(|source| OpenError::Connect { url, source })?))
}

/// What a whole database holds.
pub(super) type Counts = Vec<(&'static str, i64)>;

/// Looks at every page of an SQLite database and every reference in it, and counts the rows of the tables known.
///
/// # Errors
/// [`TransferError::Refused`] when it is damaged or is no database of this program's.
pub(super) fn check(conn: &mut AnyConnection, path: &Path) -> Result<Counts, TransferError> {
    let damaged = |what: &str| TransferError::Refused(format!("{} cannot be used: {what}", path.display()));
    let found: Vec<Word> = diesel::sql_query("SELECT integrity_check AS word FROM pragma_integrity_check")
        .load(conn)
        .map_err(|error| damaged(&error.to_string()))?;
    if found.iter().map(|row| row.word.as_str()).ne(["ok"]) {
        return Err(damaged(found.first().map_or("it is empty", |row| &row.word)));
    }
    let broken: Vec<Word> =
        diesel::sql_query("SELECT \"table\" || ' refers to ' || parent AS word FROM pragma_foreign_key_check")
            .load(conn)?;
    if let Some(broken) = broken.first() {
        return Err(damaged(&format!("a row of {}, which lacks it", broken.word)));
    }
    Ok(count_rows(conn)?)
}

/// Refuses a database of a newer program; whether its schema is behind.
///
/// # Errors
/// [`TransferError::Refused`].
pub(super) fn check_schema(conn: &mut AnyConnection, name: &str) -> Result<bool, TransferError> {
    let state = migrations::state(conn)
        .map_err(|error| TransferError::Refused(format!("{name} is no database of this program: {error}")))?;
    if state.unknown.is_empty() {
        return Ok(!state.pending.is_empty());
    }
    let unknown = state.unknown.join(", ");
    Err(TransferError::Refused(format!("{name} was made by a newer version of this program ({unknown}): use that one")))
}

/// Reading needs the columns this program knows.
pub(crate) fn refuse_old_schema(conn: &mut AnyConnection, name: &str) -> Result<(), TransferError> {
    if check_schema(conn, name)? {
        let advice = "bring it up to date with `counterbell migrate`, or use the version that made it";
        return Err(TransferError::Refused(format!("the schema of {name} is behind this program's: {advice}")));
    }
    Ok(())
}

/// An empty file to be put in its place when it is whole, and the folder beside that place it lies in: only there can it
/// be renamed. Both are gone when they are dropped, with all that SQLite put beside the file. Only its owner can read it.
pub(super) fn begin(folder: &Path) -> Result<(TempDir, NamedTempFile), TransferError> {
    let workshop = tempfile::Builder::new().prefix(".counterbell-").tempdir_in(folder);
    let workshop = workshop.map_err(TransferError::file(folder))?;
    let partial = NamedTempFile::new_in(workshop.path()).map_err(TransferError::file(folder))?;
    Ok((workshop, partial))
}

/// Writes what the system still holds of a file to the disk.
pub(super) fn sync(path: &Path) -> Result<(), TransferError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(TransferError::file(path))
}

/// Refuses a name of the database itself, or of what lies or may come to lie beside it.
///
/// # Errors
/// [`TransferError::Refused`].
pub fn refuse_own(path: &Path, url: &DatabaseUrl) -> Result<(), TransferError> {
    let DatabaseUrl::Sqlite(database) = url else { return Ok(()) };
    let place = |path: &Path| Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
    let real = database.canonicalize().unwrap_or_else(|_| database.to_path_buf());
    let is_own = |own: &Path| is_same_file(path, own) || place(path).is_some_and(|at| Some(at) == place(own));
    if [database, &real].into_iter().any(|own| is_own(own) || helpers(own).any(|helper| is_own(&helper))) {
        let name = path.display();
        return Err(TransferError::Refused(format!("{name} belongs to the database itself: give another file")));
    }
    Ok(())
}

/// Refuses what is there and is no plain file: whoever renames a file onto a device or a pipe destroys it.
///
/// # Errors
/// [`TransferError::Refused`].
pub(super) fn refuse_special(path: &Path) -> Result<(), TransferError> {
    match path.metadata() {
        Ok(there) if !there.is_file() => {
            let name = path.display();
            Err(TransferError::Refused(format!("{name} is not a regular file: give the name of one, or of none")))
        }
        _ => Ok(()),
    }
}

/// The helpers SQLite and the search index keep beside a database.
pub(super) fn helpers(path: &Path) -> impl Iterator<Item = PathBuf> {
    ["-wal", "-shm", "-journal", "-search", "-search-wal", "-search-shm"].into_iter().map(move |suffix| {
        let mut name = path.to_path_buf().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    })
}
