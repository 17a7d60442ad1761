//! Delivers what a commit promised.
//!
//! A message is leased, sent outside any transaction and marked. A worker that dies keeps nobody waiting for longer than
//! the lease; a message may then be sent twice, and carries the same Message-ID both times. See docs/adr/0003.

mod clock;
mod retry;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Data;
use counterbell_shared::answers::Answers;
use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use self::clock::Clock;
use crate::app::AppState;
use crate::background::Pace;
use crate::db::outbox::{self, Attempt, OutboxRow};
use crate::db::responses::{self, ResponseRow, id_from_column};
use crate::db::sites::Site;
use crate::db::{AnyConnection, StorageError, dialect, surveys};
use crate::mail::{self, AlertContent, Mailer};
use crate::metrics::MailResult;
use crate::panics::{self, Place};
use crate::surveys::labelled;

/// How long a worker may take to send what it leased: well above the mail server's time-out.
const LEASE_MS: i64 = 120_000;
/// Longest silence an alert may wait for, in ms: further ahead no message is due that nobody has tried to deliver.
pub const SILENCE_MAX_MS: i64 = LEASE_MS;
/// Before a message is tried again whose response could not be read.
const READ_AGAIN_MS: i64 = 1_000;
/// How far the clocks of servers that share a PostgreSQL may differ.
const CLOCKS_DIFFER_MS: i64 = 10_000;
/// Messages sent side by side.
const SENDING_MAX: usize = 16;
/// How often the outbox is looked at when nothing wakes the worker: another process may have filled it.
const POLL: Duration = Duration::from_secs(1);

/// A leased message with what its mail is made of; `None` when the response is no longer stored.
struct Leased {
    message: OutboxRow,
    content: Option<AlertContent>,
}

/// A message, and what became of the attempt to send it.
#[derive(Clone)]
struct Tried {
    message: OutboxRow,
    attempt: Attempt,
}

/// Delivers due messages until told to stop; what is being sent then is finished.
pub async fn deliver(state: Data<AppState>, mailer: Arc<Mailer>, mut stopped: watch::Receiver<bool>) {
    let mut pace = Pace::new(state.foreground.clone());
    let mut sending = JoinSet::new();
    // Kept until they are marked: a message that is not is sent again.
    let mut tried: Vec<Tried> = Vec::new();
    let mut clock = Clock::new();
    // Also while no server ran the clock may have been set back.
    let mut set_back = true;
    loop {
        let started = Instant::now();
        set_back |= clock.was_set_back();
        // What this server is sending is leased by the clock as it was; nobody is to send it a second time.
        if set_back && sending.is_empty() && tried.is_empty() {
            set_back = !bring_forward(&state).await;
        }
        let free = if *stopped.borrow() || set_back { 0 } else { SENDING_MAX - sending.len() };
        let leased = match mark_and_lease(&state, &tried, free).await {
            Ok(leased) => {
                tried.clear();
                read_content(&state, leased, &mut tried).await
            }
            Err(error) => {
                tracing::error!("The outbox cannot be worked on: {error}");
                Vec::new()
            }
        };
        let any = !leased.is_empty();
        for message in leased {
            sending.spawn_local(send(Data::clone(&state), Arc::clone(&mailer), message));
        }
        if *stopped.borrow() && sending.is_empty() {
            return;
        }
        if any && pace.strain() > 0.0 {
            // Ingest goes first: fewer mails at a time, with rests between them.
            while let Some(done) = sending.join_next().await {
                note(done, &mut tried);
            }
            tokio::time::sleep(pace.rest(started.elapsed())).await;
            continue;
        }
        tokio::select! {
            Some(done) = sending.join_next() => {
                // Whatever else is done by now shares the commit.
                let others = std::iter::from_fn(|| sending.try_join_next());
                for done in std::iter::once(done).chain(others) {
                    note(done, &mut tried);
                }
            }
            () = state.outbox_filled.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = stopped.changed(), if !*stopped.borrow() => {}
        }
    }
}

/// Messages whose next attempt is further ahead than it can be become due: or they would wait for as long as the clock
/// was set back. Whether it was done.
async fn bring_forward(state: &Data<AppState>) -> bool {
    let now = UnixMillis::now().0;
    let longest = retry::longest_waits_ms(LEASE_MS).map(|(attempts, wait_ms)| (attempts, wait_ms + CLOCKS_DIFFER_MS));
    match state.writer.run(move |conn| outbox::bring_forward(conn, now, longest)).await {
        Ok(0) => true,
        Ok(messages) => {
            tracing::warn!("The clock was set back: {messages} messages that wait for their next attempt are due now");
            true
        }
        Err(error) => {
            tracing::error!("The outbox cannot be worked on: {error}");
            false
        }
    }
}

fn note(done: Result<Tried, JoinError>, tried: &mut Vec<Tried>) {
    match done {
        Ok(done) => tried.push(done),
        // Tried again when its lease ends.
        Err(error) => {
            if error.is_panic() {
                panics::note(Place::Outbox);
            }
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
        let delivered = tried.iter().filter(|tried| matches!(tried.attempt, Attempt::Delivered));
        OutboxRow::finish_delivered(conn, delivered.map(|tried| &tried.message), now)?;
        for Tried { message, attempt } in &tried {
            message.finish_failed(conn, attempt, now)?;
        }
        dialect::lease_due(conn, now, now + LEASE_MS, limit)
    };
    state.writer.run(work).await
}

/// What the mails of leased messages are made of. When it cannot be read just now they are tried again soon, and nobody
/// waits for the end of their lease.
async fn read_content(state: &Data<AppState>, leased: Vec<OutboxRow>, tried: &mut Vec<Tried>) -> Vec<Leased> {
    if leased.is_empty() {
        return Vec::new();
    }
    let messages = leased.clone();
    match state.pool.read(move |conn| add_content(conn, messages)).await {
        Ok(leased) => leased,
        Err(error) => {
            tracing::error!("The outbox cannot be worked on: {error}");
            let at = UnixMillis::now().0 + READ_AGAIN_MS;
            let attempt = Attempt::Retry { error: error.to_string(), at };
            tried.extend(leased.into_iter().map(|message| Tried { message, attempt: attempt.clone() }));
            Vec::new()
        }
    }
}

/// Reads what the mails are made of, all at once.
fn add_content(conn: &mut AnyConnection, messages: Vec<OutboxRow>) -> QueryResult<Vec<Leased>> {
    let keys: Vec<_> = messages.iter().map(|message| (message.site_id, message.response_id.clone())).collect();
    let rows = responses::find_all(conn, &keys)?;
    let found: HashMap<_, _> = rows.into_iter().map(|row| ((row.site_id, row.response_id.clone()), row)).collect();
    let mut names: HashMap<i64, Option<String>> = HashMap::new();
    let mut leased = Vec::with_capacity(messages.len());
    for (message, key) in messages.into_iter().zip(keys) {
        let name = match names.get(&message.site_id) {
            Some(name) => name.clone(),
            None => names.entry(message.site_id).or_insert(Site::find_name(conn, message.site_id)?).clone(),
        };
        let content = match name.zip(found.get(&key).cloned()) {
            Some((site, response)) => {
                let answers = read_answers(conn, &response)?;
                Some(AlertContent { site, response, answers })
            }
            None => None,
        };
        leased.push(Leased { message, content });
    }
    Ok(leased)
}

/// The answers as people read them: by the labels of the version that was answered.
fn read_answers(conn: &mut AnyConnection, response: &ResponseRow) -> QueryResult<Vec<(String, String)>> {
    let Some(answers) = response.answers.as_deref().and_then(Answers::from_json) else { return Ok(Vec::new()) };
    let survey = surveys::find_answered(conn, response.site_id, &response.survey, response.survey_version)?;
    Ok(labelled(&answers, survey.as_ref()))
}

async fn send(state: Data<AppState>, mailer: Arc<Mailer>, leased: Leased) -> Tried {
    let Leased { message, content } = leased;
    let id = id_from_column(&message.message_id).map(|id| id.to_string()).unwrap_or_default();
    let (attempt, result) = match render_and_send(&mailer, &message, content, &id).await {
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
async fn render_and_send(
    mailer: &Mailer,
    message: &OutboxRow,
    content: Option<AlertContent>,
    id: &str,
) -> Result<(), String> {
    let content = content.ok_or("the response is no longer stored")?;
    let mail = mail::alert_mail(mailer.from(), &message.recipient, id, &content)?;
    mailer.send(&mail, id).await.map_err(|error| error.to_string())
}
