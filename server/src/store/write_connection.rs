//! The connection of a thread that writes, opened again when it was lost.

use std::time::Duration;

use diesel::r2d2::R2D2Connection;
use diesel::result::QueryResult;

use super::StorageError;
use crate::db::dialect::{Plans, prepare_to_write};
use crate::db::{AnyConnection, DatabaseUrl, OpenError, check_writable, is_lost, open};
use crate::panics::{self, Place};

/// How long the writer rests before it tries to reach a lost database again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(250);

/// One connection, or none for now.
pub struct WriteConnection {
    conn: Option<AnyConnection>,
    url: DatabaseUrl,
    /// Whether there was a connection before.
    lost: bool,
    place: Place,
    plans: Plans,
}

impl WriteConnection {
    /// One that is open, or to be opened when it is first needed.
    pub fn new(conn: Option<AnyConnection>, url: DatabaseUrl, place: Place, plans: Plans) -> Self {
        Self { conn, url, lost: false, place, plans }
    }

    /// The connection, made anew when it was lost; one try.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn get(&mut self) -> Result<&mut AnyConnection, StorageError> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.open()?,
        };
        Ok(self.conn.insert(conn))
    }

    /// Does `work` on the connection, which is let go after a panic: it may be in the middle of anything.
    ///
    /// # Errors
    /// Why there is no connection, what `work` returns, or [`StorageError::Panicked`].
    pub fn attempt<T>(&mut self, work: impl FnOnce(&mut AnyConnection) -> QueryResult<T>) -> Result<T, StorageError> {
        let place = self.place;
        let conn = self.get()?;
        match panics::catch(place, || work(conn)) {
            Ok(done) => Ok(done?),
            Err(panicked) => {
                self.let_go();
                Err(panicked.into())
            }
        }
    }

    /// The next work gets a new connection. What this one has not committed is rolled back.
    pub fn let_go(&mut self) {
        let conn = self.conn.take();
        // A driver may panic about what was left open.
        let _ = panics::catch(self.place, || drop(conn));
    }

    /// Lets go of a connection that nothing can be done with any more; asks nobody.
    pub fn let_go_if_broken(&mut self) {
        if self.conn.as_mut().is_some_and(R2D2Connection::is_broken) {
            self.lose();
        }
    }

    /// Lets go of a connection that another may do better than; whether there is none now.
    pub fn let_go_if_lost(&mut self) -> bool {
        if self.conn.as_mut().is_some_and(is_lost) {
            self.lose();
        }
        self.conn.is_none()
    }

    fn lose(&mut self) {
        tracing::error!("The connection to storage is lost");
        self.let_go();
        self.lost = true;
    }

    fn open(&mut self) -> Result<AnyConnection, StorageError> {
        match open_for_writing(&self.url, self.plans) {
            Ok(conn) => {
                if std::mem::take(&mut self.lost) {
                    tracing::info!("Storage is back");
                }
                Ok(conn)
            }
            Err(error) => {
                std::thread::sleep(RECONNECT_PAUSE);
                Err(StorageError::Unavailable(error.to_string()))
            }
        }
    }
}

fn open_for_writing(url: &DatabaseUrl, plans: Plans) -> Result<AnyConnection, OpenError> {
    let mut conn = open(url)?;
    check_writable(&mut conn, url)?;
    prepare_to_write(&mut conn, plans).map_err(|source| OpenError::Setup { url: url.to_string(), source })?;
    Ok(conn)
}
