//! How a message is made, and how one is known again by what it is about.

use counterbell_shared::ResponseId;
use data_encoding::HEXLOWER;
use diesel::prelude::*;
use serde_json::Value;

use super::{OutboxState, SUBJECT_RESPONSE, SUBJECT_SITE};
use crate::db::alert_groups::SUBJECT_GROUP;
use crate::db::cases::SUBJECT_CASE;
use crate::db::connection::AnyConnection;
use crate::db::schema::outbox;
use crate::db::tables;

/// A message to be delivered after the commit.
#[derive(Clone, Debug, PartialEq, Eq, Insertable)]
#[diesel(table_name = outbox)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct NewOutboxRow {
    pub site_id: i64,
    pub message_id: [u8; 16],
    pub kind: &'static str,
    pub lane: &'static str,
    pub destination: String,
    pub subject_kind: &'static str,
    pub subject_id: [u8; 16],
    pub payload: String,
    pub dedupe_key: String,
    pub state: &'static str,
    pub leased: bool,
    pub attempts: i32,
    pub resent_after: i32,
    pub due_at: i64,
    pub created_at: i64,
}

/// What a message is about, by its id. Of one kind there is one to each person about each, ever.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A response.
    Response([u8; 16]),
    /// Alerts that waited together.
    Group([u8; 16]),
    /// A case, and what happened to it: one for each occasion.
    Case([u8; 16], &'a str),
    /// A site, and what was seen there: one for each occasion.
    Site(i64, &'a str),
}

/// What makes a message what it is.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct About<'a> {
    pub kind: &'static str,
    pub lane: &'static str,
    pub destination: &'a str,
    pub subject: Subject<'a>,
    pub person_id: i64,
    pub payload: &'a Value,
    pub due_at: i64,
}

impl NewOutboxRow {
    /// A message of a site, made at `now` (Unix ms).
    pub fn new(site_id: i64, message_id: ResponseId, about: &About<'_>, now: i64) -> Self {
        let (subject_kind, subject_id, occasion) = match about.subject {
            Subject::Response(id) => (SUBJECT_RESPONSE, id, None),
            Subject::Group(id) => (SUBJECT_GROUP, id, None),
            Subject::Case(id, occasion) => (SUBJECT_CASE, id, Some(occasion)),
            Subject::Site(id, occasion) => (SUBJECT_SITE, i128::from(id).to_be_bytes(), Some(occasion)),
        };
        let occasion = occasion.map_or_else(String::new, |occasion| format!("{occasion}/"));
        Self {
            site_id,
            message_id: *message_id.as_bytes(),
            kind: about.kind,
            lane: about.lane,
            destination: about.destination.to_owned(),
            subject_kind,
            subject_id,
            payload: about.payload.to_string(),
            dedupe_key: format!("{}{occasion}{}", key_of(about.kind, &subject_id), about.person_id),
            state: OutboxState::Pending.as_str(),
            leased: false,
            attempts: 0,
            resent_after: 0,
            due_at: about.due_at,
            created_at: now,
        }
    }
}

/// What the dedupe keys of a kind about a subject begin with.
pub(super) fn key_of(kind: &str, subject_id: &[u8]) -> String {
    format!("{kind}/{}/", HEXLOWER.encode(subject_id))
}

#[diesel::dsl::auto_type(no_type_alias)]
fn about_case<'a>(site_id: i64, case_id: &'a [u8]) -> _ {
    let kind: &'static str = SUBJECT_CASE;
    outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::subject_kind.eq(kind))
        .filter(outbox::subject_id.eq(case_id))
}

/// Whether a message of a kind about a case, whose occasion begins with `occasion`, was made for somebody after `since`
/// (Unix ms).
///
/// # Errors
/// What the database says.
pub fn was_told_since(
    conn: &mut AnyConnection,
    (site_id, case_id): (i64, &[u8]),
    (kind, occasion): (&str, &str),
    person_id: i64,
    since: i64,
) -> QueryResult<bool> {
    let like_it = about_case(site_id, case_id)
        .filter(outbox::created_at.gt(since))
        .filter(outbox::dedupe_key.like(format!("{}{occasion}%/{person_id}", key_of(kind, case_id))));
    diesel::select(diesel::dsl::exists(like_it)).get_result(conn)
}

/// Whether a message about a case was sent, or somebody has tried to send it.
///
/// # Errors
/// What the database says.
pub fn was_told_about_case(conn: &mut AnyConnection, (site_id, case_id): (i64, &[u8])) -> QueryResult<bool> {
    let waits =
        outbox::state.eq(OutboxState::Pending.as_str()).and(outbox::attempts.eq(0_i32)).and(outbox::leased.eq(false));
    let sent = about_case(site_id, case_id).filter(diesel::dsl::not(waits));
    diesel::select(diesel::dsl::exists(sent)).get_result(conn)
}

/// Deletes messages of a kind about a case that are not being sent and whose occasion begins with `occasion`: nobody, or not
/// this person, is to be told any more. Of one person's those that were never tried. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn withdraw_about_case(
    conn: &mut AnyConnection,
    (site_id, case_id): (i64, &[u8]),
    kind: &str,
    (occasion, person_id): (&str, Option<i64>),
) -> QueryResult<()> {
    let (to, tried_max) = person_id.map_or((String::new(), i32::MAX), |person_id| (format!("/{person_id}"), 0));
    let waiting: Vec<Vec<u8>> = about_case(site_id, case_id)
        .filter(outbox::state.eq(OutboxState::Pending.as_str()))
        .filter(outbox::leased.eq(false))
        .filter(outbox::attempts.le(tried_max))
        .filter(outbox::dedupe_key.like(format!("{}{occasion}%{to}", key_of(kind, case_id))))
        .select(outbox::message_id)
        .load(conn)?;
    tables::delete_messages(conn, site_id, &waiting)
}
