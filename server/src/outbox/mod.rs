//! Delivers what a commit promised.
//!
//! A message is leased, sent outside any transaction and marked. A worker that dies keeps nobody waiting for longer than
//! the lease; a message may then be sent twice, and carries the same Message-ID both times. See docs/adr/0003.

mod retry;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use counterbell_shared::time::UnixMillis;
use diesel::Connection as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::AppState;
use crate::db::outbox::{self, Attempt, OutboxRow};
use crate::db::responses::{ResponseRow, id_from_column};
use crate::db::sites::Site;
use crate::db::{AnyConnection, StorageError, dialect};
use crate::mail::{self, Mailer};
use crate::metrics::MailResult;

/// How long a worker may take to send what it leased: well above the mail server's time-out.
const LEASE_MS: i64 = 120_000;
/// Messages sent side by side.
const SENDING_MAX: usize = 16;
/// How often the outbox is looked at when nothing wakes the worker: another process may have filled it.
const POLL: Duration = Duration::from_secs(1);

/// A message, and what became of the attempt to send it.
#[derive(Clone)]
struct Tried {
    message: OutboxRow,
    attempt: Attempt,
}

/// Delivers due messages until told to stop; what is being sent then is finished.
pub async fn deliver(state: Data<AppState>, mailer: Mailer, mut stopped: watch::Receiver<bool>) {
    let mailer = Arc::new(mailer);
    let mut sending = JoinSet::new();
    // Kept until they are marked: a message that is not is sent again.
    let mut tried: Vec<Tried> = Vec::new();
    loop {
        let free = if *stopped.borrow() { 0 } else { SENDING_MAX - sending.len() };
        match mark_and_lease(&state, &tried, free).await {
            Ok(leased) => {
                tried.clear();
                for message in leased {
                    sending.spawn_local(send(Data::clone(&state), Arc::clone(&mailer), message));
                }
            }
            Err(error) => tracing::error!("The outbox cannot be worked on: {error}"),
        }
        if *stopped.borrow() && sending.is_empty() {
            return;
        }
        tokio::select! {
            Some(done) = sending.join_next() => {
                // Whatever else is done by now shares the commit.
                let others = std::iter::from_fn(|| sending.try_join_next());
                for done in std::iter::once(done).chain(others) {
                    match done {
                        Ok(done) => tried.push(done),
                        Err(error) => tracing::error!("A delivery ended by a panic: {error}"),
                    }
                }
            }
            () = state.outbox_filled.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = stopped.changed(), if !*stopped.borrow() => {}
        }
    }
}

/// Marks what was tried and leases up to `free` due messages, in one commit.
async fn mark_and_lease(state: &Data<AppState>, tried: &[Tried], free: usize) -> Result<Vec<OutboxRow>, StorageError> {
    let now = UnixMillis::now().0;
    // Reading first keeps an idle server from writing.
    if tried.is_empty() && (free == 0 || state.pool.read(outbox::next_due).await?.is_none_or(|due| due > now)) {
        return Ok(Vec::new());
    }
    let tried = tried.to_vec();
    let limit = i64::try_from(free).unwrap_or(0);
    let work = move |conn: &mut AnyConnection| {
        conn.transaction(|conn| {
            let delivered = tried.iter().filter(|tried| matches!(tried.attempt, Attempt::Delivered));
            OutboxRow::finish_delivered(conn, delivered.map(|tried| &tried.message), now)?;
            for Tried { message, attempt } in &tried {
                message.finish_failed(conn, attempt, now)?;
            }
            dialect::lease_due(conn, now, now + LEASE_MS, limit)
        })
    };
    state.writer.run(work).await
}

async fn send(state: Data<AppState>, mailer: Arc<Mailer>, message: OutboxRow) -> Tried {
    let id = id_from_column(&message.message_id).map(|id| id.to_string()).unwrap_or_default();
    let (attempt, result) = match render_and_send(&state, &mailer, &message, &id).await {
        Ok(()) => {
            tracing::info!(message.id = %id, message.kind = message.kind, "Delivered message {id}");
            (Attempt::Delivered, MailResult::Delivered)
        }
        Err(error) => match retry::next_attempt(message.attempts, UnixMillis::now().0) {
            Some(at) => {
                tracing::warn!(message.id = %id, attempt = message.attempts, "Message {id} was not delivered, will retry");
                (Attempt::Retry { error, at }, MailResult::Retry)
            }
            None => {
                tracing::error!(message.id = %id, "Parked message {id} after {} attempts", message.attempts);
                (Attempt::Parked { error }, MailResult::Parked)
            }
        },
    };
    state.metrics.count_mail(result);
    Tried { message, attempt }
}

/// # Errors
/// What went wrong, for the message's `last_error`.
async fn render_and_send(state: &AppState, mailer: &Mailer, message: &OutboxRow, id: &str) -> Result<(), String> {
    let (site_id, response_id) = (message.site_id, id_from_column(&message.response_id));
    let found = state.pool.read(move |conn| {
        let site_name = Site::find_name(conn, site_id)?;
        let response = response_id.map(|id| ResponseRow::find(conn, &[site_id], id)).transpose()?.flatten();
        Ok(site_name.zip(response))
    });
    let (site_name, response) =
        found.await.map_err(|error| error.to_string())?.ok_or("the response is no longer stored")?;
    let mail = mail::alert_mail(mailer.from(), &message.recipient, id, site_name, &response)?;
    mailer.send(&mail, id).await.map_err(|error| error.to_string())
}
