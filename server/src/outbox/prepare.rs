//! From leased messages to what sends them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use diesel::QueryResult;

use super::deliver::{Deliver, Delivery, NotDelivered, ToDo};
use crate::db::AnyConnection;
use crate::db::lease::Lease;
use crate::db::staff::who_has_left;
use crate::panics::Panicked;
use crate::store::{ReadPool, StorageError};

/// Why a message to somebody who has left is not sent.
const LEFT: &str = "whoever it is for has left: others are told in their place";

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
    for lease in to_who_left(conn, &mut leases)? {
        let fails: Delivery =
            Box::new(|_| Box::pin(async { Err(NotDelivered { error: LEFT.to_owned(), is_permanent: false }) }));
        prepared.push((lease, Ok(ToDo::Send(fails))));
    }
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

/// Takes out messages to somebody who has left the site. They are told nothing more: a timer hands what waits for them on.
fn to_who_left(conn: &mut AnyConnection, leases: &mut Vec<Lease>) -> QueryResult<Vec<Lease>> {
    let mut left = HashMap::new();
    for lease in &*leases {
        if let Entry::Vacant(unknown) = left.entry(lease.message.site_id) {
            unknown.insert(who_has_left(conn, lease.message.site_id)?);
        }
    }
    let is_theirs = |lease: &mut Lease| {
        let person_id = lease.message.person_id();
        left.get(&lease.message.site_id).is_some_and(|left| person_id.is_some_and(|id| left.contains(&id)))
    };
    Ok(leases.extract_if(.., is_theirs).collect())
}
