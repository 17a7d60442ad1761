//! Alerts, and escalations, that are too many to be told one by one.

use std::collections::BTreeSet;

use counterbell_shared::ResponseId;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use diesel::QueryResult;
use serde_json::json;

use super::tell::{Tellable, Told, rule_or_alerts};
use crate::cases::Instead;
use crate::db::alert_groups::{self, ALERT_GROUP, AlertGroup, GROUP_MAIL, GroupKind, Whose, Window};
use crate::db::journal::{By, Event, SiteLock};
use crate::db::outbox::{About, MAIL_LANE, NewOutboxRow, Subject};
use crate::db::responses::id_from_column;
use crate::db::timers::Timer;
use crate::db::told::AboutResponse;
use crate::db::{AnyConnection, outbox};
use crate::ids::new_id;
use crate::rules::{Grouped, Reason, RuleSet};
use crate::sites::load_rules;
use crate::timers::{Handler, Next};

/// The longest window of a rule.
const LONGEST_MS: i64 = counterbell_shared::limits::RULE_MAX_DAYS as i64 * DAY_MS;

/// Before it is looked again whether somebody is there to be told, in ms.
const AGAIN_MS: i64 = 10 * 60_000;

/// Takes out those who have heard enough of a rule in this window: the response waits for its end with the others, at the
/// longest until `tell_by` (Unix ms). The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn group(
    conn: &mut AnyConnection,
    site_id: i64,
    (response_id, touchpoint): (ResponseId, &str),
    told: &mut Vec<Told<'_>>,
    (tell_by, now): (Option<i64>, i64),
) -> QueryResult<()> {
    let mut alone = Vec::with_capacity(told.len());
    for told in told.drain(..) {
        let waits = match told.grouped {
            Some(Grouped { most, window }) => {
                let rule = told.rule.rule.name.as_str();
                let whose = Whose { site_id, person_id: told.person_id, rule, kind: GroupKind::Alert };
                let window = Window { most, length_ms: window.as_ms(), tell_by };
                let response = (response_id.as_bytes().as_slice(), touchpoint);
                AlertGroup::waits(conn, whose, window, response, new_id(UnixMillis(now)), now)?
            }
            None => false,
        };
        if !waits {
            alone.push(told);
        }
    }
    *told = alone;
    Ok(())
}

/// Tells the rest at the end of a window.
#[derive(Clone, Copy, Debug)]
pub struct EndOfWindow;

impl Handler for EndOfWindow {
    fn kind(&self) -> &'static str {
        ALERT_GROUP
    }

    fn longest_ms(&self) -> i64 {
        LONGEST_MS
    }

    fn fire(&self, conn: &mut AnyConnection, site: &mut SiteLock, timer: &Timer, now: i64) -> QueryResult<Next> {
        let Some(group) = AlertGroup::find(conn, site.site_id(), &timer.subject)? else { return Ok(Next::Done) };
        if now < group.ends_at {
            return Ok(Next::At(group.ends_at));
        }
        if group.closed_at.is_none() {
            withdraw(conn, site, &group, now)?;
            if !group.response_ids(conn)?.is_empty() {
                match messages(conn, &group, now)? {
                    Instead::Messages(messages) => outbox::insert(conn, &messages)?,
                    Instead::Nobody => return Ok(Next::At(now + AGAIN_MS)),
                }
            }
        }
        group.close(conn, now)?;
        Ok(Next::Done)
    }
}

/// Takes out what nobody is to be told any more: the case has ended or somebody has taken it, or the response is spam.
fn withdraw(conn: &mut AnyConnection, site: &mut SiteLock, group: &AlertGroup, now: i64) -> QueryResult<()> {
    let wanted: BTreeSet<_> = group.wanted_ids(conn, now)?.into_iter().collect();
    let mut events = Vec::new();
    for id in group.response_ids(conn)?.into_iter().filter(|id| !wanted.contains(id)) {
        alert_groups::take_out(conn, group.site_id, &group.group_id, &id)?;
        let (person_id, rule) = (group.person_id, group.rule.clone());
        events.extend(id_from_column(&id).map(|response_id| Event::WaitWithdrawn { response_id, person_id, rule }));
    }
    site.append(conn, &By::server(), now, &events)
}

/// To whom the group belongs. Should they have left, what nobody else was told of is handed over to those whom the rule
/// tells by then.
fn messages(conn: &mut AnyConnection, group: &AlertGroup, now: i64) -> QueryResult<Instead> {
    let site_id = group.site_id;
    let mut tellable = Tellable::load(conn, site_id)?;
    let rules = load_rules(conn, site_id, None)?;
    if tellable.staff.is_employed(group.person_id) {
        let at = rules.named(&group.rule).map_or(now, |rule| tellable.told_at(rule, group.person_id, now));
        let email = tellable.email(group.person_id);
        let message = message(group, &group.group_id, (group.person_id, &email), (None, at), now);
        return Ok(Instead::Messages(message.into_iter().collect()));
    }
    let instead = hand_over(conn, &mut tellable, &rules, group, now)?;
    tellable.save_turns(conn)?;
    Ok(instead)
}

/// Makes groups of what nobody but somebody who left was to hear of, for those whom the rule tells by now; the team "alerts" when
/// there is no such rule any more. The caller saves the turns, and has locked the site.
///
/// # Errors
/// What the database says.
pub fn hand_over(
    conn: &mut AnyConnection,
    tellable: &mut Tellable,
    rules: &RuleSet,
    group: &AlertGroup,
    now: i64,
) -> QueryResult<Instead> {
    let untold = untold(conn, tellable, group)?;
    if untold.is_empty() {
        return Ok(Instead::Messages(Vec::new()));
    }
    let rule = rule_or_alerts(rules, &group.rule);
    let people = tellable.resolve(conn, &[&rule], group.touchpoint.as_deref().unwrap_or_default(), now)?;
    if people.is_empty() {
        return Ok(Instead::Nobody);
    }
    let mut messages = Vec::new();
    for told in people {
        let group_id = new_id(UnixMillis(now));
        group.hand_over(conn, &untold, (group_id, told.person_id), now)?;
        let person = (told.person_id, &*tellable.email(told.person_id));
        messages.extend(message(group, group_id.as_bytes(), person, (Some(told.why), told.at), now));
    }
    Ok(Instead::Messages(messages))
}

/// Responses of a group that nobody who is still there was told of, nor will be.
fn untold(conn: &mut AnyConnection, tellable: &Tellable, group: &AlertGroup) -> QueryResult<Vec<Vec<u8>>> {
    let mut untold = Vec::new();
    for response_id in group.response_ids(conn)? {
        if group.kind() != GroupKind::Alert {
            untold.push(response_id);
            continue;
        }
        let groups = alert_groups::of_response(conn, group.site_id, &response_id)?;
        let mut alerts = groups.iter().filter(|other| other.kind == group.kind);
        let waits = alerts.any(|other| tellable.staff.is_employed(other.person_id));
        let messages = AboutResponse::load(conn, group.site_id, &response_id)?;
        let mut told = tellable.told_before(&messages).into_keys();
        if !waits && !told.any(|person_id| tellable.staff.is_employed(person_id)) {
            untold.push(response_id);
        }
    }
    Ok(untold)
}

/// Tells somebody of a group of this id at `due_at` (Unix ms): `group`, or what was made of it for them.
pub fn message(
    group: &AlertGroup,
    group_id: &[u8],
    (person_id, email): (i64, &str),
    (why, due_at): (Option<Reason>, i64),
    now: i64,
) -> Option<NewOutboxRow> {
    let mut payload = json!({ "person": person_id, "rule": group.rule });
    if let Some(why) = why {
        payload["why"] = json!(why);
    }
    let about = About {
        kind: GROUP_MAIL,
        lane: MAIL_LANE,
        destination: email,
        subject: Subject::Group(group_id.try_into().ok()?),
        person_id,
        payload: &payload,
        due_at,
    };
    Some(NewOutboxRow::new(group.site_id, new_id(UnixMillis(now)), &about, now))
}
