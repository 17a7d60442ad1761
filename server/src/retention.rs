//! Deletes responses that are older than their site keeps them.
//!
//! A few hundred at a time through the one writer, between two commits of ingest: no lock is held for long. The rollup
//! stays: it holds no personal data, and shows how things have changed over years.

use std::time::Duration;

use actix_web::web::Data;
use counterbell_shared::time::UnixMillis;
use tokio::sync::watch;

use crate::app::AppState;
use crate::db::{StorageError, purge};

/// Rows of one transaction.
const CHUNK: i64 = 500;
/// Between two transactions, so that ingest never waits for more than one.
const PAUSE: Duration = Duration::from_millis(20);
/// How often it is looked for.
const EVERY: Duration = Duration::from_secs(3_600);

/// Deletes what is too old, now and every hour, until told to stop.
pub async fn purge_old(state: Data<AppState>, mut stopped: watch::Receiver<bool>) {
    // A server that died after the responses and before their words left those behind.
    let mut words_too = true;
    loop {
        tokio::select! {
            done = purge_all(&state, words_too) => if let Err(error) = done {
                tracing::error!("Old responses cannot be deleted: {error}");
            } else {
                words_too = false;
            },
            _ = stopped.changed() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.changed() => return,
        }
    }
}

/// Deletes responses and their words; words alone, too, when `words_too`.
async fn purge_all(state: &AppState, words_too: bool) -> Result<(), StorageError> {
    for (site_id, days) in state.pools.background.read(purge::sites_with_retention).await? {
        let horizon = purge::horizon(UnixMillis::now(), days);
        let mut deleted = 0;
        // First, so that nobody compares the rollup of these days with what is left of them.
        state.writer.run(move |conn| purge::set_purged_before(conn, site_id, horizon)).await?;
        loop {
            let count = state.writer.run(move |conn| purge::delete_chunk(conn, site_id, horizon, CHUNK)).await?;
            if count == 0 {
                break;
            }
            deleted += count;
            tokio::time::sleep(PAUSE).await;
        }
        if deleted > 0 || words_too {
            state.search.purge(site_id, horizon).await?;
        }
        if deleted > 0 {
            tracing::info!(
                site.id = site_id,
                deleted,
                "Deleted {deleted} responses and messages older than {days} days"
            );
        }
    }
    Ok(())
}
