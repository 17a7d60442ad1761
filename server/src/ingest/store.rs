//! Writes a batch of records.

use std::collections::HashSet;

use counterbell_shared::time::UnixMillis;
use diesel::result::{Error as DieselError, QueryResult};

use super::record::Record;
use super::update::update_responses;
use crate::db::erase::{any_is_erased, erased_among};
use crate::db::responses::NewResponseRow;
use crate::db::score_days::ScoreDays;
use crate::db::sites::Site;
use crate::db::{AnyConnection, dialect};

/// After so long in the queue, in ms, the site is looked up once more: less than `site delete` waits for servers to notice.
const WAITED_MS: i64 = 4_000;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is new.
    Accepted,
    /// It replaces what is stored, or was added to it.
    Updated,
    /// It is stored already; nothing was written.
    Duplicate,
    /// What is stored takes nothing more; nothing was written.
    Closed,
    /// Its site was deleted meanwhile; nothing was written.
    NoSite,
}

/// How a batch's rows reach the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statements {
    /// All tables in one statement, which needs no transaction around it.
    AtOnce,
    /// A statement or more for each table.
    Steps,
}

impl Statements {
    /// The best this database can do.
    ///
    /// # Errors
    /// What the database says.
    pub fn of(conn: &mut AnyConnection) -> QueryResult<Self> {
        Ok(if dialect::writes_at_once(conn)? { Self::AtOnce } else { Self::Steps })
    }

    /// Stores each record that is not stored yet, with its place in the queue of triage, and replaces what is stored by later
    /// revisions; what became of each. On SQLite that is one transaction. On PostgreSQL later revisions have one of their
    /// own, which may fail by itself.
    ///
    /// # Errors
    /// What the database says; then nothing of the batch is stored.
    pub fn store(self, conn: &mut AnyConnection, batch: &[&Record]) -> QueryResult<Vec<QueryResult<Written>>> {
        if matches!(conn, AnyConnection::Sqlite(_)) {
            let stored = dialect::write_transaction(conn, |conn| self.store_in_transaction(conn, batch))?;
            return Ok(stored.into_iter().map(Ok).collect());
        }
        let stored = self.insert(conn, batch)?;
        let (places, later) = later_revisions(batch, &stored);
        let mut outcomes: Vec<_> = stored.into_iter().map(Ok).collect();
        for (place, outcome) in places.into_iter().zip(update_apart(conn, &later)) {
            outcomes[place] = outcome;
        }
        Ok(outcomes)
    }

    /// As [`Self::store`], in the caller's transaction. Not for PostgreSQL with more than one server: who has stored a
    /// batch holds days of the rollup, and must not wait for a response.
    ///
    /// # Errors
    /// What the database says; then the transaction is to be rolled back.
    pub fn store_in_transaction(self, conn: &mut AnyConnection, batch: &[&Record]) -> QueryResult<Vec<Written>> {
        let mut outcomes = self.insert(conn, batch)?;
        let (places, later) = later_revisions(batch, &outcomes);
        if !later.is_empty() {
            for (place, outcome) in places.into_iter().zip(update_responses(conn, &later)?) {
                outcomes[place] = outcome;
            }
        }
        Ok(outcomes)
    }

    /// Stores what is not stored yet, nor was deleted one by one.
    fn insert(self, conn: &mut AnyConnection, batch: &[&Record]) -> QueryResult<Vec<Written>> {
        let gone = sites_that_are_gone(conn, batch)?;
        let mut erased = erased_before(conn, batch)?;
        loop {
            let refused = |record: &Record| {
                if gone.contains(&record.response.site_id) {
                    return Some(Written::NoSite);
                }
                erased.contains(&key_of(record)).then_some(Written::Duplicate)
            };
            let present: Vec<_> = batch.iter().copied().filter(|record| refused(record).is_none()).collect();
            let Some(stored) = self.insert_present(conn, &present)? else {
                let found = erased_among(conn, &keys_of(&present))?;
                if found.is_empty() {
                    return Err(DieselError::RollbackTransaction);
                }
                erased.extend(found);
                continue;
            };
            let mut stored = stored.into_iter();
            let mut is_new = || stored.next().unwrap_or_default();
            let outcome = |record: &&Record| {
                refused(record).unwrap_or_else(|| if is_new() { Written::Accepted } else { Written::Duplicate })
            };
            return Ok(batch.iter().map(outcome).collect());
        }
    }

    /// For each record whether it was new. `None` when one of them was deleted, and nothing is stored.
    fn insert_present(self, conn: &mut AnyConnection, batch: &[&Record]) -> QueryResult<Option<Vec<bool>>> {
        if batch.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let rows: Vec<_> = batch.iter().map(|record| &record.response).collect();
        let stored = match (self, conn) {
            (Self::AtOnce, AnyConnection::Postgres(pg)) => {
                // One statement cannot write a row twice: of a record sent twice at the same time the first is new.
                let mut seen = HashSet::new();
                let first = |record: &&&Record| seen.insert((record.response.site_id, record.response.response_id));
                let firsts = batch.iter().filter(first);
                let triage: Vec<_> =
                    firsts.filter(|record| record.is_alarming()).map(|record| record.triage()).collect();
                dialect::store_at_once(pg, &rows, &triage)
            }
            (_, conn @ AnyConnection::Sqlite(_)) => store_steps(conn, batch, &rows),
            // Whoever waited for a deletion at the insert sees it now.
            (_, conn) => dialect::write_transaction(conn, |conn| {
                let new = store_steps(conn, batch, &rows)?;
                let accepted: Vec<_> = batch.iter().zip(&new).filter(|(_, new)| **new).map(|(one, _)| *one).collect();
                let erased = erased_among(conn, &keys_of(&accepted))?;
                if erased.is_empty() { Ok(new) } else { Err(DieselError::RollbackTransaction) }
            }),
        };
        match stored {
            Err(DieselError::RollbackTransaction) => Ok(None),
            Err(error) if dialect::says_erased(&error) => Ok(None),
            stored => stored.map(Some),
        }
    }
}

/// Those that were deleted before. On SQLite, where nobody deletes while a batch is stored; PostgreSQL is asked after the
/// insert, which may have waited for a deletion.
fn erased_before(conn: &mut AnyConnection, batch: &[&Record]) -> QueryResult<HashSet<(i64, Vec<u8>)>> {
    if matches!(conn, AnyConnection::Postgres(_)) || !any_is_erased(conn)? {
        return Ok(HashSet::new());
    }
    erased_among(conn, &keys_of(batch))
}

/// The sites that were deleted while their responses waited to be stored: a server that was stopped for a while knows
/// nothing of it. Asked of responses that have waited for long alone, so that nobody else pays for it.
fn sites_that_are_gone(conn: &mut AnyConnection, batch: &[&Record]) -> QueryResult<HashSet<i64>> {
    let since = UnixMillis::now().0 - WAITED_MS;
    let waited = batch.iter().filter(|record| record.response.received_at < since);
    let mut gone: HashSet<i64> = waited.map(|record| record.response.site_id).collect();
    if !gone.is_empty() {
        for site_id in Site::existing(conn, &gone.iter().copied().collect::<Vec<_>>())? {
            gone.remove(&site_id);
        }
    }
    Ok(gone)
}

fn key_of(record: &Record) -> (i64, Vec<u8>) {
    (record.response.site_id, record.response.response_id.to_vec())
}

fn keys_of(records: &[&Record]) -> Vec<(i64, Vec<u8>)> {
    records.iter().map(|record| key_of(record)).collect()
}

/// Those that were stored before, and may be later than what is stored; with their places in the batch.
fn later_revisions<'a>(batch: &[&'a Record], outcomes: &[Written]) -> (Vec<usize>, Vec<&'a Record>) {
    let stored = batch.iter().zip(outcomes).enumerate();
    let later = stored.filter(|(_, (record, outcome))| **outcome == Written::Duplicate && record.response.revision > 0);
    later.map(|(place, (record, _))| (place, *record)).unzip()
}

/// Replaces what is stored in one transaction; should that fail, each in one of its own, so that a bad one hurts no
/// neighbour.
fn update_apart(conn: &mut AnyConnection, later: &[&Record]) -> Vec<QueryResult<Written>> {
    if later.is_empty() {
        return Vec::new();
    }
    let mut update = |records: &[&Record]| dialect::write_transaction(conn, |conn| update_responses(conn, records));
    match update(later) {
        Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
        Err(error) if later.len() == 1 => vec![Err(error)],
        Err(_) => later.iter().map(|record| Ok(update(&[record])?.pop().unwrap_or(Written::Duplicate))).collect(),
    }
}

/// For each row whether it was new.
fn store_steps(conn: &mut AnyConnection, batch: &[&Record], rows: &[&NewResponseRow]) -> QueryResult<Vec<bool>> {
    let new = dialect::insert_responses(conn, rows)?;
    let accepted = || batch.iter().zip(&new).filter(|(_, new)| **new).map(|(record, _)| *record);
    let mut counts = ScoreDays::default();
    for record in accepted() {
        counts.count(&record.response);
    }
    counts.store(conn)?;
    let with_comment = accepted().map(|record| &record.response).filter(|row| row.comment.is_some());
    let to_index: Vec<_> = with_comment.map(|row| (row.site_id, row.response_id.as_slice())).collect();
    if !to_index.is_empty() {
        dialect::enqueue_for_search(conn, &to_index)?;
    }
    let triage: Vec<_> = accepted().filter(|record| record.is_alarming()).map(Record::triage).collect();
    if !triage.is_empty() {
        dialect::enqueue_for_triage(conn, &triage)?;
    }
    Ok(new)
}
