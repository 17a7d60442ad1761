//! Messages that wait for somebody who left: whoever has to be told by now is told in their place.

use counterbell_shared::ResponseId;
use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde::Deserialize;
use serde_json::json;

use super::CHUNK;
use super::cases::again;
use crate::cases::{CASE_MAIL, Instead, Kept, instead_of, tell_by};
use crate::db::AnyConnection;
use crate::db::alert_groups::{self, AlertGroup, GROUP_MAIL, GroupKind};
use crate::db::journal::SiteLock;
use crate::db::outbox::{self, About, MAIL_LANE, NewOutboxRow, Subject, WaitingFor};
use crate::db::responses::{ResponseRow, id_from_column};
use crate::db::told::AboutResponse;
use crate::ids::new_id;
use crate::mail::{ALERT_MAIL, TOUCHPOINT_MAIL, TouchpointPayload};
use crate::rules::{RuleSet, Who};
use crate::sites::load_rules;
use crate::triage::group::{group, hand_over};
use crate::triage::tell::{Alert, Before, Tellable, rule_or_alerts};

/// Why a message is given up.
const NOBODY: &str = "whoever it was for has left, and nobody is there to be told instead";

/// What the payload of a message says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    rule: String,
    case: Option<i64>,
    test: bool,
}

/// Hands on up to [`CHUNK`] messages that wait for whoever left; how many. One that tells what others heard already, or what
/// was for them alone, is withdrawn. One for which nobody is left is parked.
pub fn hand_on(conn: &mut AnyConnection, site: &mut SiteLock, person_id: i64, now: i64) -> QueryResult<usize> {
    let site_id = site.site_id();
    let waiting = WaitingFor::load(conn, site_id, person_id, CHUNK as i64)?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let rules = load_rules(conn, site_id, None)?;
    let mut handing = Handing { person_id, rules: &rules, tellable: Tellable::load(conn, site_id)?, site_id, now };
    for message in &waiting {
        match handing.instead(conn, message)? {
            Instead::Nobody => message.park(conn, site, NOBODY, now)?,
            Instead::Messages(messages) => {
                outbox::insert(conn, &messages)?;
                message.withdraw(conn, site, now)?;
            }
        }
    }
    handing.tellable.save_turns(conn)?;
    Ok(waiting.len())
}

struct Handing<'r> {
    site_id: i64,
    person_id: i64,
    rules: &'r RuleSet,
    tellable: Tellable,
    now: i64,
}

impl Handing<'_> {
    fn instead(&mut self, conn: &mut AnyConnection, message: &WaitingFor) -> QueryResult<Instead> {
        let payload: Payload = serde_json::from_str(&message.payload).unwrap_or_default();
        match (message.kind.as_str(), id_from_column(&message.subject_id)) {
            (ALERT_MAIL, Some(response_id)) if !payload.test => self.alert(conn, message, response_id, &payload),
            (GROUP_MAIL, _) => self.group(conn, &message.subject_id),
            (CASE_MAIL, _) => {
                let rules: Vec<_> = self.rules.in_force().iter().map(|one| &one.rule).collect();
                instead_of(conn, (self.site_id, self.person_id), message, &rules, self.now)
            }
            (TOUCHPOINT_MAIL, _) => self.touchpoints(conn, message),
            _ => Ok(Instead::Messages(Vec::new())),
        }
    }

    /// Whoever the rule tells by now, of the same touchpoints; who was told of them at the same time is not told again.
    fn touchpoints(&mut self, conn: &mut AnyConnection, message: &WaitingFor) -> QueryResult<Instead> {
        let payload: TouchpointPayload = serde_json::from_str(&message.payload).unwrap_or_default();
        let (Some(first), Some(occasion)) = (payload.touchpoints.first(), message.occasion()) else {
            return Ok(Instead::Messages(Vec::new()));
        };
        let rule = rule_or_alerts(self.rules, payload.rule.as_deref().unwrap_or_default());
        let people = self.tellable.resolve(conn, &[&rule], &first.touchpoint, self.now)?;
        if people.is_empty() {
            return Ok(Instead::Nobody);
        }
        let mut messages = Vec::new();
        for told in people {
            let payload = json!(TouchpointPayload {
                person: Some(told.person_id),
                why: Some(told.why),
                touchpoints: payload.touchpoints.clone(),
                rule: payload.rule.clone(),
                ..payload
            });
            // An owner is told of their own touchpoints alone: these are others.
            let by_owner = rule.rule.who.contains(&Who::Owner);
            let occasion = if by_owner { format!("{occasion}/of/{}", self.person_id) } else { occasion.to_owned() };
            let about = About {
                kind: TOUCHPOINT_MAIL,
                lane: MAIL_LANE,
                destination: &self.tellable.email(told.person_id),
                subject: Subject::Site(self.site_id, &occasion),
                person_id: told.person_id,
                payload: &payload,
                due_at: told.at,
            };
            messages.push(NewOutboxRow::new(self.site_id, new_id(UnixMillis(self.now)), &about, self.now));
        }
        Ok(Instead::Messages(messages))
    }

    fn alert(
        &mut self,
        conn: &mut AnyConnection,
        message: &WaitingFor,
        response_id: ResponseId,
        payload: &Payload,
    ) -> QueryResult<Instead> {
        let (site_id, now) = (self.site_id, self.now);
        let Some(response) = ResponseRow::find(conn, &[site_id], response_id)? else {
            return Ok(Instead::Messages(Vec::new()));
        };
        let rule = rule_or_alerts(self.rules, &payload.rule);
        let mut told = self.tellable.resolve(conn, &[&rule], &response.touchpoint, now)?;
        if told.is_empty() {
            return Ok(Instead::Nobody);
        }
        let mut others = AboutResponse::load(conn, site_id, response_id.as_bytes())?;
        others.retain(|other| other.message_id != message.message_id);
        let groups = alert_groups::of_response(conn, site_id, response_id.as_bytes())?;
        let before = Before { messages: self.tellable.told_before(&others), groups };
        before.leave_out(conn, (site_id, response_id), &mut told)?;
        let case = Kept::of_response(conn, site_id, response_id.as_bytes())?;
        let tell_by = case.and_then(|kept| tell_by(&kept.case, now));
        group(conn, site_id, (response_id, &response.touchpoint), &mut told, (tell_by, now))?;
        let alert = Alert { site_id, response_id, case: payload.case, test_at: None, told };
        Ok(Instead::Messages(alert.messages(&self.tellable, now)))
    }

    fn group(&mut self, conn: &mut AnyConnection, group_id: &[u8]) -> QueryResult<Instead> {
        let Some(group) = AlertGroup::find(conn, self.site_id, group_id)? else {
            return Ok(Instead::Messages(Vec::new()));
        };
        if group.kind() == GroupKind::Left {
            return Ok(if again(conn, &group, self.now)? { Instead::Messages(Vec::new()) } else { Instead::Nobody });
        }
        hand_over(conn, &mut self.tellable, self.rules, &group, self.now)
    }
}
