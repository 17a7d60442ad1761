//! Triage of responses of one site, in a transaction.

use counterbell_shared::time::UnixMillis;
use counterbell_shared::{AlertRule, ResponseId};
use diesel::QueryResult;
use serde_json::json;

use super::decide::{Decision, Facts, decide};
use crate::db::alerts::{self, NewAlertRow};
use crate::db::due::next_try;
use crate::db::journal::{self, By, Event};
use crate::db::outbox::{self, About, NewOutboxRow};
use crate::db::responses::{ResponseRow, id_from_column};
use crate::db::sites::Alerting;
use crate::db::told::{AboutResponse, withdraw};
use crate::db::triage::{self as queued, Due};
use crate::db::{AnyConnection, dialect};
use crate::ids::new_id;
use crate::mail::{ALERT_MAIL, MAIL_LANE};

/// What follows, gathered over the responses of a transaction.
#[derive(Default)]
struct Effects {
    alerts: Vec<NewAlertRow>,
    messages: Vec<NewOutboxRow>,
    events: Vec<Event>,
}

/// Decides about responses that were due; whether somebody is to be told. One that changed since it was read is left: a
/// later row of the queue stands for it. Call in a transaction that writes.
///
/// # Errors
/// What the database says, or that a rule of the site cannot be read.
pub fn triage(conn: &mut AnyConnection, site_id: i64, due: &[Due], now: i64) -> QueryResult<bool> {
    let mut site = journal::lock(conn, site_id)?;
    let mut due: Vec<_> = due.iter().collect();
    // As ingest locks them: two must not wait for each other in a circle.
    due.sort_by(|a, b| a.response_id.cmp(&b.response_id));
    let mut responses = Vec::with_capacity(due.len());
    for one in &due {
        responses.push(dialect::lock_response(conn, site_id, &one.response_id)?);
    }
    let alerting = Alerting::load(conn, site_id, now)?;
    let rules = alerting.rules.all_read()?;
    let mut effects = Effects::default();
    for (one, response) in due.into_iter().zip(responses) {
        // A response that is gone takes its place in the queue along.
        if queued::take(conn, site_id, one)?
            && let Some(response) = response
            && let Some(id) = response.id()
        {
            effects.decide_about(conn, (rules, &alerting.recipients), (&response, id), now)?;
        }
    }
    alerts::insert(conn, &effects.alerts)?;
    outbox::insert(conn, &effects.messages)?;
    site.append(conn, &By::server(), now, &effects.events)?;
    Ok(!effects.messages.is_empty())
}

impl Effects {
    fn decide_about(
        &mut self,
        conn: &mut AnyConnection,
        (rules, recipients): (&[AlertRule], &[String]),
        (response, id): (&ResponseRow, ResponseId),
        now: i64,
    ) -> QueryResult<()> {
        let (site_id, response_id) = (response.site_id, *id.as_bytes());
        let messages = AboutResponse::load(conn, site_id, &response_id)?;
        let told: Vec<_> = messages.iter().map(|message| message.destination.clone()).collect();
        let decision = decide(&Facts {
            score: response.held.is_none().then(|| response.score()).flatten(),
            rules,
            fired: &alerts::fired(conn, site_id, &response_id)?,
            recipients,
            told: &told,
        });
        match decision {
            Decision::Nothing => {}
            // One that somebody was told of stays: should it fire again, they are not told twice.
            Decision::Withdraw => {
                if !withdraw(conn, site_id, &messages)? {
                    alerts::delete(conn, site_id, &response_id)?;
                    self.events.push(Event::AlertWithdrawn { response_id: id });
                }
            }
            Decision::Tell { rules, by, recipients } => {
                for rule in rules {
                    self.events.push(Event::AlertFired { response_id: id, rule: rule.clone() });
                    self.alerts.push(NewAlertRow { site_id, response_id, rule, fired_at: now });
                }
                let payload = json!({ "rule": by });
                for destination in &recipients {
                    let about =
                        About { kind: ALERT_MAIL, lane: MAIL_LANE, destination, response_id, payload: &payload };
                    let message_id = new_id(UnixMillis(now));
                    self.messages.push(NewOutboxRow::about_response(site_id, message_id, &about, now));
                }
            }
        }
        Ok(())
    }
}

/// Has a response tried again after a pause, or parked after the tenth time, because `error` came up at `now` (Unix ms).
///
/// # Errors
/// What the database says.
pub fn fail(conn: &mut AnyConnection, site_id: i64, due: &Due, error: &str, now: i64) -> QueryResult<()> {
    let id = id_from_column(&due.response_id).map(|id| id.to_string()).unwrap_or_default();
    let again = next_try(due.attempts + 1, now);
    match again {
        Some(_) => tracing::warn!(response.id = %id, "Triage of response {id} will be tried again: {error}"),
        None => tracing::error!(response.id = %id, "Triage of response {id} is parked, nobody is told of it: {error}"),
    }
    queued::fail(conn, site_id, due, error, again, now)
}
