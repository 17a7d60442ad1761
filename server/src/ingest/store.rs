//! Writes a batch of records.

use std::collections::HashSet;

use counterbell_shared::time::UnixMillis;
use diesel::result::QueryResult;

use super::record::Record;
use super::update::update_responses;
use crate::db::erase::erased_among;
use crate::db::responses::NewResponseRow;
use crate::db::score_days::ScoreDays;
use crate::db::sites::Site;
use crate::db::{AnyConnection, dialect};

/// After so long in the queue, in ms, the site is looked up once more: less than `site delete` waits for servers to notice.
const WAITED_MS: i64 = 4_000;

/// Nobody reads and deletes a response within so many ms of its id.
const JUST_NOW_MS: u64 = 10_000;

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
        let stored = match (self, &*conn) {
            (_, AnyConnection::Sqlite(_)) => {
                let stored = dialect::write_transaction(conn, |conn| self.store_in_transaction(conn, batch))?;
                return Ok(stored.into_iter().map(Ok).collect());
            }
            (Self::AtOnce, _) => self.insert(conn, batch)?,
            (Self::Steps, _) => dialect::write_transaction(conn, |conn| self.insert(conn, batch))?,
        };
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

    /// Stores what is not stored yet.
    fn insert(self, conn: &mut AnyConnection, batch: &[&Record]) -> QueryResult<Vec<Written>> {
        let gone = sites_that_are_gone(conn, batch)?;
        let erased = erased_among(conn, &keys_that_are_not_new(batch))?;
        if gone.is_empty() && erased.is_empty() {
            return self.insert_present(conn, batch);
        }
        let refused = |record: &Record| {
            if gone.contains(&record.response.site_id) {
                return Some(Written::NoSite);
            }
            erased.contains(&key_of(record)).then_some(Written::Duplicate)
        };
        let present: Vec<_> = batch.iter().copied().filter(|record| refused(record).is_none()).collect();
        let stored = if present.is_empty() { Vec::new() } else { self.insert_present(conn, &present)? };
        let mut stored = stored.into_iter();
        let outcome = |record: &&Record| refused(record).unwrap_or_else(|| stored.next().unwrap_or(Written::Duplicate));
        Ok(batch.iter().map(outcome).collect())
    }

    fn insert_present(self, conn: &mut AnyConnection, batch: &[&Record]) -> QueryResult<Vec<Written>> {
        let rows: Vec<_> = batch.iter().map(|record| &record.response).collect();
        let new = match (self, conn) {
            (Self::AtOnce, AnyConnection::Postgres(pg)) => {
                // One statement cannot write a row twice: of a record sent twice at the same time the first is new.
                let mut seen = HashSet::new();
                let first = |record: &&&Record| seen.insert((record.response.site_id, record.response.response_id));
                let firsts = batch.iter().filter(first);
                let triage: Vec<_> =
                    firsts.filter(|record| record.is_alarming()).map(|record| record.triage()).collect();
                dialect::store_at_once(pg, &rows, &triage)?
            }
            (_, conn) => store_steps(conn, batch, &rows)?,
        };
        Ok(new.into_iter().map(|new| if new { Written::Accepted } else { Written::Duplicate }).collect())
    }
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

/// Those whose id was not made just now. Others cannot have been deleted, and nobody pays for a look-up.
fn keys_that_are_not_new(batch: &[&Record]) -> Vec<(i64, Vec<u8>)> {
    let is_new = |record: &Record| {
        let now = u64::try_from(record.response.received_at).unwrap_or(0);
        record.response_id().unix_ms().is_some_and(|made_at| made_at <= now && made_at + JUST_NOW_MS >= now)
    };
    batch.iter().filter(|record| !is_new(record)).map(|record| key_of(record)).collect()
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
