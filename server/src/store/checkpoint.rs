//! Moves SQLite's log into the database beside the writer.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use tokio::sync::watch;

use super::{StorageError, WritesByPurpose};
use crate::db::{AnyConnection, DatabaseUrl, open};
use crate::panics::Place;

/// How often, while responses are stored. The writer moves the log itself once it has grown to 16 MiB
/// ([`crate::db::dialect::prepare_to_write`]); by then little of it is left to move, and nobody waits for that.
const EVERY: Duration = Duration::from_millis(250);

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

/// Tries of [`truncate_log`]: readers must let go of the log at the same moment.
const TRUNCATE_TRIES: u32 = 40;

/// Moves all of the log of an SQLite database into it and leaves the log empty: what was deleted is in neither any more. On
/// PostgreSQL there is nothing to do.
///
/// # Errors
/// What the database says, or that somebody has read from it for ten seconds.
pub fn truncate_log(url: &DatabaseUrl) -> Result<(), StorageError> {
    if matches!(url, DatabaseUrl::Postgres(_)) {
        return Ok(());
    }
    let mut conn = open(url).map_err(|error| StorageError::Unavailable(error.to_string()))?;
    // Who writes waits meanwhile, so many short tries are better than a long one.
    conn.batch_execute("PRAGMA busy_timeout = 50")?;
    for _ in 0..TRUNCATE_TRIES {
        if diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Checkpoint>(&mut conn)?.busy == 0 {
            return Ok(());
        }
        std::thread::sleep(EVERY);
    }
    Err(StorageError::Unavailable("somebody reads from the database without a pause".to_owned()))
}

/// Moves it while batches are committed, until told to stop; on PostgreSQL there is nothing to do.
pub async fn keep_log_short(writes: WritesByPurpose, url: DatabaseUrl, mut stopped: watch::Receiver<bool>) {
    if matches!(url, DatabaseUrl::Postgres(_)) {
        return;
    }
    let mut conn = None;
    let mut moved = writes.commits();
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.changed() => return,
        }
        let commits = writes.commits();
        if commits == moved {
            continue;
        }
        moved = commits;
        let (url, known) = (url.clone(), conn.take());
        match tokio::task::spawn_blocking(move || move_log(&url, known)).await {
            Ok(Ok(open)) => conn = Some(open),
            // The writer meets the same file, and the client is told there.
            Ok(Err(error)) => tracing::warn!("SQLite's log cannot be moved into the database: {error}"),
            Err(error) => tracing::warn!("{}", StorageError::of_task(Place::Checkpoint, &error)),
        }
    }
}

fn move_log(url: &DatabaseUrl, conn: Option<AnyConnection>) -> Result<AnyConnection, StorageError> {
    let mut conn = match conn {
        Some(conn) => conn,
        None => open(url).map_err(|error| StorageError::Unavailable(error.to_string()))?,
    };
    // PASSIVE waits for nobody, and nobody waits for it.
    diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut conn)?;
    Ok(conn)
}
