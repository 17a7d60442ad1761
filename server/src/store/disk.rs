//! Looks whether the disk of an SQLite database has room for what is to come.

use std::time::Duration;

use rustix::fs::StatVfsMountFlags;

use super::health::Trouble;
use super::{StorageError, WritesByPurpose};
use crate::db::{DatabaseUrl, folder_of};
use crate::panics::Place;
use crate::tasks::{Running, Task};

/// Free space below which a commit is about to fail.
pub const FREE_MIN_BYTES: u64 = 64 << 20;
/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(3);

/// Looks at the disk of an SQLite database; at PostgreSQL's its own server looks.
#[derive(Clone)]
pub struct WatchDisk {
    /// Who is told what was found.
    pub writes: WritesByPurpose,
    /// Which database.
    pub url: DatabaseUrl,
}

impl Task for WatchDisk {
    const PLACE: Place = Place::Disk;

    async fn run(self, mut running: Running) {
        if matches!(self.url, DatabaseUrl::Postgres(_)) {
            return;
        }
        while running.pause(EVERY).await {
            let url = self.url.clone();
            let look = async {
                let looked = tokio::task::spawn_blocking(move || look_at_disk(&url)).await;
                looked.map_err(|error| StorageError::of_task(Self::PLACE, &error))
            };
            if let Some(trouble) = running.meter.turn(look).await {
                self.writes.health().note_disk(trouble);
            }
        }
    }
}

/// What is wrong with the disk a database is on.
pub fn look_at_disk(url: &DatabaseUrl) -> Option<Trouble> {
    let DatabaseUrl::Sqlite(path) = url else { return None };
    match rustix::fs::statvfs(folder_of(path)) {
        Ok(disk) if disk.f_flag.contains(StatVfsMountFlags::RDONLY) => Some(Trouble::ReadOnly),
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < FREE_MIN_BYTES => Some(Trouble::LittleSpace),
        Ok(_) => None,
        Err(error) => {
            // A write will tell what is wrong.
            tracing::debug!("The database's disk cannot be looked at: {error}");
            None
        }
    }
}
