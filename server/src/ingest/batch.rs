//! How the responses of a batch are stored, and each waiter told.

use diesel::result::QueryResult;
use tokio::sync::oneshot;

use super::record::Record;
use super::store::{Statements, Written};
use crate::db::AnyConnection;
use crate::store::{Batch, Signals, StorageError, WriteConnection, is_about_the_work};

/// A record, and who waits for its commit.
pub struct Waiting {
    /// What is to be stored.
    pub record: Record,
    /// Told after the commit.
    pub waiter: oneshot::Sender<Result<Written, StorageError>>,
}

/// Stores responses in batches.
pub struct Responses {
    signals: Signals,
    /// Known once the database was asked for it.
    statements: Option<Statements>,
}

impl Responses {
    /// Gives `signals` after each commit that made work.
    pub fn new(signals: Signals) -> Self {
        Self { signals, statements: None }
    }

    fn statements(&mut self, conn: &mut AnyConnection) -> Statements {
        match self.statements {
            Some(known) => known,
            // Asked again when there is no answer; what works everywhere will do meanwhile.
            None => match Statements::of(conn) {
                Ok(best) => *self.statements.insert(best),
                Err(_) => Statements::Steps,
            },
        }
    }

    fn signal(&self, batch: &[Box<Waiting>], outcomes: &[Result<Written, StorageError>]) {
        let written = |outcome: &Result<Written, _>| matches!(outcome, Ok(Written::Accepted | Written::Updated));
        let written = || batch.iter().zip(outcomes).filter(|(_, outcome)| written(outcome)).map(|(one, _)| &one.record);
        // What waits for the customer to go on is found when it is due.
        let is_due =
            |record: &Record| record.response.complete && (record.is_alarming() || record.response.revision > 0);
        if written().any(is_due) {
            self.signals.triage_queued.notify_one();
        }
        if written().any(|record| record.response.comment.is_some()) {
            self.signals.comments_queued.notify_one();
        }
    }

    /// After a batch failed: one record the database refuses, or that we stumble over, must not fail its neighbours, so
    /// each is tried alone, unless the database itself is away.
    fn store_again(
        &mut self,
        connection: &mut WriteConnection,
        batch: &[Box<Waiting>],
        error: &StorageError,
    ) -> Vec<Result<Written, StorageError>> {
        if batch.is_empty() {
            return Vec::new();
        }
        if !is_about_the_work(error) {
            return batch.iter().map(|_| Err(error.repeated())).collect();
        }
        tracing::error!(error = %error, records = batch.len(), "A batch was not stored: {error}");
        if batch.len() == 1 {
            return vec![Err(error.repeated())];
        }
        let store = |one: &[Box<Waiting>]| {
            let outcome = connection.attempt(|conn| self.write(conn, one))?.pop();
            Ok(outcome.ok_or_else(|| StorageError::Unavailable("nothing came of it".to_owned()))??)
        };
        batch.chunks(1).map(store).collect()
    }
}

impl Batch for Responses {
    /// Boxed: it is moved several times.
    type Entry = Box<Waiting>;
    type Written = Vec<QueryResult<Written>>;

    fn write(&mut self, conn: &mut AnyConnection, batch: &[Box<Waiting>]) -> QueryResult<Self::Written> {
        let records = records(batch);
        self.statements(conn).store(conn, &records)
    }

    fn write_in_transaction(&mut self, conn: &mut AnyConnection, batch: &[Box<Waiting>]) -> QueryResult<Self::Written> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let records = records(batch);
        Ok(self.statements(conn).store_in_transaction(conn, &records)?.into_iter().map(Ok).collect())
    }

    fn finish(
        &mut self,
        connection: &mut WriteConnection,
        batch: Vec<Box<Waiting>>,
        committed: Result<Self::Written, StorageError>,
    ) {
        let outcomes = match committed {
            Ok(outcomes) => after_commit(connection, outcomes),
            Err(error) => self.store_again(connection, &batch, &error),
        };
        self.signal(&batch, &outcomes);
        for (waiting, outcome) in batch.into_iter().zip(outcomes) {
            // A client that hung up does not care; its response is stored all the same.
            let _ = waiting.waiter.send(outcome);
        }
    }
}

fn records(batch: &[Box<Waiting>]) -> Vec<&Record> {
    let records: Vec<_> = batch.iter().map(|waiting| &waiting.record).collect();
    #[cfg(test)]
    super::tests::panic_when_asked(&records);
    records
}

/// What became of each record of a batch that was committed. Later revisions may have failed by themselves.
fn after_commit(
    connection: &mut WriteConnection,
    outcomes: Vec<QueryResult<Written>>,
) -> Vec<Result<Written, StorageError>> {
    let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    if let Some(error) = outcomes.iter().find_map(|outcome| outcome.as_ref().err()) {
        tracing::error!(error = %error, records = failed, "Later revisions were not stored: {error}");
        connection.let_go_if_lost();
    }
    outcomes.into_iter().map(|outcome| outcome.map_err(StorageError::from)).collect()
}
