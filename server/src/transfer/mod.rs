//! Moves whole databases: copies between SQLite and PostgreSQL, backups, and back.

mod backup;
mod checksum;
mod copy;
mod error;
mod file;
mod guards;
mod restore;

pub use backup::{BackupReport, backup};
pub use checksum::Checksum;
pub use copy::{CopyOptions, CopyProgress, TableReport, copy};
pub use error::TransferError;
pub(crate) use file::{refuse_old_schema, refuse_own};
pub use restore::{Inspected, RestoreReport, inspect, restore};

use crate::db::dialect::begin_snapshot;
use crate::db::{DatabaseUrl, is_same_file, migrations, open};

/// Makes the database at `to` equal to the one at `from`, whose schema must be up to date; see [`copy`].
///
/// # Errors
/// [`TransferError`].
pub fn copy_between(
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    options: CopyOptions,
    show: &mut dyn FnMut(CopyProgress),
) -> Result<Vec<TableReport>, TransferError> {
    let one_file = match (from, to) {
        (DatabaseUrl::Sqlite(from), DatabaseUrl::Sqlite(to)) => is_same_file(from, to),
        _ => false,
    };
    if one_file || from == to {
        return Err(TransferError::Refused("--from and --to are the same database".to_owned()));
    }
    if let DatabaseUrl::Sqlite(path) = from
        && !path.exists()
    {
        return Err(TransferError::Refused(format!("{from} does not exist: check --from")));
    }
    let mut source = open(from)?;
    refuse_old_schema(&mut source, &from.to_string())?;
    begin_snapshot(&mut source)?;
    let mut target = migrations::open_up_to_date(to)?;
    copy(&mut source, &mut target, options, show)
}
