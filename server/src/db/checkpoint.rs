//! Moves SQLite's log into the database beside the writer.

use std::time::Duration;

use actix_web::web::Data;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
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
