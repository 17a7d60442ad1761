//! From leased messages to what sends them.

use std::sync::Arc;

use diesel::QueryResult;

use super::deliver::{Deliver, ToDo};
use crate::db::AnyConnection;
use crate::db::lease::Lease;
use crate::panics::Panicked;
use crate::store::{ReadPool, StorageError};

/// The kinds of a lane.
pub type Kinds = Arc<[Arc<dyn Deliver>]>;

/// A leased message, and what is to be done with it; or the panic that reading it ended by.
pub type Prepared = (Lease, Result<ToDo, Panicked>);

/// Reads what the messages are made of, all at once. Should that end by a panic, each alone: one must not keep all others.
///
/// # Errors
/// [`StorageError`]; nothing is known of any of them.
pub async fn prepare(pool: &ReadPool, kinds: &Kinds, leases: Vec<Lease>) -> Result<Vec<Prepared>, StorageError> {
    let read = async |leases: Vec<Lease>| {
        let kinds = Arc::clone(kinds);
        pool.read(move |conn| prepare_all(conn, &kinds, leases)).await
    };
    match read(leases.clone()).await {
        Err(StorageError::Panicked(_)) => {}
        prepared => return prepared,
    }
    let mut prepared = Vec::with_capacity(leases.len());
    for lease in leases {
        match read(vec![lease.clone()]).await {
            Ok(one) => prepared.extend(one),
            Err(StorageError::Panicked(panicked)) => prepared.push((lease, Err(panicked))),
            Err(error) => return Err(error),
        }
    }
    Ok(prepared)
}

fn prepare_all(conn: &mut AnyConnection, kinds: &Kinds, mut leases: Vec<Lease>) -> QueryResult<Vec<Prepared>> {
    let mut prepared = Vec::with_capacity(leases.len());
    for kind in kinds.iter() {
        // No others are leased than those of the lane's kinds.
        let ours: Vec<_> = leases.extract_if(.., |lease| lease.message.kind == kind.kind()).collect();
        if !ours.is_empty() {
            let messages: Vec<_> = ours.iter().map(|lease| &lease.message).collect();
            let to_do = kind.prepare(conn, &messages)?;
            prepared.extend(ours.into_iter().zip(to_do.into_iter().map(Ok)));
        }
    }
    Ok(prepared)
}
