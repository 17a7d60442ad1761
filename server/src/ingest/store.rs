//! Writes a batch of records.

use std::collections::HashSet;

use counterbell_shared::time::UnixMillis;
use counterbell_shared::{Outcome, ResponseId};
use diesel::Connection;
use diesel::result::QueryResult;

use super::record::{Record, fired};
use crate::db::responses::{NewResponseRow, ResponseRow};
use crate::db::score_days::{ScoreDays, day_of};
use crate::db::sites::Site;
use crate::db::{AnyConnection, dialect};

/// How a batch is committed. Only the first is for use; the others are floors for `cargo xtask bench`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum StoreMode {
    /// One transaction for all that is queued.
    #[default]
    Group,
    /// One transaction per response.
    Single,
    /// One transaction for all that is queued, table by table: as on a distributed PostgreSQL, and always on SQLite.
    Steps,
    /// Answer without writing.
    Null,
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

    /// Stores each record that is not stored yet, with its alerts and messages, in one transaction; what became of
    /// each.
    ///
    /// # Errors
    /// What the database says; then nothing of the batch is stored.
    pub fn store(self, conn: &mut AnyConnection, batch: &[&Record]) -> QueryResult<Vec<Outcome>> {
        match self {
            Self::AtOnce => self.store_in_transaction(conn, batch),
            Self::Steps => dialect::write_transaction(conn, |conn| self.store_in_transaction(conn, batch)),
        }
    }

    /// As [`Self::store`], in the caller's transaction.
    ///
    /// # Errors
    /// What the database says; then the transaction is to be rolled back.
    pub fn store_in_transaction(self, conn: &mut AnyConnection, batch: &[&Record]) -> QueryResult<Vec<Outcome>> {
        let rows: Vec<_> = batch.iter().map(|record| &record.response).collect();
        let new = match (self, conn) {
            (Self::AtOnce, AnyConnection::Postgres(pg)) => {
                // A record sent twice at the same time must not tell twice.
                let mut seen = HashSet::new();
                let first = |record: &&&Record| seen.insert((record.response.site_id, record.response.response_id));
                let firsts: Vec<_> = batch.iter().filter(first).collect();
                let alerts: Vec<_> = firsts.iter().flat_map(|record| &record.alerts).collect();
                let outbox: Vec<_> = firsts.iter().flat_map(|record| &record.outbox).collect();
                dialect::store_at_once(pg, &rows, &alerts, &outbox)?
            }
            (_, conn) => store_steps(conn, batch, &rows)?,
        };
        Ok(new.into_iter().map(|new| if new { Outcome::Accepted } else { Outcome::Duplicate }).collect())
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
    let alerts: Vec<_> = accepted().flat_map(|record| &record.alerts).collect();
    if !alerts.is_empty() {
        dialect::insert_alerts(conn, &alerts)?;
    }
    let outbox: Vec<_> = accepted().flat_map(|record| &record.outbox).collect();
    if !outbox.is_empty() {
        dialect::insert_outbox(conn, &outbox)?;
    }
    Ok(new)
}

/// Counts a response that was held back and fires its alerts, in one transaction; the response, `None` when none of
/// `site_ids` has it. One that is not held is left as it is.
///
/// # Errors
/// What the database says.
pub fn release(
    conn: &mut AnyConnection,
    site_ids: &[i64],
    id: ResponseId,
    now: UnixMillis,
) -> QueryResult<Option<ResponseRow>> {
    conn.transaction(|conn| {
        let Some(mut row) = ResponseRow::find(conn, site_ids, id)? else { return Ok(None) };
        // Of two releases at the same time only one changes the row.
        if row.held.take().is_none() || !ResponseRow::clear_held(conn, row.site_id, id)? {
            return Ok(Some(row));
        }
        let mut counts = ScoreDays::default();
        counts.add((row.site_id, &row.metric, day_of(row.created_at), &row.touchpoint), row.score);
        counts.store(conn)?;
        if let (Some(site), Some(score)) = (Site::find_by_id(conn, row.site_id)?, row.score()) {
            let (alerts, outbox) = fired(&site, *id.as_bytes(), score, now);
            if !alerts.is_empty() {
                dialect::insert_alerts(conn, &alerts.iter().collect::<Vec<_>>())?;
            }
            if !outbox.is_empty() {
                dialect::insert_outbox(conn, &outbox.iter().collect::<Vec<_>>())?;
            }
        }
        Ok(Some(row))
    })
}
