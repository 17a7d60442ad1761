//! Cases that somebody who left had: nobody has them, and others are told, of many in one mail.

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use super::CHUNK;
use crate::cases::{Kept, give_back as give_back_case, left_message, whom_to_tell};
use crate::db::alert_groups::AlertGroup;
use crate::db::cases::{CaseRow, responses};
use crate::db::journal::SiteLock;
use crate::db::outbox::{self, NewOutboxRow};
use crate::db::{AnyConnection, staff};
use crate::ids::new_id;
use crate::rules::{Reason, RuleSet};
use crate::sites::load_rules;
use crate::triage::group::message as group_message;

/// Takes up to [`CHUNK`] cases from whoever left, and gathers them for those who are told; how many.
pub fn give_back(conn: &mut AnyConnection, site: &mut SiteLock, person_id: i64, now: i64) -> QueryResult<usize> {
    let site_id = site.site_id();
    let rows = CaseRow::open_of(conn, site_id, person_id, CHUNK as i64)?;
    let rules = load_rules(conn, site_id, None)?;
    let count = rows.len();
    for row in rows {
        let mut kept = Kept::read(row)?;
        if give_back_case(conn, site, &mut kept, person_id, now)? {
            gather(conn, &kept, &rules, now)?;
        }
    }
    Ok(count)
}

/// Whoever was to be told has left, too, before they were: others are.
pub fn gather_again(conn: &mut AnyConnection, site_id: i64, person_id: i64, now: i64) -> QueryResult<()> {
    for group in AlertGroup::gathered_for(conn, site_id, person_id)? {
        again(conn, &group, now)?;
        group.delete(conn)?;
    }
    Ok(())
}

/// Gathers the cases of a group for whoever is told by now; whether there is somebody for each.
pub fn again(conn: &mut AnyConnection, group: &AlertGroup, now: i64) -> QueryResult<bool> {
    let rules = load_rules(conn, group.site_id, None)?;
    let mut all = true;
    for response_id in group.response_ids(conn)? {
        if let Some(kept) = Kept::of_response(conn, group.site_id, &response_id)?.filter(has_nobody) {
            all &= gather(conn, &kept, &rules, now)?;
        }
    }
    Ok(all)
}

fn has_nobody(kept: &Kept) -> bool {
    kept.case.owner.is_none() && !kept.case.state.is_ended()
}

/// Whom a case without an owner is told to, by its rule as it is now.
fn whom(conn: &mut AnyConnection, kept: &Kept, rules: &RuleSet, now: i64) -> QueryResult<Vec<(i64, Reason)>> {
    whom_to_tell(conn, kept, rules.named(&kept.rule.0).map(|one| &one.rule), now)
}

/// Whether there is anybody.
fn gather(conn: &mut AnyConnection, kept: &Kept, rules: &RuleSet, now: i64) -> QueryResult<bool> {
    let people = whom(conn, kept, rules, now)?;
    let first = responses(conn, kept.site_id, &kept.id)?.into_iter().next();
    for (person_id, why) in &people {
        let whose = (kept.site_id, *person_id, kept.rule.0.as_str());
        match &first {
            Some((response_id, _)) => AlertGroup::gather(conn, whose, response_id, new_id(UnixMillis(now)), now)?,
            // No list shows a case without a response.
            None => {
                let message = left_message(conn, kept, (*person_id, why.clone()), now)?;
                outbox::insert(conn, message.as_slice())?;
            }
        }
    }
    Ok(!people.is_empty())
}

/// Tells up to [`CHUNK`] people and rules what was gathered for them; how many.
pub fn tell(conn: &mut AnyConnection, site_id: i64, now: i64) -> QueryResult<usize> {
    let groups = AlertGroup::gathered(conn, site_id, CHUNK as i64)?;
    let rules = load_rules(conn, site_id, None)?;
    for group in &groups {
        let message = message(conn, group, &rules, now)?;
        outbox::insert(conn, message.as_slice())?;
    }
    Ok(groups.len())
}

/// One case is told alone; of more there is a list.
fn message(
    conn: &mut AnyConnection,
    group: &AlertGroup,
    rules: &RuleSet,
    now: i64,
) -> QueryResult<Option<NewOutboxRow>> {
    let response_ids = group.response_ids(conn)?;
    let mut case = None;
    for response_id in &response_ids {
        case = Kept::of_response(conn, group.site_id, response_id)?.filter(has_nobody);
        if case.is_some() {
            break;
        }
    }
    let member = staff::find(conn, group.site_id, group.person_id)?.filter(|member| member.left_at.is_none());
    // Of somebody who has left by now a timer of their own hands it on.
    let Some(member) = member else { return Ok(None) };
    let Some(kept) = case else {
        group.delete(conn)?;
        return Ok(None);
    };
    let told = whom(conn, &kept, rules, now)?.into_iter().find(|(person_id, _)| *person_id == group.person_id);
    let why = told.map_or(Reason::Named, |(_, why)| why);
    if response_ids.len() == 1 {
        group.delete(conn)?;
        return left_message(conn, &kept, (group.person_id, why), now);
    }
    group.close(conn, now)?;
    Ok(group_message(group, &group.group_id, (group.person_id, &member.email), (Some(why), now), now))
}
