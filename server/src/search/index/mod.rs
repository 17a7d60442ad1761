//! The index itself, on either database.

mod postgres;
mod sqlite;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use super::query::Query;
use crate::db::dialect::{Plans, prepare_to_write};
use crate::db::{AnyConnection, DatabaseUrl, OpenError, dialect, open, refused_file};
use crate::panics::Place;
use crate::store::truncate_log;
use crate::store::{Purpose, ReadPool, StorageError};

/// A response whose comment holds the words.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Hit {
    /// Place in the order of storing; unique.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// The response's site.
    #[diesel(sql_type = BigInt)]
    pub site_id: i64,
    /// The response.
    #[diesel(sql_type = Binary)]
    pub response_id: Vec<u8>,
}

/// A row of `search_queue` with what is to be indexed; nothing when the response is gone.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Queued {
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = BigInt)]
    pub site_id: i64,
    #[diesel(sql_type = Binary)]
    pub response_id: Vec<u8>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub created_at: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub comment: Option<String>,
}

/// The last of each response among `queued`, which lie in the order of their places: all of one response say the same, the
/// comment as it is now.
fn last_of_each(queued: &[Queued]) -> Vec<&Queued> {
    let mut seen = HashSet::new();
    let mut last: Vec<_> = queued.iter().rev().filter(|row| seen.insert((row.site_id, &row.response_id))).collect();
    last.reverse();
    last
}

/// Rows looked at in one transaction of a purge.
const PURGE_SPAN: i64 = 5_000;

/// Where the words are.
#[derive(Clone)]
pub struct SearchIndex {
    url: DatabaseUrl,
    readers: ReadPool,
    /// Opened when first needed, and again after it was lost.
    writer: Arc<Mutex<Option<AnyConnection>>>,
}

impl SearchIndex {
    /// The index of the database at `url`, whose schema is up to date and which `conn` leads to. On SQLite the file is
    /// made when it is missing, damaged, or belongs to another database.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(url: &DatabaseUrl, conn: &mut AnyConnection, pool: &ReadPool) -> Result<Self, OpenError> {
        let (url, readers, writer) = match url {
            DatabaseUrl::Sqlite(path) => {
                let path = index_path(path.clone());
                let url = DatabaseUrl::Sqlite(path.clone());
                let writer = match open_file(&url, conn) {
                    // Nothing is in it that is not in the database.
                    Err(damaged @ OpenError::Damaged { .. }) => {
                        tracing::warn!("The search index is made again: {damaged}");
                        remove_file(&path);
                        open_file(&url, conn)
                    }
                    opened => opened,
                };
                (url.clone(), ReadPool::new(url, Purpose::Lists), Some(writer?))
            }
            DatabaseUrl::Postgres(_) => (url.clone(), pool.clone(), None),
        };
        Ok(Self { url, readers, writer: Arc::new(Mutex::new(writer)) })
    }

    /// Where it is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The newest `limit` responses of `site_ids` that hold all words of `query`, stored before `before`.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn search(
        &self,
        query: Query,
        site_ids: Vec<i64>,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Hit>, StorageError> {
        let search = move |conn: &mut AnyConnection| {
            let mut hits = Vec::new();
            for site_id in &site_ids {
                hits.extend(match conn {
                    AnyConnection::Sqlite(conn) => sqlite::search(conn, &query, *site_id, before, limit)?,
                    AnyConnection::Postgres(conn) => postgres::search(conn, &query, *site_id, before, limit)?,
                });
            }
            hits.sort_unstable_by_key(|hit| std::cmp::Reverse(hit.seq));
            hits.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(hits)
        };
        self.readers.read(search).await
    }

    /// Runs `work` on the connection that writes the index, on a thread where it may block.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let index = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut writer = index.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let mut conn = match writer.take() {
                Some(conn) => conn,
                None => index.connect()?,
            };
            let done = work(&mut conn)?;
            // Not reached after an error: the next call begins with a new connection.
            *writer = Some(conn);
            Ok(done)
        });
        done.await.map_err(|error| StorageError::of_task(Place::Search, &error))?
    }

    fn connect(&self) -> Result<AnyConnection, StorageError> {
        let mut conn = open(&self.url).map_err(|error| StorageError::Unavailable(error.to_string()))?;
        if let AnyConnection::Postgres(_) = &conn {
            prepare_to_write(&mut conn, Plans::ByKeys)?;
            // What a crash takes back is done again: the comments are still queued, and retention looks for old words
            // after each deletion and at each start.
            conn.batch_execute("SET synchronous_commit = off")?;
        }
        Ok(conn)
    }

    /// Deletes the words of a site's responses created before `horizon` (Unix ms), a part at a time.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn purge(&self, site_id: i64, horizon: i64) -> Result<(), StorageError> {
        let mut after = Some(i64::MIN);
        while let Some(from) = after {
            let work = move |conn: &mut AnyConnection| match conn {
                AnyConnection::Sqlite(conn) => sqlite::purge(conn, site_id, horizon, from, PURGE_SPAN),
                AnyConnection::Postgres(conn) => postgres::purge(conn, site_id, horizon, from, PURGE_SPAN),
            };
            after = self.write(work).await?;
        }
        Ok(())
    }

    /// Deletes the words of a response from the file of an SQLite database; on PostgreSQL they go with the response.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn remove(&self, site_id: i64, response_id: Vec<u8>) -> Result<(), StorageError> {
        if self.readers.is_postgres() {
            return Ok(());
        }
        let work = move |conn: &mut AnyConnection| match conn {
            AnyConnection::Sqlite(conn) => sqlite::remove(conn, site_id, &response_id),
            AnyConnection::Postgres(_) => Ok(()),
        };
        self.write(work).await
    }

    /// Has deleted words leave the file of an SQLite database.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn forget(&self) -> Result<(), StorageError> {
        if self.readers.is_postgres() {
            return Ok(());
        }
        let work = |conn: &mut AnyConnection| match conn {
            AnyConnection::Sqlite(conn) => sqlite::forget(conn),
            AnyConnection::Postgres(_) => Ok(()),
        };
        self.write(work).await
    }

    /// Adds what was read from the queue of an SQLite database.
    pub(super) async fn add_to_file(&self, queued: Vec<Queued>) -> Result<(), StorageError> {
        self.write(move |conn| match conn {
            AnyConnection::Sqlite(conn) => sqlite::add(conn, &queued),
            AnyConnection::Postgres(_) => Ok(()),
        })
        .await
    }

    /// Moves up to `limit` responses from the queue into the index of a PostgreSQL database, of the first site after
    /// `after_site` that has any; that site, and how many.
    pub(super) async fn add_in_postgres(
        &self,
        after_site: i64,
        limit: i64,
    ) -> Result<Option<(i64, usize)>, StorageError> {
        self.write(move |conn| match conn {
            AnyConnection::Postgres(conn) => postgres::add(conn, after_site, limit),
            AnyConnection::Sqlite(_) => Ok(None),
        })
        .await
    }

    /// Has a PostgreSQL database look at what the index holds, if so many new rows are much more than before.
    pub(super) async fn gather_statistics(&self, new_rows: u64) -> Result<(), StorageError> {
        self.write(move |conn| dialect::gather_statistics(conn, &["comment_words"], new_rows)).await
    }
}

/// For commands beside a server, or without one: deletes the words of a response, or of a whole site, from the file of an
/// SQLite database, and has them leave it. Without a file there are none.
///
/// # Errors
/// What the database says.
pub fn remove_from_file(url: &DatabaseUrl, site_id: i64, response_id: Option<&[u8]>) -> Result<(), StorageError> {
    let DatabaseUrl::Sqlite(path) = url else { return Ok(()) };
    let path = index_path(path.clone());
    if !path.exists() {
        return Ok(());
    }
    let unavailable = |error: OpenError| StorageError::Unavailable(error.to_string());
    let url = DatabaseUrl::Sqlite(path);
    let AnyConnection::Sqlite(mut conn) = open(&url).map_err(unavailable)? else { return Ok(()) };
    match response_id {
        Some(response_id) => sqlite::remove(&mut conn, site_id, response_id)?,
        None => {
            let mut after = Some(i64::MIN);
            while let Some(from) = after {
                after = sqlite::purge(&mut conn, site_id, i64::MAX, from, PURGE_SPAN)?;
            }
        }
    }
    sqlite::forget(&mut conn)?;
    drop(conn);
    truncate_log(&url)
}

pub(super) use sqlite::Rebuild;

fn open_file(url: &DatabaseUrl, main: &mut AnyConnection) -> Result<AnyConnection, OpenError> {
    let mut index = open(url)?;
    sqlite::prepare(&mut index, main).map_err(|error| refused_file(url, error.into()))?;
    Ok(index)
}

/// Removes an index with what SQLite keeps beside it. What is not there, or stays, shows when it is opened again.
fn remove_file(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        let _ = std::fs::remove_file(file);
    }
}

/// `counterbell.db-search` for `counterbell.db`, as SQLite itself names its helpers.
pub fn index_path(database: PathBuf) -> PathBuf {
    let mut name = database.into_os_string();
    name.push("-search");
    PathBuf::from(name)
}
