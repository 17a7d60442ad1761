//! What is written behind the commit of a response: queues, alerts, messages, the journal.

use std::marker::PhantomData;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::fixed::Fixed;
use super::postgres;
use crate::db::AnyConnection;
use crate::db::alerts::NewAlertRow;
use crate::db::due::Queue;
use crate::db::journal::EntryRow;
use crate::db::outbox::{NewOutboxRow, OutboxRow};
use crate::db::schema::{alerts, journal, outbox, site_counters, triage_queue};
use crate::db::triage::NewTriageRow;

/// Locks the counter of a site until the transaction ends; the last number in its journal, `None` when it has no counter
/// yet.
///
/// # Errors
/// What the database says.
pub fn lock_counter(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Option<i64>> {
    let seq = site_counters::table.find(site_id).select(site_counters::journal_seq);
    match conn {
        // A transaction that writes has the whole database.
        AnyConnection::Sqlite(sqlite) => seq.first(sqlite),
        AnyConnection::Postgres(pg) => seq.for_update().first(pg),
    }
    .optional()
}

/// Writes entries of a journal.
///
/// # Errors
/// What the database says.
pub fn insert_journal(conn: &mut AnyConnection, rows: &[EntryRow]) -> QueryResult<()> {
    match conn {
        AnyConnection::Sqlite(sqlite) => {
            for row in rows {
                diesel::insert_into(journal::table).values(row).execute(sqlite)?;
            }
        }
        AnyConnection::Postgres(pg) => {
            postgres::insert_journal(pg, rows)?;
        }
    }
    Ok(())
}

/// Inserts alerts.
///
/// # Errors
/// What the database says.
pub fn insert_alerts(conn: &mut AnyConnection, rows: &[NewAlertRow]) -> QueryResult<()> {
    match conn {
        AnyConnection::Sqlite(sqlite) => {
            for row in rows {
                diesel::insert_into(alerts::table).values(row).execute(sqlite)?;
            }
        }
        AnyConnection::Postgres(pg) => {
            postgres::insert_alerts(pg, rows)?;
        }
    }
    Ok(())
}

/// Inserts messages to deliver, but for those whose dedupe key is there already.
///
/// # Errors
/// What the database says.
pub fn insert_outbox(conn: &mut AnyConnection, rows: &[NewOutboxRow]) -> QueryResult<()> {
    match conn {
        AnyConnection::Sqlite(sqlite) => {
            for row in rows {
                let insert = diesel::insert_into(outbox::table).values(row).on_conflict_do_nothing();
                Fixed(insert, PhantomData::<NewOutboxRow>).execute(sqlite)?;
            }
        }
        AnyConnection::Postgres(pg) => {
            postgres::insert_outbox(pg, rows)?;
        }
    }
    Ok(())
}

/// Has responses looked at by triage; those that wait already, by this revision and at this time.
///
/// # Errors
/// What the database says.
pub fn enqueue_for_triage(conn: &mut AnyConnection, rows: &[NewTriageRow]) -> QueryResult<()> {
    match conn {
        AnyConnection::Sqlite(sqlite) => {
            for NewTriageRow { site_id, response_id, revision, due_at } in rows {
                let values = (
                    triage_queue::site_id.eq(site_id),
                    triage_queue::response_id.eq(response_id.as_slice()),
                    triage_queue::revision.eq(revision),
                    triage_queue::due_at.eq(due_at),
                    triage_queue::attempts.eq(0),
                    triage_queue::last_error.eq(None::<String>),
                    triage_queue::parked_at.eq(None::<i64>),
                );
                let replace = diesel::replace_into(triage_queue::table).values(values);
                replace.execute(sqlite)?;
            }
        }
        AnyConnection::Postgres(pg) => {
            postgres::enqueue_for_triage(pg, rows)?;
        }
    }
    Ok(())
}

/// What follows a table's name for the query to go by this index. Without statistics SQLite takes the first rows of the
/// primary key for as few as those of any index, and reads all that a site has.
pub fn indexed_by(conn: &AnyConnection, index: &str) -> String {
    match conn {
        AnyConnection::Sqlite(_) => format!(" INDEXED BY {index}"),
        // It has statistics, and no such hint.
        AnyConnection::Postgres(_) => String::new(),
    }
}

/// Leases up to `limit` due messages of a site until `until` (Unix ms), the longest due first.
///
/// # Errors
/// What the database says.
pub fn lease_due(
    conn: &mut AnyConnection,
    queue: &Queue,
    site_id: i64,
    now: i64,
    until: i64,
    limit: usize,
) -> QueryResult<Vec<OutboxRow>> {
    let due = format!(
        "SELECT message_id FROM outbox WHERE site_id = $2 AND {} AND due_at <= $3 ORDER BY due_at LIMIT $4",
        queue.condition()
    );
    let wanted = match conn {
        // One writer, and no row locks.
        AnyConnection::Sqlite(_) => format!("IN ({due})"),
        // Many workers: each takes what no other holds. As an array it is read once, whatever the plan.
        AnyConnection::Postgres(_) => format!("= ANY (ARRAY ({due} FOR UPDATE SKIP LOCKED))"),
    };
    // SQLite, too, numbers `$1`, `$2` .. in the order they first appear.
    let lease = format!(
        "UPDATE outbox SET attempts = attempts + 1, leased = TRUE, due_at = $1 WHERE site_id = $2 AND message_id {wanted} \
         RETURNING *"
    );
    diesel::sql_query(lease)
        .bind::<BigInt, _>(until)
        .bind::<BigInt, _>(site_id)
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)
}
