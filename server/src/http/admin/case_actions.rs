//! `POST /v1/admin/cases/{number}/actions`, and the same of many cases.
//!
//! One address with a body that names the action, not an address for each: a client that shows cases has one call and one list of
//! what can be sent, the same body serves one case and a thousand, and what the body of each action must have is said by a
//! schema of its own (`oneOf`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Data;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use serde::Serialize;
use utoipa::ToSchema;

use crate::cases::{Acted, Means};
use crate::casework::{Asking, CaseAction, Done, ManyCasesAction, NotDone, People, ask};
use crate::db::journal;
use crate::http::ApiError;
use crate::http::extract::{Agent, IfMatch, JsonBody, Numbered, Site};
use crate::http::operations::{Json, Versioned};
use crate::store::Store;

/// How long cases are worked on in one transaction: SQLite's writer is held no longer, but for the last of them.
pub const TURN: Duration = Duration::from_millis(10);

/// What became of each case.
#[derive(Serialize, ToSchema)]
pub struct ManyDone {
    /// In the order in which they were named.
    items: Vec<OneDone>,
}

/// What became of a case.
#[derive(Serialize, ToSchema)]
struct OneDone {
    number: i64,
    /// `done`, `unchanged` (it was so before), `refused`.
    outcome: &'static str,
    /// Its state now; `null` when it was refused.
    state: Option<&'static str>,
    /// Its version now; `null` when it was refused.
    version: Option<i64>,
    /// Why it was refused: the code that the same action on this case alone would be answered with.
    code: Option<&'static str>,
    /// In words.
    detail: Option<String>,
}

impl OneDone {
    fn new(number: i64, done: Result<Acted, NotDone>) -> Self {
        match done {
            Ok(Acted { kept, changed, .. }) => Self {
                number,
                outcome: if changed { "done" } else { "unchanged" },
                state: Some(kept.case.state.as_str()),
                version: Some(kept.case.version),
                code: None,
                detail: None,
            },
            Err(not_done) => {
                let detail = Some(not_done.to_string());
                let code = Some(ApiError::from(not_done).code().as_str());
                Self { number, outcome: "refused", state: None, version: None, code, detail }
            }
        }
    }
}

/// Does what somebody wants of a case.
///
/// # Errors
/// 400, 401, 403, 404, 409, 412, 413, 415, 422.
pub async fn act_on_case(
    site: Site<Agent>,
    Numbered(number): Numbered,
    IfMatch(seen): IfMatch,
    store: Data<Store>,
    body: Result<JsonBody<CaseAction>, ApiError>,
) -> Result<Versioned<Done>, ApiError> {
    let sent = CaseAction::parse(&body?.0).map_err(ApiError::invalid_action)?;
    let (by, key, now) = (site.principal.by(), site.key().to_owned(), UnixMillis::now().0);
    let work = move |conn: &mut _| {
        let mut lock = journal::lock(conn, site.id)?.with_key(&by);
        let asking = Asking { means: Means::Api, seen: seen.as_deref(), now };
        let done = ask(conn, &mut lock, number, &sent, asking)?;
        let people = People::load(conn, site.id)?;
        Ok(done.map(|acted| Done::new(acted, &key, &people, now)))
    };
    let body = store.writes.decisions.run(work).await??;
    store.signals.outbox_filled.notify_one();
    Ok(Versioned { version: body.case.version, body })
}

/// Does the same of many cases, of each by itself: what one refuses is done of the others. Sent again, it changes nothing that
/// was done before.
///
/// # Errors
/// 400, 401, 403, 413, 415, 422.
pub async fn act_on_cases(
    site: Site<Agent>,
    store: Data<Store>,
    body: Result<JsonBody<ManyCasesAction>, ApiError>,
) -> Result<Json<ManyDone>, ApiError> {
    let many = Arc::new(ManyCasesAction::parse(&body?.0).map_err(ApiError::invalid_action)?);
    let mut items: Vec<OneDone> = Vec::with_capacity(many.numbers.len());
    while items.len() < many.numbers.len() {
        let (many, by, from) = (Arc::clone(&many), site.principal.by(), items.len());
        let work = move |conn: &mut _| {
            let (begun, now) = (Instant::now(), UnixMillis::now().0);
            let mut lock = journal::lock(conn, site.id)?.with_key(&by);
            let mut done = Vec::new();
            for number in many.numbers.iter().skip(from) {
                let asking = Asking { means: Means::Api, seen: None, now };
                done.push((*number, ask(conn, &mut lock, *number, &many.action, asking)?));
                if begun.elapsed() >= TURN {
                    break;
                }
            }
            Ok(done)
        };
        for (number, done) in store.writes.decisions.run(work).await? {
            // What names nobody, or nothing of the site, names it for none of the cases.
            if let (Err(NotDone::Invalid(errors)), true) = (&done, items.iter().all(|one| one.outcome == "refused")) {
                return Err(ApiError::invalid_action(errors.clone()));
            }
            items.push(OneDone::new(number, done));
        }
        store.signals.outbox_filled.notify_one();
    }
    Ok(Json(ManyDone { items }))
}

/// What an action on one case may be answered with, beside what its extractors say.
pub const REFUSALS: [ProblemCode; 4] =
    [ProblemCode::CaseTaken, ProblemCode::CaseRefused, ProblemCode::EntryIdUsed, ProblemCode::InvalidAction];
