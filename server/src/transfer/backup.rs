//! A whole database into one file, while the server goes on.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;
use tempfile::NamedTempFile;

use super::checksum;
use super::file::{self, Counts};
use super::{CopyOptions, CopyProgress, TransferError, copy};
use crate::db::dialect::begin_snapshot;
use crate::db::{AnyConnection, DatabaseUrl, folder_of, migrations, open};

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct BackupReport {
    /// Size of the file.
    pub bytes: u64,
    /// Rows by table.
    pub rows: std::collections::BTreeMap<&'static str, i64>,
}

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Writes everything the database holds at one moment to `path`, an SQLite file whatever the database is. It is written
/// under another name, checked, and only then put in its place: there is never half a backup. `force` replaces a file.
///
/// # Errors
/// [`TransferError`]; then `path` is as it was.
pub fn backup(
    url: &DatabaseUrl,
    path: &Path,
    force: bool,
    show: &mut dyn FnMut(CopyProgress),
) -> Result<BackupReport, TransferError> {
    file::refuse_own(path, url)?;
    file::refuse_special(path)?;
    if path.exists() && !force {
        let name = path.display();
        return Err(TransferError::Refused(format!("{name} exists: give another name, or --force to replace it")));
    }
    if let DatabaseUrl::Sqlite(database) = url
        && !database.exists()
    {
        return Err(TransferError::Refused(format!("{url} does not exist: check --database-url")));
    }
    let mut conn = open(url)?;
    let folder = folder_of(path);
    let (_workshop, partial) = file::begin(folder)?;
    match conn {
        AnyConnection::Sqlite(_) => vacuum_into(&mut conn, &partial, show)?,
        AnyConnection::Postgres(_) => copy_into(&mut conn, &partial, url, show)?,
    }
    drop(conn);
    show(CopyProgress::stage("checking what was written"));
    let rows = check(&partial)?;
    checksum::append(partial.path())?;
    file::sync(partial.path())?;
    let bytes = partial.path().metadata()?.len();
    let placed = if force { partial.persist(path) } else { partial.persist_noclobber(path) };
    placed.map_err(|error| TransferError::file(path)(error.error))?;
    // The name, too, must survive a power cut.
    file::sync(folder)?;
    Ok(BackupReport { bytes, rows: rows.into_iter().collect() })
}

fn check(partial: &NamedTempFile) -> Result<Counts, TransferError> {
    let mut conn = file::open_read_only(partial.path())?;
    file::check(&mut conn, partial.path())
}

/// SQLite's own way: one read of the whole database, packed, beside any writer.
fn vacuum_into(
    conn: &mut AnyConnection,
    partial: &NamedTempFile,
    show: &mut dyn FnMut(CopyProgress),
) -> Result<(), TransferError> {
    let name = "the whole database";
    let query = "SELECT (page_count - freelist_count) * page_size AS n \
                 FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    let total = diesel::sql_query(query).get_result::<Size>(conn)?.n;
    let target = partial.path().to_string_lossy().into_owned();
    // SQLite does not tell how far it is; the file does.
    std::thread::scope(|scope| {
        let vacuum =
            scope.spawn(|| diesel::sql_query("VACUUM INTO $1").bind::<Text, _>(target).execute(conn).map(|_| ()));
        while !vacuum.is_finished() {
            let written = partial.path().metadata().map_or(0, |file| file.len());
            show(CopyProgress { table: name, done: i64::try_from(written).unwrap_or(0).min(total), total });
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        vacuum
            .join()
            .map_err(|_| TransferError::Refused("the backup crashed; please report it".to_owned()))?
            .map_err(Into::into)
    })
}

/// One snapshot of PostgreSQL, row by row.
fn copy_into(
    source: &mut AnyConnection,
    partial: &NamedTempFile,
    url: &DatabaseUrl,
    show: &mut dyn FnMut(CopyProgress),
) -> Result<(), TransferError> {
    file::refuse_old_schema(source, &url.to_string())?;
    begin_snapshot(source)?;
    let mut target = migrations::open_up_to_date(&DatabaseUrl::Sqlite(partial.path().to_path_buf()))?;
    // It becomes a backup only when it is whole: until then nothing needs to be on disk.
    target.batch_execute("PRAGMA synchronous = OFF")?;
    copy(source, &mut target, CopyOptions::default(), show)?;
    // One file, without a log beside it.
    target.batch_execute("PRAGMA journal_mode = DELETE")?;
    Ok(())
}
