//! `GET /v1/admin/outbox`, one message of it, and `POST /v1/admin/outbox/{message_id}/resend`.

use std::collections::HashMap;

use actix_web::web::Data;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::{After, Cursor as _};
use super::page::{Page, take};
use crate::db::AnyConnection;
use crate::db::outbox::{self, AttemptRow, OutboxPosition, OutboxRow, OutboxState, SUBJECT_RESPONSE};
use crate::db::responses::id_from_column;
use crate::http::ApiError;
use crate::http::extract::values::{Limit, StateName};
use crate::http::extract::{Agent, AnySite, Id, Query, Sites, Viewer};
use crate::http::operations::{Accepted, Json};
use crate::mail::message_number;
use crate::store::Store;

/// A message as integrators see it.
#[derive(Serialize, ToSchema)]
pub struct OutboxView {
    message_id: Option<String>,
    /// As the mail calls it.
    number: Option<String>,
    site_key: String,
    kind: String,
    recipient: String,
    /// What it is about; `null` when that is no response.
    response_id: Option<String>,
    rule: Option<String>,
    state: String,
    /// Since it was last sent again.
    attempts: i32,
    next_attempt_at: Option<UnixMillis>,
    last_error: Option<String>,
    created_at: UnixMillis,
    finished_at: Option<UnixMillis>,
}

impl OutboxView {
    fn new(row: OutboxRow, site_keys: &HashMap<i64, &str>) -> Self {
        let subject = (row.subject_kind == SUBJECT_RESPONSE).then(|| id_from_column(&row.subject_id)).flatten();
        Self {
            message_id: row.id().map(|id| id.to_string()),
            number: row.id().map(message_number),
            site_key: site_keys.get(&row.site_id).map(ToString::to_string).unwrap_or_default(),
            response_id: subject.map(|id| id.to_string()),
            rule: row.payload_text("rule"),
            attempts: row.recent_attempts(),
            next_attempt_at: (row.state == OutboxState::Pending.as_str()).then_some(UnixMillis(row.due_at)),
            kind: row.kind,
            recipient: row.destination,
            state: row.state,
            last_error: row.last_error,
            created_at: UnixMillis(row.created_at),
            finished_at: row.finished_at.map(UnixMillis),
        }
    }
}

/// A try to deliver a message.
#[derive(Serialize, ToSchema)]
pub struct AttemptView {
    /// Counts from 1, and on when the message is sent again.
    attempt: i32,
    started_at: UnixMillis,
    finished_at: UnixMillis,
    outcome: String,
    error: Option<String>,
}

impl From<AttemptRow> for AttemptView {
    fn from(row: AttemptRow) -> Self {
        Self {
            attempt: row.attempt,
            started_at: UnixMillis(row.started_at),
            finished_at: UnixMillis(row.finished_at),
            outcome: row.outcome,
            error: row.error,
        }
    }
}

/// A message with every try to deliver it.
#[derive(Serialize, ToSchema)]
pub struct MessageView {
    #[serde(flatten)]
    message: OutboxView,
    tries: Vec<AttemptView>,
}

/// A message that will be sent.
#[derive(Serialize, ToSchema)]
pub struct ResentView {
    message_id: String,
    state: &'static str,
    next_attempt_at: UnixMillis,
}

/// Which messages to list.
#[derive(Deserialize, IntoParams)]
pub struct OutboxQuery {
    /// Those that stand here.
    #[param(inline)]
    state: Option<StateName>,
    /// How many to a page.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The `next_cursor` of an earlier answer.
    #[param(value_type = Option<String>)]
    cursor: Option<After<OutboxPosition>>,
}

/// Lists messages, newest first.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn list_outbox(
    sites: Sites<Viewer>,
    Query(query): Query<OutboxQuery>,
    store: Data<Store>,
) -> Result<Json<Page<OutboxView>>, ApiError> {
    let (ids, limit) = (sites.ids.clone(), query.limit.0);
    let (state, after) = (query.state.map(|StateName(state)| state), query.cursor.map(|After(after)| after));
    let list = move |conn: &mut _| outbox::list(conn, &ids, state, after.as_ref(), take(limit));
    let rows = store.reads.lists.read(list).await?;
    let page = Page::new(rows, limit, |row: &OutboxRow| {
        OutboxPosition { created_at: row.created_at, message_id: row.message_id.clone() }.encode()
    });
    let site_keys = sites.keys();
    page.try_map(|row| Ok(OutboxView::new(row, &site_keys))).map(Json)
}

/// One message, with every try to deliver it.
///
/// # Errors
/// 400 for a parameter, 401, 404.
pub async fn get_message(
    AnySite(sites): AnySite<Viewer>,
    Id(id): Id,
    store: Data<Store>,
) -> Result<Json<MessageView>, ApiError> {
    let not_found = || ApiError::new(ProblemCode::NotFound, "No site this API key covers has such a message.");
    let ids = sites.ids.clone();
    let find = move |conn: &mut AnyConnection| {
        let Some(row) = outbox::find(conn, &ids, id)? else { return Ok(None) };
        let tries = outbox::attempts(conn, row.site_id, &row.message_id)?;
        Ok(Some((row, tries)))
    };
    let (row, tries) = store.reads.lists.read(find).await?.ok_or_else(not_found)?;
    let message = OutboxView::new(row, &sites.keys());
    Ok(Json(MessageView { message, tries: tries.into_iter().map(AttemptView::from).collect() }))
}

/// Sends a parked message again, from its first attempt on, and one that waits for its next attempt now.
///
/// # Errors
/// 400 for a parameter, 401, 404 when no such message is parked or pending.
pub async fn resend_message(
    AnySite(sites): AnySite<Agent>,
    Id(id): Id,
    store: Data<Store>,
) -> Result<Accepted<ResentView>, ApiError> {
    let detail = "No site this API key covers has such a parked or pending message.";
    let not_found = || ApiError::new(ProblemCode::NotFound, detail);
    let (by, now) = (sites.principal.by(), UnixMillis::now().0);
    let resend = move |conn: &mut _| outbox::resend(conn, &sites.ids, id, &by, now);
    let due = store.writes.decisions.run(resend).await?.ok_or_else(not_found)?;
    store.signals.outbox_filled.notify_one();
    let state = OutboxState::Pending.as_str();
    Ok(Accepted(ResentView { message_id: id.to_string(), state, next_attempt_at: UnixMillis(due) }))
}
