//! Delivers what a commit promised.
//!
//! A message is leased, sent outside any transaction and marked. A worker that dies keeps nobody waiting for longer than
//! the lease; a message may then be sent twice, and carries the same Message-ID both times. See docs/adr/0003.

mod retry;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use counterbell_shared::time::UnixMillis;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::AppState;
use crate::db::outbox::{self, Attempt, OutboxRow};
use crate::db::responses::{ResponseRow, id_from_column};
use crate::db::sites::Site;
use crate::db::{StorageError, dialect};
use crate::mail::{self, Mailer};

/// How long a worker may take to send what it leased: well above the mail server's time-out.
const LEASE_MS: i64 = 120_000;
/// Messages sent side by side.
const BATCH: i64 = 8;
/// How often the outbox is looked at when nothing wakes the worker: another process may have filled it.
const POLL: Duration = Duration::from_secs(1);

/// Delivers due messages until told to stop; what is being sent then is finished.
pub async fn deliver(state: Data<AppState>, mailer: Mailer, mut stopped: watch::Receiver<bool>) {
    let mailer = Arc::new(mailer);
    while !*stopped.borrow() {
        match deliver_due(&state, &mailer).await {
            // There may be more.
            Ok(sent) if sent > 0 => continue,
            Ok(_) => {}
            Err(error) => tracing::error!("The outbox cannot be read: {error}"),
        }
        tokio::select! {
            () = state.outbox_filled.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Leases and sends one batch; how many messages it held.
async fn deliver_due(state: &Data<AppState>, mailer: &Arc<Mailer>) -> Result<usize, StorageError> {
    let now = UnixMillis::now().0;
    // Reading first keeps an idle server from writing.
    if state.pool.read(outbox::next_due).await?.is_none_or(|due| due > now) {
        return Ok(0);
    }
    let leased = state.writer.run(move |conn| dialect::lease_due(conn, now, now + LEASE_MS, BATCH)).await?;
    let count = leased.len();
    let mut sending = JoinSet::new();
    for message in leased {
        sending.spawn_local(send(Data::clone(state), Arc::clone(mailer), message));
    }
    while let Some(done) = sending.join_next().await {
        if let Err(error) = done {
            tracing::error!("A delivery ended by a panic: {error}");
        }
    }
    Ok(count)
}

async fn send(state: Data<AppState>, mailer: Arc<Mailer>, message: OutboxRow) {
    let id = id_from_column(&message.message_id).map(|id| id.to_string()).unwrap_or_default();
    let sent = render_and_send(&state, &mailer, &message, &id).await;
    let now = UnixMillis::now().0;
    let attempt = match sent {
        Ok(()) => {
            tracing::info!(message.id = %id, message.kind = message.kind, "Delivered message {id}");
            Attempt::Delivered
        }
        Err(error) => match retry::next_attempt(message.attempts, now) {
            Some(at) => {
                tracing::warn!(message.id = %id, attempt = message.attempts, "Message {id} was not delivered, will retry");
                Attempt::Retry { error, at }
            }
            None => {
                tracing::error!(message.id = %id, "Parked message {id} after {} attempts", message.attempts);
                Attempt::Parked { error }
            }
        },
    };
    // When this fails the lease runs out and the message is sent again, under the same Message-ID.
    if let Err(error) = state.writer.run(move |conn| message.finish_attempt(conn, &attempt, now)).await {
        tracing::error!(message.id = %id, "Message {id} was not marked: {error}");
    }
}

/// # Errors
/// What went wrong, for the message's `last_error`.
async fn render_and_send(state: &AppState, mailer: &Mailer, message: &OutboxRow, id: &str) -> Result<(), String> {
    let (site_id, response_id) = (message.site_id, id_from_column(&message.response_id));
    let found = state.pool.read(move |conn| {
        let site = Site::find_by_id(conn, site_id)?;
        let response = response_id.map(|id| ResponseRow::find(conn, &[site_id], id)).transpose()?.flatten();
        Ok(site.zip(response))
    });
    let (site, response) = found.await.map_err(|error| error.to_string())?.ok_or("the response is no longer stored")?;
    let mail = mail::alert_mail(mailer.from(), &message.recipient, id, &site, &response)?;
    mailer.send(&mail, id).await.map_err(|error| error.to_string())
}
