//! Later revisions of what is stored: one response, sent again with more in it.

use diesel::result::QueryResult;

use counterbell_shared::Outcome;

use super::record::Record;
use crate::db::outbox::{FiredAlert, NewAlertRow, NewOutboxRow};
use crate::db::responses::ResponseRow;
use crate::db::score_days::{self, Key, ScoreDays, day_of};
use crate::db::{AnyConnection, dialect};

/// Replaces what is stored by later revisions of it, and all that follows from it: figures, the place in the queue of the
/// search index, the alert and its messages. What became of each record: updated; or a duplicate, when what is stored is
/// as late, answers another survey, or is gone. Call in a transaction that writes.
///
/// # Errors
/// What the database says; then the transaction is to be rolled back.
pub fn update_responses(conn: &mut AnyConnection, records: &[&Record]) -> QueryResult<Vec<Outcome>> {
    let mut outcomes = vec![Outcome::Duplicate; records.len()];
    let mut in_order: Vec<_> = records.iter().zip(&mut outcomes).collect();
    // Two servers with the same responses at hand must not wait for each other in a circle. Stable: what is of one
    // response stays in the order in which it came.
    in_order.sort_by_key(|(record, _)| (record.response.site_id, record.response.response_id));
    let mut replaced: Vec<(ResponseRow, &Record)> = Vec::new();
    for (record, outcome) in in_order {
        if let Some(before) = update_response(conn, record)? {
            *outcome = Outcome::Updated;
            replaced.push((before, record));
        }
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
    Ok(outcomes)
}

/// What was stored before; `None` when it stays.
fn update_response(conn: &mut AnyConnection, record: &Record) -> QueryResult<Option<ResponseRow>> {
    let row = &record.response;
    let Some(before) = dialect::lock_response(conn, row.site_id, &row.response_id)? else { return Ok(None) };
    // A score means nothing on another survey's scale.
    let same_survey = before.survey == *row.survey.0 && before.metric == row.metric;
    if !same_survey || !row.replace(conn, before.complete || row.complete)? {
        return Ok(None);
    }
    let due_at = match record.outbox.first() {
        Some(message) if !before.complete => message.next_attempt_at,
        _ => row.received_at,
    };
    if record.alerts.is_empty() {
        withdraw_alert(conn, row.site_id, &row.response_id)?;
    } else {
        tell(conn, (row.site_id, &row.response_id), &record.alerts, &record.outbox, due_at)?;
    }
    Ok(Some(before))
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

/// Tells of a stored response (site, id) whose score fires: each recipient once, however often it fires. Messages that
/// nobody has tried to deliver become due at `due_at` (Unix ms). The caller has locked the response.
///
/// # Errors
/// What the database says.
pub fn tell(
    conn: &mut AnyConnection,
    (site_id, response_id): (i64, &[u8]),
    alerts: &[NewAlertRow],
    outbox: &[NewOutboxRow],
    due_at: i64,
) -> QueryResult<()> {
    let (told, fired_at) = match FiredAlert::find(conn, site_id, response_id)? {
        Some(fired) => {
            fired.move_untried(conn, due_at)?;
            (fired.recipients(conn)?, Some(fired.fired_at))
        }
        None => {
            dialect::insert_alerts(conn, &alerts.iter().collect::<Vec<_>>())?;
            (Vec::new(), None)
        }
    };
    let untold = outbox.iter().filter(|message| !told.contains(&message.recipient));
    let messages: Vec<_> = untold
        .map(|message| NewOutboxRow {
            next_attempt_at: due_at,
            created_at: fired_at.unwrap_or(message.created_at),
            ..message.clone()
        })
        .collect();
    if messages.is_empty() {
        return Ok(());
    }
    dialect::insert_outbox(conn, &messages.iter().collect::<Vec<_>>())
}

/// Takes an alert back whose response no longer fires it, as far as nobody was told. One that somebody was told of stays:
/// should it fire again, they are not told twice.
fn withdraw_alert(conn: &mut AnyConnection, site_id: i64, response_id: &[u8]) -> QueryResult<()> {
    let Some(fired) = FiredAlert::find(conn, site_id, response_id)? else { return Ok(()) };
    fired.delete_untried(conn)?;
    if fired.recipients(conn)?.is_empty() {
        fired.delete(conn)?;
    }
    Ok(())
}
