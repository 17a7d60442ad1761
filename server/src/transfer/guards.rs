//! What is refused before a copy begins, because something would be lost.

use diesel::QueryResult;

use super::TransferError;
use crate::counted::counted;
use crate::db::AnyConnection;
use crate::db::tables::{self, Row as _, SiteRow, count_rows};

/// A table this program does not know would be lost without a word.
pub(super) fn refuse_unknown_tables(conn: &mut AnyConnection) -> Result<(), TransferError> {
    let unknown = tables::unknown(conn)?;
    if unknown.is_empty() {
        return Ok(());
    }
    let names = unknown.join(", ");
    Err(TransferError::Refused(format!(
        "the database has tables this program does not know and would not copy: {names}; move them elsewhere"
    )))
}

/// The target must be empty or an earlier copy: a site of its own would be mixed up with one of the source's.
pub(super) fn refuse_other_sites(
    source: &mut AnyConnection,
    target: &mut AnyConnection,
) -> Result<Vec<i64>, TransferError> {
    let load = |conn: &mut AnyConnection| {
        let ((), ()) = SiteRow::ends();
        SiteRow::parts(&[]).into_iter().map(|part| SiteRow::load(conn, part, &(), &())).collect::<QueryResult<Vec<_>>>()
    };
    let ours: Vec<SiteRow> = load(source)?.into_iter().flatten().collect();
    let theirs: Vec<SiteRow> = load(target)?.into_iter().flatten().collect();
    for site in theirs {
        if !ours.iter().any(|our| (our.id, &our.site_key) == (site.id, &site.site_key)) {
            return Err(TransferError::Refused(format!(
                "the target has a site of its own, {}: it is no earlier copy; is --from the database that is meant? \
                 Give an empty one as --to",
                site.site_key
            )));
        }
    }
    Ok(ours.into_iter().map(|site| site.id).collect())
}

/// Before anything is written: most likely the two were swapped.
pub(super) fn refuse_fuller_target(
    source: &mut AnyConnection,
    target: &mut AnyConnection,
) -> Result<(), TransferError> {
    for ((table, ours), (_, theirs)) in count_rows(source)?.into_iter().zip(count_rows(target)?) {
        if theirs > ours {
            return Err(only_in_target(table, usize::try_from(theirs - ours).unwrap_or(usize::MAX)));
        }
    }
    Ok(())
}

pub(super) fn only_in_target(table: &str, rows: usize) -> TransferError {
    let rows = counted(rows, "row", "rows");
    TransferError::Refused(format!(
        "the target has {rows} in {table} that the source does not have: are --from and --to swapped? --delete-extra \
         deletes what the target alone has"
    ))
}
