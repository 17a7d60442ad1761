//! One exchange with the database: marks what was tried, renews leases, leases what is due.

use std::collections::BTreeMap;

use diesel::QueryResult;

use crate::db::AnyConnection;
use crate::db::due::Queue;
use crate::db::lease::{Attempt, Lease, SiteDone, SiteWork};
use crate::store::{StorageError, Store};

/// What there is to write down, site by site.
#[derive(Default)]
pub struct Exchange {
    sites: BTreeMap<i64, SiteWork>,
}

/// What came of it.
#[derive(Default)]
pub struct Exchanged {
    /// Of each site whose transaction was committed.
    pub done: Vec<(SiteWork, SiteDone)>,
    /// Sites of which nothing is known.
    pub failed: Vec<SiteWork>,
    /// Why.
    pub error: Option<StorageError>,
}

impl Exchange {
    fn of(&mut self, site_id: i64) -> &mut SiteWork {
        self.sites.entry(site_id).or_insert_with(|| SiteWork { site_id, ..SiteWork::default() })
    }

    /// A message was tried.
    pub fn mark(&mut self, lease: Lease, attempt: Attempt) {
        self.of(lease.message.site_id).tried.push((lease, attempt));
    }

    /// A lease ends soon.
    pub fn renew(&mut self, lease: Lease) {
        self.of(lease.message.site_id).renewals.push(lease);
    }

    /// Up to `free` messages of these sites are wanted, an equal share of each, at least one. Of no more sites than `free`.
    pub fn lease(&mut self, sites: &[i64], free: usize) {
        for (place, site_id) in sites.iter().enumerate() {
            // What is left over when they are divided goes to the first ones.
            self.of(*site_id).wanted = free / sites.len() + usize::from(place < free % sites.len());
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// Does it all: on PostgreSQL in a transaction for each site, on SQLite, where a commit costs more than all else, in one.
    /// Leases end at `until` (Unix ms).
    pub async fn run(self, store: &Store, queue: &Queue, now: i64, until: i64) -> Exchanged {
        let mut exchanged = Exchanged::default();
        let sites: Vec<_> = self.sites.into_values().collect();
        let at_a_time = if store.reads.background.is_postgres() { 1 } else { sites.len().max(1) };
        for part in sites.chunks(at_a_time) {
            // While the database is away nobody waits for one failure after the other. What is wrong with one site keeps no
            // other from being worked on.
            if exchanged.error.as_ref().is_some_and(StorageError::is_away) {
                exchanged.failed.extend(part.iter().cloned());
                continue;
            }
            let (work, queue) = (part.to_vec(), queue.clone());
            let exchange = move |conn: &mut AnyConnection| {
                let one = |site: &SiteWork| site.exchange(conn, &queue, now, until);
                work.iter().map(one).collect::<QueryResult<Vec<_>>>()
            };
            match store.writes.leases.run(exchange).await {
                Ok(done) => exchanged.done.extend(part.iter().cloned().zip(done)),
                Err(error) => {
                    exchanged.failed.extend(part.iter().cloned());
                    exchanged.error = Some(error);
                }
            }
        }
        exchanged
    }
}
