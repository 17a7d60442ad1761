//! Who is told of touchpoints.

use std::collections::{BTreeMap, HashMap};

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use super::look::{Found, Owner};
use crate::db::AnyConnection;
use crate::db::outbox::{About, MAIL_LANE, NewOutboxRow, Subject};
use crate::ids::new_id;
use crate::mail::{Noticed, TOUCHPOINT_MAIL, TouchpointPayload};
use crate::rules::{Reason, RuleSet, VersionedRule, Who};
use crate::triage::tell::Tellable;

/// Touchpoints that a message names; of the others it says how many they are.
const NAMED_MAX: usize = 50;

/// One to each whom a rule tells of any of these, at `now` (Unix ms); `due_at` (Unix ms) is that of the timer, by which another
/// server would make the same.
///
/// # Errors
/// What the database says.
pub fn messages(
    conn: &mut AnyConnection,
    (site_id, rules): (i64, &RuleSet),
    found: &[Found],
    owners: &HashMap<String, Owner>,
    (due_at, now): (i64, i64),
) -> QueryResult<Vec<NewOutboxRow>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut tellable = Tellable::load(conn, site_id)?;
    let mut messages = Vec::new();
    for one in rules.in_force() {
        let of_rule = found.iter().filter(|found| found.key.rule == one.rule.name);
        let of_rule: Vec<_> = of_rule.map(|found| &found.noticed).collect();
        let told = people(conn, &mut tellable, one, &of_rule, owners, now)?;
        for (person_id, (why, at, noticed)) in told {
            let payload = TouchpointPayload {
                person: Some(person_id),
                rule: Some(one.rule.name.clone()),
                why: Some(why),
                urgent: one.rule.urgent,
                count: noticed.len(),
                touchpoints: noticed.into_iter().take(NAMED_MAX).cloned().collect(),
            };
            let about = About {
                kind: TOUCHPOINT_MAIL,
                lane: MAIL_LANE,
                destination: &tellable.email(person_id),
                subject: Subject::Site(site_id, &format!("{}/{due_at}", one.rule.name)),
                person_id,
                payload: &serde_json::to_value(&payload).unwrap_or_default(),
                due_at: at,
            };
            messages.push(NewOutboxRow::new(site_id, new_id(UnixMillis(now)), &about, now));
        }
    }
    tellable.save_turns(conn)?;
    Ok(messages)
}

/// Of each person: why they are told, when (Unix ms), and of what.
pub type ByPerson<'f> = BTreeMap<i64, (Reason, i64, Vec<&'f Noticed>)>;

/// Whom a rule tells of these, at `now` (Unix ms).
///
/// # Errors
/// What the database says.
pub fn people<'f>(
    conn: &mut AnyConnection,
    tellable: &mut Tellable,
    one: &VersionedRule,
    noticed: &[&'f Noticed],
    owners: &HashMap<String, Owner>,
    now: i64,
) -> QueryResult<ByPerson<'f>> {
    let by_owner = one.rule.who.iter().chain(&one.rule.fallback).any(|who| *who == Who::Owner);
    let mut alike: BTreeMap<Option<&Owner>, Vec<&'f Noticed>> = BTreeMap::new();
    for noticed in noticed {
        let owner = owners.get(&noticed.touchpoint).filter(|_| by_owner);
        alike.entry(owner).or_default().push(noticed);
    }
    let mut people = ByPerson::new();
    for alike in alike.into_values() {
        // They all belong to the same.
        let Some(first) = alike.first() else { continue };
        for told in tellable.resolve(conn, &[one], &first.touchpoint, now)? {
            let (_, _, all) = people.entry(told.person_id).or_insert((told.why, told.at, Vec::new()));
            all.extend(&alike);
        }
    }
    Ok(people)
}
