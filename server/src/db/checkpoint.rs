//! Moves SQLite's log into the database beside the writer.

use std::time::Duration;

use actix_web::web::Data;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use tokio::sync::watch;

use super::connection::{AnyConnection, open};
use super::pool::StorageError;
use super::url::DatabaseUrl;
use crate::app::AppState;
use crate::panics::Place;

/// How often, while responses are stored. The writer moves the log itself once it has grown to
/// [`WRITER_MOVES_AT_PAGES`]; by then little of it is left to move, and nobody waits for that.
const EVERY: Duration = Duration::from_millis(250);

/// `wal_autocheckpoint` of the writer: 16 MiB of log.
const WRITER_MOVES_AT_PAGES: u32 = 4_096;

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

/// Lets the writer's connection leave the log to [`keep_log_short`], up to a size.
///
/// # Errors
/// What the database says.
pub(super) fn leave_log(conn: &mut SqliteConnection) -> QueryResult<()> {
    conn.batch_execute(&format!("PRAGMA wal_autocheckpoint = {WRITER_MOVES_AT_PAGES}"))
}

/// Does so until told to stop; on PostgreSQL there is nothing to do.
pub async fn keep_log_short(state: Data<AppState>, url: DatabaseUrl, mut stopped: watch::Receiver<bool>) {
    if matches!(url, DatabaseUrl::Postgres(_)) {
        return;
    }
    let mut conn = None;
    let mut moved = state.writer.stored();
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.changed() => return,
        }
        let stored = state.writer.stored();
        if stored == moved {
            continue;
        }
        moved = stored;
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
