//! Looks whether the disk of an SQLite database has room for what is to come.

use std::time::Duration;

use rustix::fs::StatVfsMountFlags;
use tokio::sync::watch;

use super::health::Trouble;
use super::{StorageError, WritesByPurpose};
use crate::db::{DatabaseUrl, folder_of};
use crate::panics::Place;

/// Free space below which a commit is about to fail.
pub const FREE_MIN_BYTES: u64 = 64 << 20;
/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(3);

/// Looks until told to stop; at PostgreSQL's disk its own server looks.
pub async fn watch_disk(writes: WritesByPurpose, url: DatabaseUrl, mut stopped: watch::Receiver<bool>) {
    if matches!(url, DatabaseUrl::Postgres(_)) {
        return;
    }
    while tokio::time::timeout(EVERY, stopped.changed()).await.is_err() {
        let url = url.clone();
        match tokio::task::spawn_blocking(move || look_at_disk(&url)).await {
            Ok(trouble) => writes.health().note_disk(trouble),
            Err(error) => tracing::warn!("{}", StorageError::of_task(Place::Disk, &error)),
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
