//! What cases, and mails, tell of customers: it goes with their responses.

use std::collections::{BTreeMap, BTreeSet};

use counterbell_shared::ResponseId;
use diesel::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::alert_groups::SUBJECT_GROUP;
use super::cases::{SUBJECT_CASE, of_responses, responses};
use super::connection::AnyConnection;
use super::journal::{case_subject, of_subject};
use super::outbox::{OutboxState, SUBJECT_RESPONSE};
use super::schema::{alert_group_responses, case_notes, cases, customer_keys, outbox};
use super::tables;

/// Most entries that are read of one case.
const ENTRIES_MAX: i64 = 2_000;

/// What goes with responses, beside their own rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Ids of messages that were deleted.
    pub messages: Vec<Vec<u8>>,
    /// Ids of messages that stay, and whose mails may quote a response.
    pub mails: Vec<Vec<u8>>,
    /// Ids of cases of which no response is stored any more.
    pub emptied: Vec<Vec<u8>>,
}

impl Gone {
    /// Ids of all messages whose mails are to go, where these are files.
    pub fn mail_files(&self) -> Vec<Vec<u8>> {
        [self.messages.as_slice(), &self.mails].concat()
    }
}

struct Member {
    case_id: Vec<u8>,
    number: i64,
    merged_into: Option<i64>,
    linked: Vec<i64>,
}

/// Cases by their numbers.
type Family = BTreeMap<i64, Member>;

/// Of cases that had responses whose rows are gone, and of those merged with them, what told of the customers goes with the
/// last of them, and so do messages. Of a case that goes on, messages stay. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn forget(conn: &mut AnyConnection, site_id: i64, case_ids: &[Vec<u8>]) -> QueryResult<Gone> {
    let mut gone = Gone::default();
    if case_ids.is_empty() {
        return Ok(gone);
    }
    let own = load(conn, site_id, &Wanted::Ids(case_ids))?;
    let touched = with_merged(conn, site_id, own)?;
    let is_touched: BTreeSet<_> = touched.keys().copied().collect();
    // What was split off was another case's before.
    let linked = numbers(touched.values().flat_map(|member| &member.linked));
    let linked = load(conn, site_id, &Wanted::Numbers(&linked))?;
    let all = with_merged(conn, site_id, touched.into_values().chain(linked).collect())?;
    for member in all.values() {
        let is_touched = is_touched.contains(&member.number);
        if is_empty(conn, site_id, &all, member)? {
            delete_words(conn, site_id, &member.case_id)?;
            gone.messages.extend(about(conn, site_id, SUBJECT_CASE, std::slice::from_ref(&member.case_id))?);
            if is_touched && member.merged_into.is_none() {
                gone.emptied.push(member.case_id.clone());
            }
        } else if is_touched {
            gone.mails.extend(about(conn, site_id, SUBJECT_CASE, std::slice::from_ref(&member.case_id))?);
            make_anew_what_is_being_sent(conn, site_id, &member.case_id)?;
        }
    }
    Ok(gone)
}

/// Ids of messages about others whose mails may quote these responses: groups that they were in, and what else the same
/// customers said. Ask before the responses' rows are deleted.
///
/// # Errors
/// What the database says.
pub fn quoting(conn: &mut AnyConnection, site_id: i64, ids: &[&[u8]]) -> QueryResult<Vec<Vec<u8>>> {
    let groups: Vec<Vec<u8>> = alert_group_responses::table
        .filter(alert_group_responses::site_id.eq(site_id))
        .filter(alert_group_responses::response_id.eq_any(ids.iter().copied()))
        .select(alert_group_responses::group_id)
        .distinct()
        .load(conn)?;
    let keys: Vec<Vec<u8>> = customer_keys::table
        .filter(customer_keys::site_id.eq(site_id))
        .filter(customer_keys::response_id.eq_any(ids.iter().copied()))
        .select(customer_keys::customer_key)
        .distinct()
        .load(conn)?;
    let others: Vec<Vec<u8>> = customer_keys::table
        .filter(customer_keys::site_id.eq(site_id))
        .filter(customer_keys::customer_key.eq_any(keys))
        .filter(customer_keys::response_id.ne_all(ids.iter().copied()))
        .select(customer_keys::response_id)
        .distinct()
        .load(conn)?;
    let mut found = about(conn, site_id, SUBJECT_GROUP, &groups)?;
    found.extend(about(conn, site_id, SUBJECT_RESPONSE, &others)?);
    Ok(found)
}

fn numbers<'a>(numbers: impl Iterator<Item = &'a i64>) -> Vec<i64> {
    numbers.copied().collect::<BTreeSet<_>>().into_iter().collect()
}

enum Wanted<'a> {
    Ids(&'a [Vec<u8>]),
    Numbers(&'a [i64]),
}

fn load(conn: &mut AnyConnection, site_id: i64, wanted: &Wanted<'_>) -> QueryResult<Vec<Member>> {
    let of_site = cases::table.filter(cases::site_id.eq(site_id)).into_boxed();
    let some = match wanted {
        Wanted::Ids([]) | Wanted::Numbers([]) => return Ok(Vec::new()),
        Wanted::Ids(ids) => of_site.filter(cases::case_id.eq_any(*ids)),
        Wanted::Numbers(numbers) => of_site.filter(cases::number.eq_any(*numbers)),
    };
    let rows: Vec<(Vec<u8>, i64, Option<i64>, String)> =
        some.select((cases::case_id, cases::number, cases::merged_into, cases::details)).load(conn)?;
    let member = |(case_id, number, merged_into, details): (_, _, _, String)| {
        let details: Value = serde_json::from_str(&details).unwrap_or_default();
        let linked = details.get("linked").and_then(Value::as_array).into_iter().flatten();
        Member { case_id, number, merged_into, linked: linked.filter_map(Value::as_i64).collect() }
    };
    Ok(rows.into_iter().map(member).collect())
}

/// Those of `found`, what they were merged into, and what was merged into them: a case names those.
fn with_merged(conn: &mut AnyConnection, site_id: i64, found: Vec<Member>) -> QueryResult<Family> {
    let mut looked_at: BTreeSet<i64> = found.iter().map(|member| member.number).collect();
    let mut family: Family = found.into_iter().map(|member| (member.number, member)).collect();
    loop {
        let next = family.values().flat_map(|member| member.linked.iter().chain(&member.merged_into));
        let next = numbers(next.filter(|number| !looked_at.contains(number)));
        if next.is_empty() {
            return Ok(family);
        }
        looked_at.extend(&next);
        for member in load(conn, site_id, &Wanted::Numbers(&next))? {
            let goes_on_in = member.merged_into.is_some_and(|into| family.contains_key(&into));
            if goes_on_in || family.values().any(|other| other.merged_into == Some(member.number)) {
                family.insert(member.number, member);
            }
        }
    }
}

/// Whether no response of a case is stored any more: of one that was merged, none that it ever had.
fn is_empty(conn: &mut AnyConnection, site_id: i64, all: &Family, member: &Member) -> QueryResult<bool> {
    let had = if member.merged_into.is_some() { had(conn, site_id, all, member)? } else { Vec::new() };
    if had.is_empty() {
        // Of one that was merged so long ago that the journal is gone, the case that goes on is asked.
        let chain = std::iter::successors(Some(member), |member| all.get(&member.merged_into?));
        // No case is merged into itself, but rows may say so.
        let last = chain.take(all.len()).last().unwrap_or(member);
        return Ok(responses(conn, site_id, &last.case_id)?.is_empty());
    }
    let had: Vec<_> = had.iter().map(|id| id.as_bytes().as_slice()).collect();
    Ok(of_responses(conn, site_id, &had)?.is_empty())
}

/// The responses that came to a case, or to one that was merged into it, and were not split off.
fn had(conn: &mut AnyConnection, site_id: i64, all: &Family, member: &Member) -> QueryResult<Vec<ResponseId>> {
    let mut parts = vec![member.number];
    while let Some(more) = all
        .values()
        .find(|other| other.merged_into.is_some_and(|into| parts.contains(&into)) && !parts.contains(&other.number))
    {
        parts.push(more.number);
    }
    let mut had = Vec::new();
    // Those merged last first: what a case split off may have come to it from them.
    for number in parts.into_iter().rev() {
        for entry in of_subject(conn, site_id, &case_subject(number), 0, ENTRIES_MAX)? {
            let data: Value = serde_json::from_str(&entry.data).unwrap_or_default();
            let Some(Ok(id)) = data.get("response_id").and_then(Value::as_str).map(str::parse::<ResponseId>) else {
                continue;
            };
            match entry.kind.as_str() {
                "case.opened" | "case.response_joined" => had.push(id),
                "case.response_split" => had.retain(|known| *known != id),
                _ => {}
            }
        }
    }
    Ok(had)
}

fn delete_words(conn: &mut AnyConnection, site_id: i64, case_id: &[u8]) -> QueryResult<()> {
    let notes = case_notes::table.filter(case_notes::site_id.eq(site_id)).filter(case_notes::case_id.eq(case_id));
    diesel::delete(notes).execute(conn)?;
    let case = cases::table.find((site_id, case_id));
    diesel::update(case).set(cases::action_taken.eq(None::<String>)).execute(conn).map(|_| ())
}

fn about(conn: &mut AnyConnection, site_id: i64, kind: &str, subjects: &[Vec<u8>]) -> QueryResult<Vec<Vec<u8>>> {
    outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::subject_kind.eq(kind))
        .filter(outbox::subject_id.eq_any(subjects))
        .select(outbox::message_id)
        .load(conn)
}

/// A mail that was made before a response was deleted may still be written: another message takes its place, and whoever
/// sends it finds that it is gone.
fn make_anew_what_is_being_sent(conn: &mut AnyConnection, site_id: i64, case_id: &[u8]) -> QueryResult<()> {
    let being_sent: Vec<Vec<u8>> = outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::subject_kind.eq(SUBJECT_CASE))
        .filter(outbox::subject_id.eq(case_id))
        .filter(outbox::state.eq(OutboxState::Pending.as_str()))
        .filter(outbox::leased.eq(true))
        .select(outbox::message_id)
        .load(conn)?;
    for message_id in &being_sent {
        // As unguessable as the one before.
        let again = Sha256::digest(message_id);
        let anew = (
            outbox::message_id.eq(&again[..16]),
            outbox::leased.eq(false),
            outbox::attempts.eq(0),
            outbox::resent_after.eq(0),
            outbox::due_at.eq(outbox::created_at),
            outbox::last_error.eq(None::<String>),
        );
        diesel::update(outbox::table.find((site_id, message_id.as_slice()))).set(anew).execute(conn)?;
    }
    tables::delete_messages(conn, site_id, &being_sent)
}
