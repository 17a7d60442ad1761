//! Makes one database equal to another, range by range.

use std::collections::BTreeMap;
use std::hash::Hasher;

use counterbell_shared::time::UnixMillis;
use diesel::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::TransferError;
use super::guards::{only_in_target, refuse_fuller_target, refuse_other_sites, refuse_unknown_tables};
use crate::counted::counted;
use crate::db::tables::{self, Part, Row, count_rows, for_each_table};
use crate::db::{AnyConnection, dialect, journal};

/// What may be done to the target.
#[derive(Clone, Copy, Debug, Default)]
pub struct CopyOptions {
    /// Only compare.
    pub dry_run: bool,
    /// Remove what only the target has.
    pub delete_extra: bool,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct CopyProgress {
    /// The table, or the step, being worked on.
    pub table: &'static str,
    /// Rows of the source that are done, of all tables.
    pub done: i64,
    /// Rows of the source; 0 when there is no telling.
    pub total: i64,
}

impl CopyProgress {
    /// A step nobody can say the middle of.
    pub(super) fn stage(name: &'static str) -> Self {
        Self { table: name, done: 0, total: 0 }
    }
}

/// What became of one table.
#[derive(Clone, Debug, Serialize)]
pub struct TableReport {
    /// Its name.
    pub table: &'static str,
    /// Rows of the source, and of the target when all is done.
    pub rows: i64,
    /// Rows that were equal before.
    pub equal: i64,
    /// Rows the target lacked.
    pub inserted: i64,
    /// Rows that were other in the target.
    pub updated: i64,
    /// Rows only the target had.
    pub deleted: i64,
    /// Over all rows of the source, range by range: the same for the same rows.
    pub sha256: String,
}

impl TableReport {
    /// Whether the target was equal before.
    pub fn is_equal(&self) -> bool {
        (self.inserted, self.updated, self.deleted) == (0, 0, 0)
    }
}

/// Makes `target` equal to `source`: compares range by range and writes only what differs, so that a second run goes on
/// where the first was stopped, or verifies it. Each range is a transaction of its own. `source` should be a snapshot
/// ([`dialect::begin_snapshot`]); both schemas must be up to date. What is derived is not copied but made anew.
///
/// # Errors
/// [`TransferError`]; what was copied until then stays.
pub fn copy(
    source: &mut AnyConnection,
    target: &mut AnyConnection,
    options: CopyOptions,
    show: &mut dyn FnMut(CopyProgress),
) -> Result<Vec<TableReport>, TransferError> {
    for conn in [&mut *source, &mut *target] {
        refuse_unknown_tables(conn)?;
    }
    let site_ids = refuse_other_sites(source, target)?;
    if !options.delete_extra && !options.dry_run {
        refuse_fuller_target(source, target)?;
    }
    let total = count_rows(source)?.iter().map(|(_, rows)| rows).sum();
    let mut run = Run { source, target, options, show, done: 0, total };
    macro_rules! copy_each {
        (copied { $($table:ident: $row:ident, $_spread:ident, $_belongs:ident, $_personal:tt;)* } $_derived:ident $_rest:tt) => {
            vec![$(run.copy_table::<tables::$row>(stringify!($table), &site_ids)?),*]
        };
    }
    let reports = for_each_table!(copy_each);
    if !options.dry_run {
        dialect::after_copy(run.target)?;
    }
    if !options.dry_run && reports.iter().any(|report| !report.is_equal()) {
        journal::begin_epoch(run.target, UnixMillis::now().0)?;
    }
    Ok(reports)
}

struct Run<'a> {
    source: &'a mut AnyConnection,
    target: &'a mut AnyConnection,
    options: CopyOptions,
    show: &'a mut dyn FnMut(CopyProgress),
    done: i64,
    total: i64,
}

impl Run<'_> {
    fn copy_table<T: Row>(&mut self, table: &'static str, site_ids: &[i64]) -> Result<TableReport, TransferError> {
        let mut report =
            TableReport { table, rows: 0, equal: 0, inserted: 0, updated: 0, deleted: 0, sha256: String::new() };
        let mut digest = RowDigest(Sha256::new());
        for part in T::parts(site_ids) {
            let (mut after, last) = T::ends();
            while let Some(end) = T::range_end(self.source, part, &after)? {
                self.copy_range::<T>(part, &after, &end, &mut report, &mut digest)?;
                after = end;
            }
            self.copy_range::<T>(part, &after, &last, &mut report, &mut digest)?;
        }
        report.sha256 = digest.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let (ours, theirs) = (T::count(self.source)?, T::count(self.target)?);
        if ours != report.rows {
            let ours = counted(ours, "row", "rows");
            let detail = format!("the source has {ours}, of which {} belong to a site and a metric", report.rows);
            return Err(TransferError::Differs { table, detail });
        }
        if !self.options.dry_run && theirs != ours {
            let detail = format!("the source has {}, the target {theirs}", counted(ours, "row", "rows"));
            return Err(TransferError::Differs { table, detail });
        }
        Ok(report)
    }

    fn copy_range<T: Row>(
        &mut self,
        part: Part,
        after: &T::Cursor,
        end: &T::Cursor,
        report: &mut TableReport,
        digest: &mut RowDigest,
    ) -> Result<(), TransferError> {
        let ours = by_key::<T>(T::load(self.source, part, after, end)?);
        let theirs = by_key::<T>(T::load(self.target, part, after, end)?);
        for row in ours.values() {
            row.hash(digest);
        }
        let difference = Difference::<T>::between(&ours, &theirs);
        if !difference.extra.is_empty() && !self.options.delete_extra && !self.options.dry_run {
            return Err(only_in_target(report.table, difference.extra.len()));
        }
        if !self.options.dry_run && !difference.is_empty() {
            self.target.transaction(|conn| difference.apply(conn))?;
            if by_key::<T>(T::load(self.target, part, after, end)?) != ours {
                let detail = "what was written is not what is read".to_owned();
                return Err(TransferError::Differs { table: report.table, detail });
            }
        }
        let (rows, inserted, updated) = (len(&ours), difference.missing.len() as i64, difference.changed.len() as i64);
        report.rows += rows;
        report.inserted += inserted;
        report.updated += updated;
        report.deleted += difference.extra.len() as i64;
        report.equal += rows - inserted - updated;
        self.done += rows;
        (self.show)(CopyProgress { table: report.table, done: self.done, total: self.total });
        Ok(())
    }
}

type Rows<T> = BTreeMap<<T as Row>::Key, T>;

/// Sorted by us: the databases need not order texts alike.
fn by_key<T: Row>(rows: Vec<T>) -> Rows<T> {
    rows.into_iter().map(|row| (T::key(&row), row)).collect()
}

fn len<K, V>(rows: &BTreeMap<K, V>) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

struct Difference<T> {
    missing: Vec<T>,
    changed: Vec<T>,
    extra: Vec<T>,
}

impl<T: Row> Difference<T> {
    fn between(ours: &Rows<T>, theirs: &Rows<T>) -> Self {
        let mut difference = Self { missing: Vec::new(), changed: Vec::new(), extra: Vec::new() };
        for (key, row) in ours {
            match theirs.get(key) {
                None => difference.missing.push(row.clone()),
                Some(other) if other != row => difference.changed.push(row.clone()),
                Some(_) => {}
            }
        }
        difference.extra =
            theirs.iter().filter(|(key, _)| !ours.contains_key(key)).map(|(_, row)| row.clone()).collect();
        difference
    }

    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty() && self.extra.is_empty()
    }

    fn apply(&self, conn: &mut AnyConnection) -> QueryResult<()> {
        // First, since a row that is to come may have the same value in a unique column.
        for row in &self.extra {
            T::delete(conn, row)?;
        }
        T::after_delete(conn, &self.extra)?;
        for row in &self.changed {
            T::update(conn, row)?;
        }
        if !self.missing.is_empty() {
            T::insert(conn, &self.missing)?;
        }
        // In the same transaction: a copy that is killed, and one that finds these rows equal, must not leave it undone.
        T::after_write(conn, &self.missing.iter().chain(&self.changed).collect::<Vec<_>>())
    }
}

/// Feeds what `Hash` says of a row into SHA-256.
struct RowDigest(Sha256);

impl Hasher for RowDigest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
