//! Moves SQLite's log into the database beside the writer.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::{StorageError, WritesByPurpose};
use crate::db::{AnyConnection, DatabaseUrl, open};
use crate::panics::Place;
use crate::tasks::{Running, Task};

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

/// Moves the log of an SQLite database while batches are committed; on PostgreSQL there is nothing to do.
#[derive(Clone)]
pub struct KeepLogShort {
    /// Where batches are counted.
    pub writes: WritesByPurpose,
    /// Which database.
    pub url: DatabaseUrl,
}

impl Task for KeepLogShort {
    const PLACE: Place = Place::Checkpoint;

    async fn run(self, mut running: Running) {
        if matches!(self.url, DatabaseUrl::Postgres(_)) {
            return;
        }
        let mut conn = None;
        let mut moved = self.writes.commits();
        while running.pause(EVERY).await {
            let commits = self.writes.commits();
            if commits == moved {
                continue;
            }
            moved = commits;
            let (url, known) = (self.url.clone(), conn.take());
            // After a failure the writer meets the same file, and the client is told there.
            conn = running.meter.turn(move_log(url, known)).await;
        }
    }
}

/// On a thread where it may block.
async fn move_log(url: DatabaseUrl, conn: Option<AnyConnection>) -> Result<AnyConnection, StorageError> {
    let moved = tokio::task::spawn_blocking(move || {
        let mut conn = match conn {
            Some(conn) => conn,
            None => open(&url).map_err(|error| StorageError::Unavailable(error.to_string()))?,
        };
        // PASSIVE waits for nobody, and nobody waits for it.
        diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut conn)?;
        Ok(conn)
    });
    moved.await.map_err(|error| StorageError::of_task(Place::Checkpoint, &error))?
}
