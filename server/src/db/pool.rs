//! Connections for reading.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ManageConnection, Pool, R2D2Connection};
use tokio::task::JoinError;

use super::connection::{AnyConnection, OpenError, open};
use super::unavailable::is_unavailable;
use super::url::DatabaseUrl;
use crate::panics::{self, Panicked, Place};

/// Storage could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database does not answer, or has no free connection in time. Try again.
    #[error("storage is not available: {0}")]
    Unavailable(String),
    /// The query failed.
    #[error(transparent)]
    Query(diesel::result::Error),
    /// A fault of ours. Trying again will hardly help.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

impl StorageError {
    /// What becomes of `work` that was done on a thread where it may block, and could not be waited for.
    pub(crate) fn of_task(place: Place, error: &JoinError) -> Self {
        if error.is_panic() {
            Self::Panicked(panics::note(place))
        } else {
            Self::Unavailable("the server is stopping".to_owned())
        }
    }

    /// The same, for somebody else whose work it ended.
    pub(crate) fn repeated(&self) -> Self {
        match self {
            Self::Unavailable(text) => Self::Unavailable(text.clone()),
            Self::Query(error) => Self::Unavailable(error.to_string()),
            Self::Panicked(panicked) => Self::Panicked(*panicked),
        }
    }
}

impl From<diesel::result::Error> for StorageError {
    fn from(error: diesel::result::Error) -> Self {
        if is_unavailable(&error) { Self::Unavailable(error.to_string()) } else { Self::Query(error) }
    }
}

/// A handful of connections that only read. Writing goes through the one writer: SQLite has a single write lock, and a
/// pool that contends for it makes some callers wait for seconds.
#[derive(Clone)]
pub struct ReadPool {
    pool: Pool<Manager>,
    is_postgres: bool,
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

/// Most connections for reading.
pub const READ_CONNECTIONS: u32 = 4;
const GET_TIMEOUT: Duration = Duration::from_secs(3);

impl ReadPool {
    /// A pool whose connections are opened when first needed.
    pub fn new(url: DatabaseUrl) -> Self {
        let is_postgres = matches!(url, DatabaseUrl::Postgres(_));
        let pool = Pool::builder()
            .max_size(READ_CONNECTIONS)
            .min_idle(Some(0))
            .connection_timeout(GET_TIMEOUT)
            .error_handler(Box::new(diesel::r2d2::NopErrorHandler))
            .build_unchecked(Manager(url));
        Self { pool, is_postgres }
    }

    /// Whether it leads to PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.is_postgres
    }

    /// How much of it is in use.
    pub fn usage(&self) -> PoolUse {
        let state = self.pool.state();
        let in_use = state.connections.saturating_sub(state.idle_connections);
        PoolUse { open: state.connections, in_use, max: self.pool.max_size() }
    }

    /// Runs `query` on a thread where it may block.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] when no connection can be had in three seconds; else what `query` returns.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut AnyConnection) -> Result<T, diesel::result::Error> + Send + 'static,
    ) -> Result<T, StorageError> {
        let pool = self.pool.clone();
        tokio::task::spawn_blocking(move || {
            let mut conn = pool.get().map_err(|error| StorageError::Unavailable(error.to_string()))?;
            Ok(query(&mut conn)?)
        })
        .await
        .map_err(|error| StorageError::of_task(Place::Read, &error))?
    }
}

/// What a connection for reading is told. Plans are made for the values at hand: one made for any limit and any filter
/// reads and sorts the whole table, and PostgreSQL would keep to it after five executions.
pub const POSTGRES_READ_ONLY: &str = "SET default_transaction_read_only = on; SET plan_cache_mode = force_custom_plan";

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
        let read_only = match conn {
            AnyConnection::Sqlite(_) => "PRAGMA query_only = ON",
            AnyConnection::Postgres(_) => POSTGRES_READ_ONLY,
        };
        conn.batch_execute(read_only)?;
        Ok(conn)
    }

    fn is_valid(&self, conn: &mut AnyConnection) -> Result<(), ManagerError> {
        Ok(conn.ping()?)
    }

    fn has_broken(&self, conn: &mut AnyConnection) -> bool {
        std::thread::panicking() || conn.is_broken()
    }
}
