//! Many rows in one round trip: on PostgreSQL a round trip costs more than anything else.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::result::Error as DieselError;

use super::unnest::{Column, Unnest};
use crate::db::alerts::NewAlertRow;
use crate::db::journal::EntryRow;
use crate::db::outbox::NewOutboxRow;
use crate::db::responses::NewResponseRow;
use crate::db::score_days::{SCORES, ScoreDays};
use crate::db::triage::NewTriageRow;

macro_rules! into_responses {
    () => {
        "INSERT INTO responses (site_id, response_id, touchpoint, survey, survey_version, metric, score, comment, \
         order_ref, customer_ref, contact_email, locale, page_url, channel, created_at, received_at, held, \
         answers, complete, revision) \
         SELECT "
    };
}

macro_rules! into_triage_queue {
    () => {
        "INSERT INTO triage_queue (site_id, response_id, revision, due_at, attempts) "
    };
}

/// A later revision takes the place of the one that waits.
macro_rules! on_conflict_in_triage_queue {
    () => {
        "ON CONFLICT (site_id, response_id) DO UPDATE SET revision = excluded.revision, due_at = excluded.due_at, \
         attempts = 0, last_error = NULL, parked_at = NULL"
    };
}

/// Stores responses that are not stored yet and all that follows from them, in one statement, which is a transaction of
/// its own; for each row whether it was new. `triage` are those of them that triage is to look at, each once. Not for a
/// distributed database, which cannot write to several tables in one statement.
///
/// # Errors
/// What the database says, and that one of the rows was deleted ([`says_erased`]); then nothing is stored.
pub fn store_at_once(
    conn: &mut PgConnection,
    rows: &[&NewResponseRow],
    triage: &[NewTriageRow],
) -> QueryResult<Vec<bool>> {
    let store = Unnest {
        parts: vec![
            (concat!("WITH new AS (", into_responses!()), response_columns(rows)),
            (
                concat!(
                    " ON CONFLICT DO NOTHING RETURNING site_id, response_id, touchpoint, metric, score, created_at, \
                     comment IS NOT NULL AS has_comment, held IS NOT NULL AS is_held), counted AS (",
                    insert_score_days!(),
                    " SELECT site_id, metric, created_at / 86400000, touchpoint, ",
                    count_scores!(),
                    " FROM new WHERE NOT is_held GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 ",
                    add_on_conflict!(),
                    "), queued AS (INSERT INTO search_queue (site_id, response_id) \
                     SELECT site_id, response_id FROM new WHERE has_comment), triaged AS (",
                    into_triage_queue!(),
                    "SELECT t.* FROM (SELECT "
                ),
                triage_columns(triage),
            ),
        ],
        after: concat!(
            ", 0) AS t (site_id, response_id, revision, due_at, attempts) JOIN new USING (site_id, response_id) ",
            on_conflict_in_triage_queue!(),
            ") SELECT site_id, response_id FROM new WHERE \
             (SELECT counterbell_none_erased(array_agg(site_id), array_agg(response_id)) FROM new)"
        ),
    };
    Ok(which_are_new(rows, store.load(conn)?))
}

/// Whether a statement failed because a response was deleted.
pub fn says_erased(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, about) if about.constraint_name() == Some("erased_responses"))
}

/// Inserts what is not stored yet; for each row whether it was new.
pub fn insert_responses(conn: &mut PgConnection, rows: &[&NewResponseRow]) -> QueryResult<Vec<bool>> {
    let insert = Unnest {
        parts: vec![(into_responses!(), response_columns(rows))],
        after: " ON CONFLICT DO NOTHING RETURNING site_id, response_id",
    };
    Ok(which_are_new(rows, insert.load(conn)?))
}

/// Inserts alerts.
pub fn insert_alerts(conn: &mut PgConnection, rows: &[NewAlertRow]) -> QueryResult<usize> {
    let columns = vec![
        Column::BigInts(rows.iter().map(|row| row.site_id).collect()),
        Column::Bytes(rows.iter().map(|row| row.response_id.as_slice()).collect()),
        Column::Texts(rows.iter().map(|row| row.rule.as_str()).collect()),
        Column::BigInts(rows.iter().map(|row| row.fired_at).collect()),
    ];
    let before = "INSERT INTO alerts (site_id, response_id, rule, fired_at) SELECT ";
    Unnest { parts: vec![(before, columns)], after: "" }.execute(conn)
}

/// Inserts messages to deliver, but for those whose dedupe key is there already.
pub fn insert_outbox(conn: &mut PgConnection, rows: &[NewOutboxRow]) -> QueryResult<usize> {
    let before = "INSERT INTO outbox (site_id, message_id, kind, lane, destination, subject_kind, subject_id, payload, \
                  dedupe_key, state, leased, attempts, resent_after, due_at, created_at) SELECT ";
    Unnest { parts: vec![(before, outbox_columns(rows))], after: " ON CONFLICT DO NOTHING" }.execute(conn)
}

/// Has responses looked at by triage.
pub fn enqueue_for_triage(conn: &mut PgConnection, rows: &[NewTriageRow]) -> QueryResult<usize> {
    let before = concat!(into_triage_queue!(), "SELECT ");
    let after = concat!(", 0 ", on_conflict_in_triage_queue!());
    Unnest { parts: vec![(before, triage_columns(rows))], after }.execute(conn)
}

/// Writes entries of a journal.
pub fn insert_journal(conn: &mut PgConnection, rows: &[EntryRow]) -> QueryResult<usize> {
    let texts = |value: fn(&EntryRow) -> &str| Column::Texts(rows.iter().map(value).collect());
    let columns = vec![
        Column::BigInts(rows.iter().map(|row| row.site_id).collect()),
        Column::BigInts(rows.iter().map(|row| row.seq).collect()),
        Column::BigInts(rows.iter().map(|row| row.at).collect()),
        texts(|row| &row.actor),
        texts(|row| &row.means),
        texts(|row| &row.kind),
        texts(|row| &row.subject),
        texts(|row| &row.data),
    ];
    let before = "INSERT INTO journal (site_id, seq, at, actor, means, kind, subject, data) SELECT ";
    Unnest { parts: vec![(before, columns)], after: "" }.execute(conn)
}

/// Puts responses in the queue of the search index, in this order.
pub fn enqueue_for_search(conn: &mut PgConnection, keys: &[(i64, &[u8])]) -> QueryResult<usize> {
    let columns = vec![
        Column::BigInts(keys.iter().map(|(site_id, _)| *site_id).collect()),
        Column::Bytes(keys.iter().map(|(_, response_id)| *response_id).collect()),
    ];
    let before = "INSERT INTO search_queue (site_id, response_id) SELECT ";
    Unnest { parts: vec![(before, columns)], after: "" }.execute(conn)
}

/// Adds counts to the rollup, in the order of the key: two servers must not wait for each other in a circle.
pub fn add_score_days(conn: &mut PgConnection, counts: &ScoreDays<'_>) -> QueryResult<usize> {
    let mut columns = vec![
        Column::BigInts(counts.iter().map(|((site_id, ..), _)| *site_id).collect()),
        Column::Texts(counts.iter().map(|((_, metric, ..), _)| *metric).collect()),
        Column::Integers(counts.iter().map(|((_, _, day, _), _)| *day).collect()),
        Column::Texts(counts.iter().map(|((.., touchpoint), _)| *touchpoint).collect()),
    ];
    columns.extend((0..SCORES).map(|score| Column::BigInts(counts.iter().map(|(_, n)| n[score]).collect())));
    let before = concat!(insert_score_days!(), " SELECT ");
    Unnest { parts: vec![(before, columns)], after: concat!(" ", add_on_conflict!()) }.execute(conn)
}

/// `remove`: of two rows with one id in this batch only the first is new.
fn which_are_new(rows: &[&NewResponseRow], stored: Vec<(i64, Vec<u8>)>) -> Vec<bool> {
    let mut stored: HashSet<_> = stored.into_iter().collect();
    rows.iter().map(|row| stored.remove(&(row.site_id, row.response_id.to_vec()))).collect()
}

fn response_columns<'a>(rows: &[&'a NewResponseRow]) -> Vec<Column<'a>> {
    let mut rows = rows.to_vec();
    // Two servers with the same responses at hand must not wait for each other in a circle. Stable: of two rows with
    // one id the first is to be stored.
    rows.sort_by_key(|row| (row.site_id, row.response_id));
    let texts = |value: fn(&NewResponseRow) -> &str| Column::Texts(rows.iter().map(|row| value(row)).collect());
    let optional =
        |value: fn(&NewResponseRow) -> Option<&str>| Column::OptionalTexts(rows.iter().map(|row| value(row)).collect());
    let integers = |value: fn(&NewResponseRow) -> i32| Column::Integers(rows.iter().map(|row| value(row)).collect());
    let big = |value: fn(&NewResponseRow) -> i64| Column::BigInts(rows.iter().map(|row| value(row)).collect());
    vec![
        big(|row| row.site_id),
        Column::Bytes(rows.iter().map(|row| row.response_id.as_slice()).collect()),
        texts(|row| &row.touchpoint),
        texts(|row| &row.survey.0),
        integers(|row| row.survey_version),
        texts(|row| row.metric),
        integers(|row| row.score),
        optional(|row| row.comment.as_deref()),
        optional(|row| row.order_ref.as_deref()),
        optional(|row| row.customer_ref.as_deref()),
        optional(|row| row.contact_email.as_deref()),
        optional(|row| row.locale.as_deref()),
        optional(|row| row.page_url.as_deref()),
        texts(|row| row.channel),
        big(|row| row.created_at),
        big(|row| row.received_at),
        optional(|row| row.held),
        optional(|row| row.answers.as_deref()),
        Column::Bools(rows.iter().map(|row| row.complete).collect()),
        integers(|row| row.revision),
    ]
}

fn triage_columns(rows: &[NewTriageRow]) -> Vec<Column<'_>> {
    vec![
        Column::BigInts(rows.iter().map(|row| row.site_id).collect()),
        Column::Bytes(rows.iter().map(|row| row.response_id.as_slice()).collect()),
        Column::Integers(rows.iter().map(|row| row.revision).collect()),
        Column::BigInts(rows.iter().map(|row| row.due_at).collect()),
    ]
}

fn outbox_columns(rows: &[NewOutboxRow]) -> Vec<Column<'_>> {
    let texts = |value: fn(&NewOutboxRow) -> &str| Column::Texts(rows.iter().map(value).collect());
    let integers = |value: fn(&NewOutboxRow) -> i32| Column::Integers(rows.iter().map(value).collect());
    let big = |value: fn(&NewOutboxRow) -> i64| Column::BigInts(rows.iter().map(value).collect());
    vec![
        big(|row| row.site_id),
        Column::Bytes(rows.iter().map(|row| row.message_id.as_slice()).collect()),
        texts(|row| row.kind),
        texts(|row| row.lane),
        texts(|row| &row.destination),
        texts(|row| row.subject_kind),
        Column::Bytes(rows.iter().map(|row| row.subject_id.as_slice()).collect()),
        texts(|row| &row.payload),
        texts(|row| &row.dedupe_key),
        texts(|row| row.state),
        Column::Bools(rows.iter().map(|row| row.leased).collect()),
        integers(|row| row.attempts),
        integers(|row| row.resent_after),
        big(|row| row.due_at),
        big(|row| row.created_at),
    ]
}
