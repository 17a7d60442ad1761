//! What mails about groups are made of.

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

/// Comments that a mail shows.
const NEWEST_MAX: i64 = 5;

/// What the payload of a message about a group holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    person: Option<i64>,
    rule: Option<String>,
    why: Option<Reason>,
    left: bool,
}

impl GroupContent {
    /// What a message about a group is made of; `None` when none of its responses is stored any more, or somebody
    /// has each of the cases that nobody had.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, sites: &mut Sites, message: &OutboxRow) -> QueryResult<Option<Self>> {
        let group = AlertGroup::find(conn, message.site_id, &message.subject_id)?;
        let (Some(site), Some(group)) = (sites.get(conn, message.site_id)?, group) else { return Ok(None) };
        let payload: Payload = serde_json::from_str(&message.payload).unwrap_or_default();
        let Some(mut facts) = facts(conn, &site, &group)? else { return Ok(None) };
        if payload.left {
            facts.count = group.count_of_nobody(conn)?;
            if facts.count == 0 {
                return Ok(None);
            }
        }
        let reader = site.reader(payload.person, &message.destination);
        let why = why(reader.language, payload.why.as_ref(), payload.rule.as_deref(), &site);
        Ok(Some(Self { left: payload.left, reader, group: facts, why, site }))
    }
}

fn facts(conn: &mut AnyConnection, site: &Arc<Site>, group: &AlertGroup) -> QueryResult<Option<GroupFacts>> {
    let mut places = Vec::new();
    for (name, count) in group.touchpoints(conn)? {
        places.push((place(conn, site.id, &name)?, count));
    }
    let mut newest = Vec::new();
    for response in group.newest(conn, NEWEST_MAX)? {
        // One that is corrupt is on the page that the mail leads to.
        let Some(score) = response.score() else { continue };
        let place = place(conn, site.id, &response.touchpoint)?;
        newest.push(Newest { at: response.created_at, place, score, comment: response.comment });
    }
    let count = places.iter().map(|(_, count)| count).sum();
    let Ok(subject_id) = group.group_id.as_slice().try_into() else { return Ok(None) };
    let target = Target { site_id: site.id, subject_id, generation: 0 };
    Ok((count > 0).then_some(GroupFacts { target, count, places, newest }))
}
