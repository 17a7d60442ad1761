//! Connections for reading: some for each purpose, so that none waits for another.

use std::sync::Arc;
use std::time::Duration;

use diesel::r2d2::{ManageConnection, Pool, R2D2Connection};
use strum::IntoStaticStr;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::StorageError;
use crate::db::{AnyConnection, DatabaseUrl, OpenError, dialect, open};
use crate::panics::Place;

/// What connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// Sites and origins, without which ingest and the widget take and show nothing: short queries by a key.
    LookUps,
    /// Lists, summaries and searches: they may take their time.
    Lists,
    /// Outbox, search index, retention, figures for monitors: short, and one after the other.
    Background,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::LookUps, Self::Lists, Self::Background];

    /// Most connections.
    pub const fn connections(self) -> u32 {
        match self {
            Self::LookUps => 2,
            Self::Lists => 4,
            Self::Background => 1,
        }
    }
}

/// Most connections for reading, for all purposes together.
pub const READ_CONNECTIONS: u32 =
    Purpose::LookUps.connections() + Purpose::Lists.connections() + Purpose::Background.connections();

/// Connections for each purpose; clones share them.
#[derive(Clone)]
pub struct ReadPools {
    /// For [`Purpose::LookUps`].
    pub look_ups: ReadPool,
    /// For [`Purpose::Lists`].
    pub lists: ReadPool,
    /// For [`Purpose::Background`].
    pub background: ReadPool,
}

impl ReadPools {
    /// Pools whose connections are opened when first needed.
    pub fn new(url: &DatabaseUrl) -> Self {
        let [look_ups, lists, background] = Purpose::ALL.map(|purpose| ReadPool::new(url.clone(), purpose));
        Self { look_ups, lists, background }
    }

    /// How much of each is in use.
    pub fn usage(&self) -> [(Purpose, PoolUse); 3] {
        [&self.look_ups, &self.lists, &self.background].map(|pool| (pool.purpose, pool.usage()))
    }
}

/// A handful of connections that only read. Writing goes through the one writer: SQLite has a single write lock, and a
/// pool that contends for it makes some callers wait for seconds.
#[derive(Clone)]
pub struct ReadPool {
    pool: Pool<Manager>,
    purpose: Purpose,
    is_postgres: bool,
    /// A place for each who has a connection or waits for one.
    places: Arc<Semaphore>,
    /// A turn for each connection. Whoever waits for one holds no thread meanwhile: all purposes share those.
    turns: Arc<Semaphore>,
}

/// How many connections there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// Open now.
    pub open: u32,
    /// Of those, running a query.
    pub in_use: u32,
    /// Most that may be open.
    pub max: u32,
}

/// Most who wait for one of a pool's connections.
const WAITING_MAX: usize = 500;
const GET_TIMEOUT: Duration = Duration::from_secs(3);

impl ReadPool {
    /// A pool whose connections are opened when first needed.
    pub fn new(url: DatabaseUrl, purpose: Purpose) -> Self {
        let is_postgres = matches!(url, DatabaseUrl::Postgres(_));
        let pool = Pool::builder()
            .max_size(purpose.connections())
            .min_idle(Some(0))
            .connection_timeout(GET_TIMEOUT)
            .error_handler(Box::new(diesel::r2d2::NopErrorHandler))
            .build_unchecked(Manager(url));
        let connections = purpose.connections() as usize;
        let [places, turns] = [connections + WAITING_MAX, connections].map(|count| Arc::new(Semaphore::new(count)));
        Self { pool, purpose, is_postgres, places, turns }
    }

    /// Whether it leads to PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.is_postgres
    }

    fn usage(&self) -> PoolUse {
        let state = self.pool.state();
        let in_use = state.connections.saturating_sub(state.idle_connections);
        PoolUse { open: state.connections, in_use, max: self.pool.max_size() }
    }

    /// Runs `query` on a thread where it may block.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when no connection can be had in three seconds, [`StorageError::Busy`] when too many
    /// wait for one; else what `query` returns.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut AnyConnection) -> Result<T, diesel::result::Error> + Send + 'static,
    ) -> Result<T, StorageError> {
        let _place = self.places.try_acquire().map_err(|_| StorageError::Busy)?;
        let turn = timeout(GET_TIMEOUT, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(StorageError::Unavailable("all connections are in use".to_owned()));
        };
        let pool = self.pool.clone();
        tokio::task::spawn_blocking(move || {
            // Until the query has ended, also when nobody waits for it any more.
            let _turn = turn;
            let mut conn = pool.get().map_err(|error| StorageError::Unavailable(error.to_string()))?;
            Ok(query(&mut conn)?)
        })
        .await
        .map_err(|error| StorageError::of_task(Place::Read, &error))?
    }
}

struct Manager(DatabaseUrl);

#[derive(Debug, thiserror::Error)]
enum ManagerError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Ping(#[from] diesel::result::Error),
}

impl ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = ManagerError;

    fn connect(&self) -> Result<AnyConnection, ManagerError> {
        let mut conn = open(&self.0)?;
        dialect::make_read_only(&mut conn)?;
        Ok(conn)
    }

    fn is_valid(&self, conn: &mut AnyConnection) -> Result<(), ManagerError> {
        Ok(conn.ping()?)
    }

    fn has_broken(&self, conn: &mut AnyConnection) -> bool {
        std::thread::panicking() || conn.is_broken()
    }
}
