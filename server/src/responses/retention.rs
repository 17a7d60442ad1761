//! Deletes responses that are older than their site keeps them.
//!
//! A few hundred at a time through the one writer, between two commits of ingest: no lock is held for long. The rollup
//! stays: it holds no personal data, and shows how things have changed over years.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use counterbell_shared::time::UnixMillis;

use super::Eraser;
use crate::counted::counted;
use crate::db::{DatabaseUrl, purge};
use crate::panics::Place;
use crate::store::{StorageError, truncate_log};
use crate::tasks::{Running, Task};

/// Rows of one transaction.
const CHUNK: i64 = 500;
/// Between two transactions, so that ingest never waits for more than one.
const PAUSE: Duration = Duration::from_millis(20);
/// How often all sites are looked at.
const EVERY: Duration = Duration::from_secs(3_600);
/// How often it is looked whether a site was told to keep responses for another time.
const LOOK: Duration = Duration::from_secs(5);

/// Deletes what is too old, now and every hour, and soon after a site's days were changed.
#[derive(Clone)]
pub struct PurgeOld {
    /// Deletes it.
    pub eraser: Eraser,
    /// From which database.
    pub url: DatabaseUrl,
}

impl Task for PurgeOld {
    const PLACE: Place = Place::Retention;

    async fn run(self, Running { mut stopped, mut meter }: Running) {
        let Self { eraser, url } = self;
        // A server that died after the responses and before their words left those behind.
        let mut words_too = true;
        let mut purged = Purged::new();
        let mut begun = Instant::now();
        loop {
            if begun.elapsed() >= EVERY {
                begun = Instant::now();
                purged.clear();
            }
            tokio::select! {
                done = meter.turn(purge_sites(&eraser, &mut purged, words_too)) => words_too &= done.is_none(),
                _ = stopped.changed() => return,
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = eraser.store.signals.erased.notified() => forget(&eraser, &url).await,
                _ = stopped.changed() => return,
            }
        }
    }
}

/// Has deleted words leave SQLite's files: the search index writes its lists anew, and the logs are emptied. On PostgreSQL
/// they go when it next vacuums its tables.
async fn forget(eraser: &Eraser, url: &DatabaseUrl) {
    if let Err(error) = eraser.search.forget().await {
        tracing::warn!("Words that were deleted may still be in the file of the search index: {error}");
    }
    for url in [url.clone(), eraser.search.url().clone()] {
        let truncated = tokio::task::spawn_blocking(move || truncate_log(&url)).await;
        match truncated {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("Words that were deleted may still be in SQLite's log: {error}"),
            Err(error) => tracing::warn!("{}", StorageError::of_task(Place::Retention, &error)),
        }
    }
}

/// Sites whose old responses are gone, with the days they kept them then.
type Purged = HashMap<i64, i32>;

/// Deletes responses and their words, of sites that are not among `purged` with the days they keep them now; words alone,
/// too, when `words_too`.
async fn purge_sites(eraser: &Eraser, purged: &mut Purged, words_too: bool) -> Result<(), StorageError> {
    let sites = eraser.store.reads.background.read(purge::sites_with_retention).await?;
    purged.retain(|site_id, _| sites.iter().any(|(known, _)| known == site_id));
    for (site_id, days) in sites {
        if purged.get(&site_id) != Some(&days) {
            purge_site(eraser, site_id, days, words_too).await?;
            purged.insert(site_id, days);
        }
    }
    Ok(())
}

async fn purge_site(eraser: &Eraser, site_id: i64, days: i32, words_too: bool) -> Result<(), StorageError> {
    let horizon = purge::horizon(UnixMillis::now(), days);
    let mut deleted = 0;
    // First, so that nobody compares the rollup of these days with what is left of them.
    eraser.store.writes.long.run(move |conn| purge::set_purged_before(conn, site_id, horizon)).await?;
    loop {
        let chunk = eraser.purge_chunk(site_id, horizon, CHUNK).await?;
        if chunk == 0 {
            break;
        }
        deleted += chunk;
        tokio::time::sleep(PAUSE).await;
    }
    if deleted > 0 || words_too {
        eraser.search.purge(site_id, horizon).await?;
    }
    if deleted > 0 {
        eraser.store.signals.erased.notify_one();
        let (what, days) =
            (counted(deleted, "response or message", "responses and messages"), counted(days, "day", "days"));
        tracing::info!(site.id = site_id, deleted, "Deleted {what} older than {days}");
    }
    Ok(())
}
