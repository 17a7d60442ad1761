//! `GET /v1/admin/outbox` and `POST /v1/admin/outbox/{message_id}/resend`.

use actix_web::{HttpRequest, HttpResponse, web};
use counterbell_shared::ResponseId;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use serde::Serialize;
use serde_json::json;

use super::cursor::Cursor as _;
use super::page::{Page, take};
use crate::db::outbox::{self, OutboxPosition, OutboxRow, OutboxState};
use crate::db::responses::id_from_column;
use crate::http::ApiError;
use crate::http::extract::{Access, Params};
use crate::mail::{Mailer, message_number};
use crate::outbox::CLOCKS_DIFFER_MS;
use crate::store::Store;

/// A message as integrators see it.
#[derive(Serialize)]
struct OutboxView {
    message_id: Option<String>,
    /// As the mail calls it.
    number: Option<String>,
    site_key: String,
    kind: String,
    recipient: String,
    response_id: Option<String>,
    rule: String,
    state: String,
    attempts: i32,
    next_attempt_at: Option<UnixMillis>,
    last_error: Option<String>,
    created_at: UnixMillis,
    finished_at: Option<UnixMillis>,
}

/// Lists messages, newest first.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn list_outbox(
    access: Access,
    request: HttpRequest,
    store: web::Data<Store>,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::parse(&request)?;
    let site_ids = access.site_ids(&mut params)?;
    let wanted = params.take("state", |name| {
        let found = OutboxState::ALL.into_iter().find(|state| state.as_str() == name);
        found.ok_or("must be one of pending, delivered, parked")
    })?;
    let after = params.take("cursor", OutboxPosition::decode)?;
    let limit = params.take_limit()?;
    params.finish()?;

    let query = move |conn: &mut _| outbox::list(conn, &site_ids, wanted, after.as_ref(), take(limit));
    let rows = store.reads.lists.read(query).await?;
    let page = Page::new(rows, limit, |row: &OutboxRow| {
        OutboxPosition { created_at: row.created_at, message_id: row.message_id.clone() }.encode()
    });
    let site_keys = access.site_keys();
    let page = page.try_map(|row| {
        Ok(OutboxView {
            message_id: id_from_column(&row.message_id).map(|id| id.to_string()),
            number: id_from_column(&row.message_id).map(message_number),
            site_key: site_keys.get(&row.site_id).map(ToString::to_string).unwrap_or_default(),
            kind: row.kind,
            recipient: row.recipient,
            response_id: id_from_column(&row.response_id).map(|id| id.to_string()),
            rule: row.rule,
            next_attempt_at: (row.state == OutboxState::Pending.as_str()).then_some(UnixMillis(row.next_attempt_at)),
            state: row.state,
            attempts: row.attempts,
            last_error: row.last_error,
            created_at: UnixMillis(row.created_at),
            finished_at: row.finished_at.map(UnixMillis),
        })
    })?;
    Ok(HttpResponse::Ok().json(page))
}

/// Sends a parked message again, from its first attempt on, and one that waits for its next attempt now.
///
/// # Errors
/// 401, 404 when no such message is parked or pending.
pub async fn resend_message(
    access: Access,
    store: web::Data<Store>,
    mailer: web::Data<Mailer>,
    request: HttpRequest,
    message_id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    Params::parse(&request)?.finish()?;
    let detail = "No site this API key covers has such a parked or pending message.";
    let not_found = || ApiError::new(ProblemCode::NotFound, detail);
    let id: ResponseId = message_id.parse().map_err(|_| not_found())?;
    let site_ids = access.all_site_ids();
    let now = UnixMillis::now().0;
    let leases_end_by = now + mailer.limits().lease_ms() + CLOCKS_DIFFER_MS;
    let resend = move |conn: &mut _| outbox::resend(conn, &site_ids, id.as_bytes(), now, leases_end_by);
    let due = store.writes.decisions.run(resend).await?.ok_or_else(not_found)?;
    store.signals.outbox_filled.notify_one();
    Ok(HttpResponse::Accepted().json(json!({
        "message_id": id.to_string(),
        "state": OutboxState::Pending.as_str(),
        "next_attempt_at": UnixMillis(due),
    })))
}
