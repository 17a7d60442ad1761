//! Triage of responses of one site, in a transaction.

use counterbell_shared::ResponseId;
use counterbell_shared::document::quoted;
use counterbell_shared::time::DAY_MS;
use diesel::QueryResult;
use diesel::result::Error as DieselError;

use super::decide::{Decision, decide};
use super::facts::firing;
use super::group::group;
use super::tell::{Alert, Before, Tellable};
use crate::cases::{self, Case, CaseOfResponse, Kept, News, tell_by};
use crate::db::alert_groups;
use crate::db::alerts::{self, NewAlertRow};
use crate::db::due::next_try;
use crate::db::journal::{self, By, Event, SiteLock};
use crate::db::outbox::{self, NewOutboxRow};
use crate::db::responses::{ResponseRow, id_from_column};
use crate::db::told::{AboutResponse, withdraw};
use crate::db::triage::{self as queued, Due, NewTriageRow};
use crate::db::{AnyConnection, customers, dialect};
use crate::rules::RuleSet;
use crate::sites::load_rules;

/// What is known of the site, and what follows, gathered over the responses of a transaction.
struct Round<'r> {
    rules: &'r RuleSet,
    /// Read when somebody is to be told.
    tellable: Option<Tellable>,
    alerts: Vec<NewAlertRow>,
    messages: Vec<NewOutboxRow>,
    /// A message that waited is due earlier.
    has_moved: bool,
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
    let rules = load_rules(conn, site_id, None)?;
    if !rules.unreadable().is_empty() {
        let names = quoted(rules.unreadable().iter().map(String::as_str));
        let fault = format!("the documents of the alert rules {names} cannot be read");
        return Err(DieselError::DeserializationError(fault.into()));
    }
    let mut round = Round { rules: &rules, tellable: None, alerts: Vec::new(), messages: Vec::new(), has_moved: false };
    for (one, response) in due.into_iter().zip(responses) {
        // A response that is gone takes its place in the queue along.
        if queued::take(conn, site_id, one)?
            && let Some(response) = response
            && let Some(id) = response.id()
        {
            round.decide_about(conn, &mut site, &response, id, now)?;
        }
    }
    if let Some(tellable) = &round.tellable {
        tellable.save_turns(conn)?;
    }
    alerts::insert(conn, &round.alerts)?;
    outbox::insert(conn, &round.messages)?;
    Ok(round.has_moved || !round.messages.is_empty())
}

impl Round<'_> {
    fn decide_about(
        &mut self,
        conn: &mut AnyConnection,
        site: &mut SiteLock,
        response: &ResponseRow,
        response_id: ResponseId,
        now: i64,
    ) -> QueryResult<()> {
        let (site_id, id) = (response.site_id, response_id.as_bytes());
        if response.held.is_none() {
            customers::note(conn, response)?;
        }
        let firing = firing(conn, self.rules, response)?;
        let fired = alerts::fired(conn, site_id, id)?;
        if firing.is_empty() && fired.is_empty() {
            return Ok(());
        }
        let messages = AboutResponse::load(conn, site_id, id)?;
        let groups = alert_groups::of_response(conn, site_id, id)?;
        let mut case = Kept::of_response(conn, site_id, id)?;
        let has_joined = match &case {
            Some(kept) => cases::has_joined(conn, kept, id)?,
            None => false,
        };
        let somebody_was_told = !messages.is_empty() || !groups.is_empty() || has_joined;
        let still_fires = !firing.is_empty();
        match decide(firing, &fired, somebody_was_told) {
            Decision::Nothing => {
                if let Some(kept) = &mut case {
                    let of_case = (kept, response_id);
                    match still_fires {
                        true => cases::count_again(conn, site, of_case, News::Nothing, now)?,
                        false => cases::has_changed(conn, site, of_case, now)?,
                    }
                }
            }
            // One that somebody was told of stays: should it fire again, they are not told twice.
            Decision::Withdraw => {
                let (open, closed): (Vec<_>, Vec<_>) = groups.iter().partition(|group| group.closed_at.is_none());
                for group in open {
                    alert_groups::take_out(conn, site_id, &group.group_id, id)?;
                }
                let is_known = match &case {
                    Some(kept) => has_joined || cases::is_known(conn, kept)?,
                    None => false,
                };
                if !withdraw(conn, site_id, &messages)? && closed.is_empty() && !is_known {
                    alerts::delete(conn, site_id, id)?;
                    site.append(conn, &By::server(), now, &[Event::AlertWithdrawn { response_id }])?;
                    if let Some(kept) = case {
                        cases::withdraw(conn, site, kept, response, now)?;
                    }
                } else if let Some(mut kept) = case {
                    match response.held {
                        Some(_) => cases::end_if_spam(conn, site, kept, now)?,
                        None => cases::has_changed(conn, site, (&mut kept, response_id), now)?,
                    }
                }
            }
            Decision::Fire { new, telling } => {
                let tellable = match &mut self.tellable {
                    Some(tellable) => tellable,
                    none => none.insert(Tellable::load(conn, site_id)?),
                };
                // Nobody was there to be told when its case was opened: who has that by now knows, and an end stays one.
                let is_seen_to = |case: &Case| case.owner.is_some() || (case.state.is_ended() && !case.opens_again);
                let is_seen_to = fired.is_empty()
                    && case.as_ref().is_some_and(|kept| is_seen_to(&kept.case))
                    && !journal::has_happened(conn, site_id, &Event::AlertWithdrawn { response_id })?;
                let turns = tellable.turns.clone();
                let mut told = tellable.resolve(conn, &telling, &response.touchpoint, now)?;
                let before = Before { messages: tellable.told_before(&messages), groups };
                self.has_moved |= before.leave_out(conn, (site_id, response_id), &mut told)?;
                if let Some(due_at) = look_again_at(response, now)
                    && told.is_empty()
                    && !(somebody_was_told || is_seen_to)
                    && tellable.had_staff()
                {
                    // Everybody has left: whoever comes hears of it.
                    cases::open_or_join(conn, site, (response, case), &telling, now)?;
                    let again = NewTriageRow { site_id, response_id: *id, revision: response.revision, due_at };
                    return dialect::enqueue_for_triage(conn, &[again]);
                }
                let mut events = Vec::with_capacity(new.len());
                for one in &new {
                    let (rule, version) = (one.rule.name.clone(), one.version);
                    events.push(Event::AlertFired { response_id, rule: rule.clone(), version });
                    self.alerts.push(NewAlertRow { site_id, response_id: *id, rule, fired_at: now });
                }
                site.append(conn, &By::server(), now, &events)?;
                let news = if somebody_was_told { News::MoreRules } else { News::Alert };
                if let Some(kept) = case.as_mut().filter(|_| !is_seen_to) {
                    cases::count_again(conn, site, (kept, response_id), news, now)?;
                }
                let case = cases::open_or_join(conn, site, (response, case), &telling, now)?;
                if is_seen_to || matches!(case, Some(CaseOfResponse::Joined(_))) {
                    told.clear();
                    // Nobody has had their turn.
                    tellable.turns = turns;
                    self.has_moved = true;
                }
                let case = case.map(|case| case.kept().case.clone());
                let tell_by = case.as_ref().and_then(|case| tell_by(case, now));
                group(conn, site_id, (response_id, &response.touchpoint), &mut told, (tell_by, now))?;
                let case = case.map(|case| case.number);
                let alert = Alert { site_id, response_id, case, test_at: None, told };
                self.messages.extend(alert.messages(tellable, now));
            }
        }
        Ok(())
    }
}

/// When it is looked again whether somebody is there to be told of a response (Unix ms): soon at first, then less often; after a week
/// no more.
fn look_again_at(response: &ResponseRow, now: i64) -> Option<i64> {
    const LONGEST_MS: i64 = DAY_MS / 2;
    const SHORTEST_MS: i64 = 10 * 60_000;
    let age_ms = now.saturating_sub(response.received_at);
    (age_ms < 7 * DAY_MS).then(|| now + (age_ms / 2).clamp(SHORTEST_MS, LONGEST_MS))
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
