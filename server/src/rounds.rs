//! Round the sites, to whatever is due in a queue: what triage and timers have in common.

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use crate::clock::{CLOCKS_DIFFER_MS, Clock};
use crate::db::AnyConnection;
use crate::db::due::{LONGEST_PAUSE_MS, Queue};
use crate::store::{StorageError, Store};

/// Sites looked at in one go.
const SITES: usize = 64;

/// Goes round the sites.
pub struct Rounds {
    store: Store,
    queue: Queue,
    /// How far ahead a row can be due, in ms.
    longest_ms: i64,
    clock: Clock,
    /// The clock was set back, and rows that wait are still to be brought forward.
    set_back: bool,
    /// What was parked is to be tried once more: this may be a new version.
    tries_parked: bool,
    /// Whose turn was last.
    last_site: i64,
}

impl Rounds {
    /// Begins at the first site. No row of `queue` is set further ahead than `longest_ms`, unless it failed.
    pub fn new(store: Store, queue: Queue, longest_ms: i64) -> Self {
        Self {
            store,
            queue,
            longest_ms: longest_ms.max(LONGEST_PAUSE_MS) + CLOCKS_DIFFER_MS,
            clock: Clock::new(),
            // Also while no server ran the clock may have been set back.
            set_back: true,
            tries_parked: true,
            last_site: i64::MIN,
        }
    }

    /// The next sites that have something due at `now` (Unix ms).
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn due_sites(&mut self, now: i64) -> Result<Vec<i64>, StorageError> {
        self.prepare().await?;
        let (queue, after) = (self.queue.clone(), self.last_site);
        self.store.reads.background.read(move |conn| queue.due_sites(conn, now, after, SITES)).await
    }

    /// The turn of this site has come.
    pub fn comes_to(&mut self, site_id: i64) {
        self.last_site = site_id;
    }

    /// What is done once, at the start, or after the clock was set back.
    async fn prepare(&mut self) -> Result<(), StorageError> {
        self.set_back |= self.clock.was_set_back();
        let (now, longest_ms) = (UnixMillis::now().0, self.longest_ms);
        if self.tries_parked {
            let again = move |queue: &Queue, conn: &mut AnyConnection, site| queue.try_parked_again(conn, site, now);
            self.each_site(Queue::parked_sites, again).await?;
            self.tries_parked = false;
        }
        if self.set_back {
            let forward =
                move |queue: &Queue, conn: &mut AnyConnection, site| queue.bring_forward(conn, site, now, longest_ms);
            self.each_site(Queue::open_sites, forward).await?;
            self.set_back = false;
        }
        Ok(())
    }

    /// Changes rows of each of these sites, in a transaction of its own.
    async fn each_site(
        &self,
        sites: fn(&Queue, &mut AnyConnection) -> QueryResult<Vec<i64>>,
        change: impl Fn(&Queue, &mut AnyConnection, i64) -> QueryResult<usize> + Copy + Send + 'static,
    ) -> Result<(), StorageError> {
        let queue = self.queue.clone();
        for site_id in self.store.reads.background.read(move |conn| sites(&queue, conn)).await? {
            let queue = self.queue.clone();
            self.store.writes.decisions.run(move |conn| change(&queue, conn, site_id)).await?;
        }
        Ok(())
    }
}
