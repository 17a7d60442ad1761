//! What a mail about many alerts is made of.

use std::sync::Arc;

use diesel::QueryResult;
use serde::Deserialize;

use super::letter::{GroupContent, GroupFacts, Newest};
use crate::db::AnyConnection;
use crate::db::alert_groups::AlertGroup;
use crate::db::outbox::OutboxRow;
use crate::mail::answered::place;
use crate::mail::links::Target;
use crate::mail::people::{Site, Sites};
use crate::mail::why::why;
use crate::rules::Reason;

/// Responses whose words are in the mail.
const NEWEST_MAX: i64 = 10;

/// What the payload of a message about a group holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    rule: Option<String>,
    person: Option<i64>,
    why: Option<Reason>,
}

/// `None` when no response of the group is stored any more.
///
/// # Errors
/// What the database says.
pub fn load(conn: &mut AnyConnection, sites: &mut Sites, message: &OutboxRow) -> QueryResult<Option<GroupContent>> {
    let group = AlertGroup::find(conn, message.site_id, &message.subject_id)?;
    let (Some(site), Some(group)) = (sites.get(conn, message.site_id)?, group) else { return Ok(None) };
    let Some(group) = facts(conn, &site, &group)? else { return Ok(None) };
    let payload: Payload = serde_json::from_str(&message.payload).unwrap_or_default();
    let reader = site.reader(payload.person, &message.destination);
    let why = why(reader.language, payload.why.as_ref(), payload.rule.as_deref(), &site);
    Ok(Some(GroupContent { site, reader, group, why }))
}

fn facts(conn: &mut AnyConnection, site: &Arc<Site>, group: &AlertGroup) -> QueryResult<Option<GroupFacts>> {
    let Ok(subject_id) = group.group_id.as_slice().try_into() else { return Ok(None) };
    let mut places = Vec::new();
    for (touchpoint, count) in group.touchpoints(conn)? {
        places.push((place(conn, site.id, &touchpoint)?, count));
    }
    let mut newest = Vec::new();
    for response in group.newest(conn, NEWEST_MAX)? {
        let Some(score) = response.score() else { continue };
        let place = place(conn, site.id, &response.touchpoint)?;
        newest.push(Newest { at: response.created_at, place, score, comment: response.comment });
    }
    let count = places.iter().map(|(_, count)| count).sum();
    let target = Target { site_id: site.id, subject_id, generation: 0 };
    Ok((count > 0).then_some(GroupFacts { target, count, places, newest }))
}
