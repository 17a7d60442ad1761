//! A backup back into a database.

use std::path::Path;

use counterbell_shared::time::UnixMillis;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde::Serialize;

use super::checksum::{self, Checksum};
use super::file::{self, Counts};
use super::{CopyOptions, CopyProgress, TransferError, copy};
use crate::counted::counted;
use crate::db::dialect::begin_snapshot;
use crate::db::outbox::OutboxState;
use crate::db::schema::{outbox, triage_queue};
use crate::db::tables::{self, count_rows};
use crate::db::{AnyConnection, DatabaseUrl, OpenError, dialect, folder_of, journal, migrations, open};

/// What was restored.
#[derive(Clone, Debug, Serialize)]
pub struct RestoreReport {
    /// Rows by table, as in the backup.
    pub rows: std::collections::BTreeMap<&'static str, i64>,
    /// Messages that are delivered when a server starts, perhaps for the second time.
    pub pending_messages: i64,
    /// Responses that triage decides about when a server starts: staff may be told for the second time.
    pub awaiting_triage: i64,
    /// What the backup's checksum said.
    pub checksum: Checksum,
}

/// What a backup holds.
#[derive(Clone, Debug, Serialize)]
pub struct Inspected {
    /// Rows by table; of an older backup, those it would have when brought up to date.
    pub rows: std::collections::BTreeMap<&'static str, i64>,
    /// What its checksum says.
    pub checksum: Checksum,
}

/// Puts the backup at `path` in the place of the database at `url`, which must be empty unless `force` is given. The
/// backup is checked before, the database after. All of it or nothing: a server that runs is refused, and a failure
/// leaves the database as it was.
///
/// # Errors
/// [`TransferError`].
pub fn restore(
    path: &Path,
    url: &DatabaseUrl,
    force: bool,
    show: &mut dyn FnMut(CopyProgress),
) -> Result<RestoreReport, TransferError> {
    file::refuse_own(path, url)?;
    let (checksum, expected) = check_backup(path, show)?;
    let backup = Backup { path, checksum };
    match url {
        DatabaseUrl::Sqlite(database) => into_file(backup, database, &expected, force, show)?,
        DatabaseUrl::Postgres(_) => into_postgres(backup, url, force, show)?,
    }
    let mut conn = open(url)?;
    let rows = count_rows(&mut conn)?;
    for ((table, expected), (_, found)) in expected.iter().zip(&rows) {
        // An older backup may lack a table that its migration filled.
        if found != expected && *expected != 0 {
            let detail = format!("the backup has {}, the database {found}", counted(*expected, "row", "rows"));
            return Err(TransferError::Differs { table, detail });
        }
    }
    let pending = outbox::table.filter(outbox::state.eq(OutboxState::Pending.as_str()));
    let pending_messages = pending.count().get_result(&mut conn)?;
    let awaiting_triage = triage_queue::table.count().get_result(&mut conn)?;
    Ok(RestoreReport { rows: rows.into_iter().collect(), pending_messages, awaiting_triage, checksum })
}

/// Checks the backup at `path` as [`restore`] does, and changes nothing.
///
/// # Errors
/// [`TransferError`].
pub fn inspect(path: &Path, show: &mut dyn FnMut(CopyProgress)) -> Result<Inspected, TransferError> {
    let (checksum, rows) = check_backup(path, show)?;
    Ok(Inspected { rows: rows.into_iter().collect(), checksum })
}

/// A file that was checked.
#[derive(Clone, Copy)]
struct Backup<'a> {
    path: &'a Path,
    checksum: Checksum,
}

/// Every byte, every page, every reference; what the backup holds.
fn check_backup(path: &Path, show: &mut dyn FnMut(CopyProgress)) -> Result<(Checksum, Counts), TransferError> {
    show(CopyProgress::stage("checking the backup"));
    let checksum = checksum::check(path)?;
    let mut backup = file::open_read_only(path)?;
    Ok((checksum, check_content(&mut backup, Backup { path, checksum })?))
}

/// What the backup holds; of an older one, what it would hold when brought up to date.
fn check_content(conn: &mut AnyConnection, backup: Backup<'_>) -> Result<Counts, TransferError> {
    let path = backup.path;
    let refused = |error: TransferError| match error {
        TransferError::Query(error) => {
            TransferError::Refused(format!("{} is no backup of this program: {error}", path.display()))
        }
        other => other,
    };
    if !dialect::table_names(conn).map_err(|error| refused(error.into()))?.iter().any(|name| name == "responses") {
        return Err(TransferError::Refused(format!("{} is no backup: it has no responses", path.display())));
    }
    if file::check_schema(conn, &path.display().to_string())? {
        let mut older = UpToDate::of(backup)?;
        return file::check(&mut older.conn, path);
    }
    file::check(conn, path).map_err(refused)
}

/// A copy of a backup, with this program's schema.
struct UpToDate {
    conn: AnyConnection,
    // After the connection: deleted once that has let go of it.
    _folder: tempfile::TempDir,
}

impl UpToDate {
    fn of(backup: Backup<'_>) -> Result<Self, TransferError> {
        let folder = tempfile::tempdir()?;
        let copied = folder.path().join("backup.db");
        checksum::copy_database(backup.path, &copied, backup.checksum)?;
        let conn = migrations::open_up_to_date(&DatabaseUrl::Sqlite(copied))?;
        Ok(Self { conn, _folder: folder })
    }
}

fn into_file(
    backup: Backup<'_>,
    database: &Path,
    expected: &Counts,
    force: bool,
    show: &mut dyn FnMut(CopyProgress),
) -> Result<(), TransferError> {
    let folder = folder_of(database);
    std::fs::create_dir_all(folder).map_err(TransferError::file(folder))?;
    let (_workshop, partial) = file::begin(folder)?;
    show(CopyProgress::stage("copying the backup"));
    checksum::copy_database(backup.path, partial.path(), backup.checksum)?;
    show(CopyProgress::stage("checking the copy"));
    let mut conn = migrations::open_up_to_date(&DatabaseUrl::Sqlite(partial.path().to_path_buf()))?;
    dialect::index_what_is_missing(&mut conn)?;
    journal::begin_epoch(&mut conn, UnixMillis::now().0)?;
    // One file again, which can be renamed.
    conn.batch_execute("PRAGMA journal_mode = DELETE")?;
    if file::check(&mut conn, partial.path())? != *expected {
        let detail = "the copy of the backup does not hold what the backup holds".to_owned();
        return Err(TransferError::Differs { table: "the whole database", detail });
    }
    drop(conn);
    file::sync(partial.path())?;
    if database.exists() {
        make_way(database, force)?;
        // Whoever could read the one before can read this one.
        let permissions = database.metadata().map_err(TransferError::file(database))?.permissions();
        std::fs::set_permissions(partial.path(), permissions).map_err(TransferError::file(partial.path()))?;
    }
    // They belong to what was there before: a log of another database must not meet this one.
    for helper in file::helpers(database) {
        match std::fs::remove_file(&helper) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(TransferError::File { path: helper, source: error });
            }
            _ => {}
        }
    }
    partial.persist(database).map_err(|error| TransferError::file(database)(error.error))?;
    // The name, too, must survive a power cut.
    file::sync(folder)
}

/// Makes sure that the file may be replaced: nobody uses it, and it holds nothing unless `force` is given.
fn make_way(database: &Path, force: bool) -> Result<(), TransferError> {
    let url = DatabaseUrl::Sqlite(database.to_path_buf());
    let mut conn = match open(&url) {
        Ok(conn) => conn,
        // A damaged one is what a backup is for.
        Err(OpenError::Damaged { .. }) if force => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    refuse_used(&mut conn, &url)?;
    if force { Ok(()) } else { refuse_full(&mut conn, &url) }
}

fn refuse_used(conn: &mut AnyConnection, url: &DatabaseUrl) -> Result<(), TransferError> {
    if dialect::is_alone(conn)? {
        return Ok(());
    }
    Err(TransferError::Refused(format!("{url} is in use: stop the server first")))
}

fn refuse_full(conn: &mut AnyConnection, url: &DatabaseUrl) -> Result<(), TransferError> {
    let tables = dialect::table_names(conn)?;
    if !tables.iter().any(|name| name == "responses") && tables.is_empty() {
        return Ok(());
    }
    let refused = |what: &str| {
        TransferError::Refused(format!("{url} holds {what}: take a backup of it, then --force to replace everything"))
    };
    // What cannot be counted is not empty.
    let counts = count_rows(conn).map_err(|_| refused("tables that are not this program's"))?;
    match counts.iter().find(|(_, rows)| *rows > 0) {
        Some((table, rows)) => Err(refused(&format!("{} in {table}", counted(*rows, "row", "rows")))),
        None => Ok(()),
    }
}

fn into_postgres(
    backup: Backup<'_>,
    url: &DatabaseUrl,
    force: bool,
    show: &mut dyn FnMut(CopyProgress),
) -> Result<(), TransferError> {
    let mut target = migrations::open_up_to_date(url)?;
    refuse_used(&mut target, url)?;
    if !force {
        refuse_full(&mut target, url)?;
    }
    let mut source = UpToDate::of(backup)?;
    begin_snapshot(&mut source.conn)?;
    target.transaction(|target| {
        // Their order does not matter: all go together.
        target.batch_execute(&tables::truncate_postgres())?;
        copy(&mut source.conn, target, CopyOptions::default(), show).map(|_| ())
    })
}
