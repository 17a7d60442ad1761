//! Keeps the index up with what is stored.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};

use super::index::{Queued, Rebuild, SearchIndex};
use crate::db::{AnyConnection, dialect, responses};
use crate::panics::Place;
use crate::store::{StorageError, Store};
use crate::tasks::{Foreground, Pace, Running, Task};

/// Comments indexed in one commit.
const CHUNK: i64 = 1_000;
/// Beside busy ingest on PostgreSQL, where another process indexes them, whose priority is not ours to lower: each chunk
/// then takes a few ms.
const SMALL_CHUNK: i64 = 50;
/// How long the index lets comments gather: a commit for each would cost more than the words.
const GATHER: Duration = Duration::from_millis(200);
/// How often the queue is looked at when nothing wakes us: another process may have filled it.
const POLL: Duration = Duration::from_secs(1);

/// What the task that indexes is given.
#[derive(Clone)]
pub struct Indexer {
    /// What is stored, and queued.
    pub store: Store,
    /// Where words go.
    pub search: SearchIndex,
    /// Whom it gives way to.
    pub foreground: Foreground,
}

impl Task for Indexer {
    const PLACE: Place = Place::Search;

    /// Indexes what is queued.
    async fn run(self, Running { mut stopped, mut meter }: Running) {
        let mut pace = Pace::new(self.foreground.clone());
        let mut after_site = i64::MIN;
        let mut in_a_row: u64 = 0;
        loop {
            let started = Instant::now();
            let indexed = meter.turn(index_chunk(&self, &mut after_site, pace.strain())).await.unwrap_or(0);
            in_a_row += indexed as u64;
            if indexed == 0 && in_a_row > 0 {
                gather_statistics(&self, std::mem::take(&mut in_a_row)).await;
            }
            let pause = if indexed == 0 { POLL } else { pace.rest(started.elapsed()) };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = async { self.store.signals.comments_queued.notified().await; tokio::time::sleep(GATHER).await }, if indexed == 0 => {}
                _ = stopped.changed() => return,
            }
        }
    }
}

/// After comments that were indexed without a pause.
async fn gather_statistics(indexer: &Indexer, new_rows: u64) {
    if let Err(error) = indexer.search.gather_statistics(new_rows).await {
        tracing::warn!("Searches may be slow for a minute: {error}");
    }
}

/// Indexes up to [`CHUNK`] comments; how many.
async fn index_chunk(indexer: &Indexer, after_site: &mut i64, strain: f64) -> Result<usize, StorageError> {
    if indexer.store.reads.background.is_postgres() {
        let chunk = if strain > 0.0 { SMALL_CHUNK } else { CHUNK };
        let Some((site_id, moved)) = indexer.search.add_in_postgres(*after_site, chunk).await? else {
            // Past the last site: begin again at the first.
            let begun = std::mem::replace(after_site, i64::MIN);
            return Ok(usize::from(begun > i64::MIN));
        };
        *after_site = site_id;
        return Ok(moved);
    }
    let queued = indexer.store.reads.background.read(|conn| next_queued(conn, CHUNK)).await?;
    let (Some(last), count) = (queued.last().map(|row| row.seq), queued.len()) else {
        return fill_queue_again(indexer).await;
    };
    let keys: Vec<_> = queued.iter().map(|row| (row.site_id, row.response_id.clone())).collect();
    indexer.search.add_to_file(queued).await?;
    // Only now: what is indexed twice does no harm, what is not indexed would be lost.
    let forget = move |conn: &mut AnyConnection| {
        diesel::sql_query("DELETE FROM search_queue WHERE seq <= $1").bind::<BigInt, _>(last).execute(conn)
    };
    if indexer.store.writes.long.run(forget).await? < count {
        // Somebody deleted a response after its comment was read.
        forget_deleted(indexer, keys).await?;
    }
    Ok(count)
}

/// Removes the words of those that are not stored any more.
async fn forget_deleted(indexer: &Indexer, keys: Vec<(i64, Vec<u8>)>) -> Result<(), StorageError> {
    let wanted = keys.clone();
    let stored = indexer.store.reads.background.read(move |conn| responses::find_all(conn, &wanted)).await?;
    let stored: HashSet<_> = stored.into_iter().map(|row| (row.site_id, row.response_id)).collect();
    for (site_id, response_id) in keys.into_iter().filter(|key| !stored.contains(key)) {
        indexer.search.remove(site_id, response_id).await?;
        indexer.store.signals.erased.notify_one();
    }
    Ok(())
}

fn next_queued(conn: &mut AnyConnection, limit: i64) -> QueryResult<Vec<Queued>> {
    diesel::sql_query(
        "SELECT q.seq, q.site_id, q.response_id, r.created_at, r.comment FROM search_queue AS q \
         LEFT JOIN responses AS r ON r.site_id = q.site_id AND r.response_id = q.response_id ORDER BY q.seq LIMIT $1",
    )
    .bind::<BigInt, _>(limit)
    .load(conn)
}

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = BigInt)]
    site_id: i64,
    #[diesel(sql_type = Binary)]
    response_id: Vec<u8>,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    wanted: bool,
}

/// After the index of an SQLite database was lost: puts the next stored comments in the queue; how many rows were
/// looked at.
async fn fill_queue_again(indexer: &Indexer) -> Result<usize, StorageError> {
    let Some((rebuild, keys)) = indexer.store.reads.background.read(next_to_queue).await? else { return Ok(0) };
    let next = keys.last().map(|key| Rebuild { site_id: key.site_id, response_id: key.response_id.clone(), ..rebuild });
    let count = keys.len();
    // In one commit: a comment would be passed over, or indexed twice, if the server died between two.
    let queue = move |conn: &mut AnyConnection| {
        let wanted = keys.iter().filter(|key| key.wanted);
        let wanted: Vec<_> = wanted.map(|key| (key.site_id, key.response_id.as_slice())).collect();
        dialect::enqueue_for_search(conn, &wanted)?;
        Rebuild::set(conn, next.as_ref())
    };
    indexer.store.writes.long.run(queue).await?;
    Ok(count)
}

/// The stored responses that are to be looked at next, and from where; `None` when all have been.
fn next_to_queue(conn: &mut AnyConnection) -> QueryResult<Option<(Rebuild, Vec<Key>)>> {
    let Some(rebuild) = Rebuild::find(conn)? else { return Ok(None) };
    let keys = diesel::sql_query(
        "SELECT site_id, response_id, comment IS NOT NULL AND received_at <= $1 AS wanted FROM responses \
         WHERE (site_id, response_id) > ($2, $3) ORDER BY site_id, response_id LIMIT $4",
    )
    .bind::<BigInt, _>(rebuild.newest)
    .bind::<BigInt, _>(rebuild.site_id)
    .bind::<Binary, _>(&rebuild.response_id)
    .bind::<BigInt, _>(CHUNK)
    .load::<Key>(conn)?;
    Ok(Some((rebuild, keys)))
}
