//! Other writing than storing responses, in a savepoint of the writer's transaction: it costs no commit of its own.

use diesel::connection::TransactionManager;
use diesel::prelude::*;
use diesel::result::{Error as QueryError, QueryResult};
use tokio::sync::oneshot;

use super::StorageError;
use crate::db::AnyConnection;
use crate::panics::{self, Place};

type Manager = <AnyConnection as Connection>::TransactionManager;

/// How a job leaves the transaction it ran in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// As it was, with or without what the job wrote.
    Sound,
    /// As it was, by a panic: nobody knows what else is left of that on the connection.
    Doubtful,
}

/// A piece of writing that somebody waits for.
pub trait Job: Send {
    /// Does it, in a savepoint: what fails here fails alone, and by a panic, too.
    ///
    /// # Errors
    /// The transaction cannot go on.
    fn run(&mut self, conn: &mut AnyConnection, place: Place) -> QueryResult<Left>;

    /// Tells whoever waits, once it is known what became of the transaction.
    fn finish(self: Box<Self>, committed: Result<(), &StorageError>);
}

/// Work, what came of it, and who waits for that.
pub struct Task<T, F> {
    work: Option<F>,
    written: Option<Result<T, StorageError>>,
    waiter: oneshot::Sender<Result<T, StorageError>>,
}

impl<T, F> Task<T, F>
where
    T: Send,
    F: FnOnce(&mut AnyConnection) -> QueryResult<T> + Send,
{
    /// `waiter` is told what becomes of `work`.
    pub fn new(work: F, waiter: oneshot::Sender<Result<T, StorageError>>) -> Self {
        Self { work: Some(work), written: None, waiter }
    }
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&mut AnyConnection) -> QueryResult<T> + Send,
{
    fn run(&mut self, conn: &mut AnyConnection, place: Place) -> QueryResult<Left> {
        let Some(work) = self.work.take() else { return Ok(Left::Sound) };
        let depth = depth(conn)?;
        let (written, left) = match panics::catch(place, || conn.transaction(work)) {
            Ok(written) => (written.map_err(StorageError::from), Left::Sound),
            Err(panicked) => {
                roll_back_to(conn, depth)?;
                (Err(panicked.into()), Left::Doubtful)
            }
        };
        self.written = Some(written);
        Ok(left)
    }

    fn finish(self: Box<Self>, committed: Result<(), &StorageError>) {
        let done = match (committed, self.written) {
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(written)) => written,
            (Err(error), _) => Err(error.repeated()),
            (Ok(()), None) => Err(StorageError::Unavailable("it was not tried".to_owned())),
        };
        // Who asked may be gone.
        let _ = self.waiter.send(done);
    }
}

/// How many transactions and savepoints are open.
fn depth(conn: &mut AnyConnection) -> QueryResult<u32> {
    Ok(Manager::transaction_manager_status_mut(conn).transaction_depth()?.map_or(0, u32::from))
}

/// Takes back the savepoints that a panic left open.
fn roll_back_to(conn: &mut AnyConnection, wanted: u32) -> QueryResult<()> {
    while depth(conn)? > wanted {
        Manager::rollback_transaction(conn)?;
    }
    if depth(conn)? < wanted { Err(QueryError::BrokenTransactionManager) } else { Ok(()) }
}
