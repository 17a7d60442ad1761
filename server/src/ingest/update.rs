//! Later revisions of what is stored: one response, sent again with more in it.

use std::cmp::Reverse;

use counterbell_shared::Channel;
use counterbell_shared::limits::REPLACING_REVISION_MAX;
use diesel::result::QueryResult;

use super::record::{HeldReason, Record};
use super::store::Written;
use crate::db::additions::{ADDITIONS_MAX, AdditionRow};
use crate::db::responses::{HELD_BY_STAFF, ResponseRow};
use crate::db::score_days::{self, Key, ScoreDays, day_of};
use crate::db::triage::put_off;
use crate::db::{AnyConnection, dialect};

/// Replaces what is stored by later revisions of it, and all that follows from it: figures, the place in the queue of the
/// search index, the place in the queue of triage. Once a response is complete, old or was replaced often enough, a later revision
/// is added to it instead, and nothing else changes. Returns what became of each record: updated; a duplicate, when what is
/// stored is as late, says the same, answers another survey, or is gone; closed. Call in a transaction that writes.
///
/// # Errors
/// What the database says; then the transaction is to be rolled back.
pub fn update_responses(conn: &mut AnyConnection, records: &[&Record]) -> QueryResult<Vec<Written>> {
    let mut outcomes = vec![Written::Duplicate; records.len()];
    let mut in_order: Vec<_> = records.iter().zip(&mut outcomes).collect();
    // Two servers with the same responses at hand must not wait for each other in a circle. Stable: what is of one
    // response stays in the order in which it came.
    in_order.sort_by_key(|(record, _)| (record.response.site_id, record.response.response_id));
    let mut replaced: Vec<(ResponseRow, &Record)> = Vec::new();
    let mut added: Vec<&Record> = Vec::new();
    for (record, outcome) in in_order {
        *outcome = match update_response(conn, record)? {
            Change::Nothing => Written::Duplicate,
            Change::Closed => Written::Closed,
            Change::Added => {
                added.push(record);
                Written::Updated
            }
            Change::Replaced(before) => {
                replaced.push((*before, record));
                Written::Updated
            }
        };
    }
    // Last, and in the order of their own key: every server takes a response's row before a day's.
    let mut counts = ScoreDays::default();
    for (before, record) in &replaced {
        count_again(&mut counts, before, record);
    }
    counts.store(conn)?;
    for (before, _) in
        replaced.iter().filter(|(before, record)| before.held.is_none() && record.response.held.is_some())
    {
        score_days::delete_if_empty(conn, key_of(before))?;
    }
    let mut to_index: Vec<_> = replaced.iter().filter_map(|(before, record)| with_new_words(before, record)).collect();
    to_index.dedup();
    if !to_index.is_empty() {
        dialect::enqueue_for_search(conn, &to_index)?;
    }
    // Also of what fires nothing any more: triage takes back what nobody was told of yet.
    let replaced = replaced.iter().filter(|(before, record)| record.is_or_was_alarming(before));
    let (same, changed): (Vec<_>, Vec<_>) = replaced.partition(|(before, record)| says_the_same(before, record));
    let replaced = changed.into_iter().map(|(_, record)| *record);
    // Whoever has the case of the response hears of an addition.
    let added = added.into_iter().filter(|record| record.response.held.is_none());
    let mut triage: Vec<_> = replaced.chain(added).map(Record::triage).collect();
    // One for each response, the last revision's.
    triage.sort_by_key(|row| (row.site_id, row.response_id, Reverse(row.revision)));
    triage.dedup_by_key(|row| (row.site_id, row.response_id));
    if !triage.is_empty() {
        dialect::enqueue_for_triage(conn, &triage)?;
    }
    for (_, record) in same {
        // Nothing to decide anew, but the customer has gone on, or finished.
        put_off(conn, &record.triage())?;
    }
    Ok(outcomes)
}

/// Whether rules, and whoever is told, see no difference.
fn says_the_same(before: &ResponseRow, record: &Record) -> bool {
    let now = &record.response;
    before.score == now.score
        && before.comment == now.comment
        && before.answers == now.answers
        && before.touchpoint == now.touchpoint
        && before.locale == now.locale
        && before.order_ref == now.order_ref
        && before.customer_ref == now.customer_ref
        && before.contact_email == now.contact_email
        && before.held.as_deref() == now.held
}

/// What a later revision changed.
enum Change {
    Nothing,
    /// What was stored before.
    Replaced(Box<ResponseRow>),
    Added,
    Closed,
}

fn update_response(conn: &mut AnyConnection, record: &Record) -> QueryResult<Change> {
    let row = &record.response;
    let Some(before) = dialect::lock_response(conn, row.site_id, &row.response_id)? else { return Ok(Change::Nothing) };
    // A score means nothing on another survey's scale.
    let same_survey = before.survey == *row.survey.0 && before.metric == row.metric;
    if !same_survey || row.revision <= before.revision {
        return Ok(Change::Nothing);
    }
    if before.channel == Channel::Import.as_str() {
        return Ok(Change::Closed);
    }
    // Whoever knows its id could otherwise rewrite a response for ever.
    // What staff took for spam stays that, whatever comes after it.
    let is_spam = before.held.as_deref() == Some(HELD_BY_STAFF);
    let is_closed = before.complete || before.received_at < record.revisable_since || is_spam;
    let is_past_limit = row.revision > i32::from(REPLACING_REVISION_MAX);
    if is_closed || (is_past_limit && !row.complete) {
        // Suspected spam is added to nobody's words.
        if row.held == Some(HeldReason::Honeypot.into()) {
            return Ok(Change::Nothing);
        }
        let addition = AdditionRow::of(row);
        return if is_closed { add(conn, &before, &addition) } else { add_latest(conn, &before, &addition) };
    }
    if !row.replace(conn)? {
        return Ok(Change::Nothing);
    }
    if is_past_limit {
        AdditionRow::of(row).delete_earlier(conn)?;
    }
    Ok(Change::Replaced(Box::new(before)))
}

/// Keeps a later revision beside the response. The caller has locked the response.
fn add(conn: &mut AnyConnection, response: &ResponseRow, addition: &AdditionRow) -> QueryResult<Change> {
    let others = AdditionRow::of_response(conn, response.site_id, &response.response_id)?;
    if addition.repeats(response) || others.iter().any(|other| addition.is_like(other)) {
        return Ok(Change::Nothing);
    }
    if others.len() >= ADDITIONS_MAX {
        return Ok(Change::Closed);
    }
    addition.insert(conn)?;
    Ok(Change::Added)
}

/// Keeps a later revision beside the response in the place of those before it: one that is not complete, after the response
/// was replaced as often as it may be. The caller has locked the response.
fn add_latest(conn: &mut AnyConnection, response: &ResponseRow, addition: &AdditionRow) -> QueryResult<Change> {
    let others = AdditionRow::of_response(conn, response.site_id, &response.response_id)?;
    let is_late = others.iter().any(|other| other.revision >= addition.revision);
    if is_late || (others.is_empty() && addition.repeats(response)) {
        return Ok(Change::Nothing);
    }
    addition.delete_earlier(conn)?;
    addition.insert(conn)?;
    Ok(Change::Added)
}

/// Where a response counts, in any revision.
fn key_of(row: &ResponseRow) -> Key<'_> {
    (row.site_id, &row.metric, day_of(row.created_at), &row.touchpoint)
}

/// Moves a response from its score before to its score now. One that is held back is at neither.
fn count_again<'a>(counts: &mut ScoreDays<'a>, before: &'a ResponseRow, record: &Record) {
    let key = key_of(before);
    let row = &record.response;
    if (before.held.is_some(), before.score) == (row.held.is_some(), row.score) {
        return;
    }
    if before.held.is_none() {
        counts.take(key, before.score);
    }
    if row.held.is_none() {
        counts.add(key, row.score);
    }
}

/// The key of a response whose comment is new. The words of the comment before stay in the index, where whoever searches
/// passes over them.
fn with_new_words<'a>(before: &ResponseRow, record: &'a Record) -> Option<(i64, &'a [u8])> {
    let row = &record.response;
    let is_new = row.comment.is_some() && row.comment != before.comment;
    is_new.then_some((row.site_id, row.response_id.as_slice()))
}
