//! What mails about cases are made of.

use std::str::FromStr;
use std::sync::Arc;

use counterbell_shared::{Metric, ResponseId, Score};
use diesel::QueryResult;

use super::letter::{Answered, CaseContent, CaseFacts, Happened};
use super::payload::{Payload, Said};
use crate::cases::{CASE_MAIL, Kept, Priority};
use crate::db::AnyConnection;
use crate::db::additions::AdditionRow;
use crate::db::cases::{self, CaseRow, NoteRow, SUBJECT_CASE};
use crate::db::outbox::{OutboxRow, SUBJECT_RESPONSE};
use crate::db::responses::{ResponseRow, find_all, id_from_column};
use crate::db::told::{self, AboutResponse};
use crate::mail::alert::ALERT_MAIL;
use crate::mail::answered::{place, read_answers};
use crate::mail::build_error::MailBuildError;
use crate::mail::links::CaseLink;
use crate::mail::people::{Site, Sites};
use crate::mail::why::why;
use crate::rules::Reason;

/// What is known of a message about a case.
pub enum Found {
    /// A mail is to be made of it, which follows this message.
    Mail(Box<CaseContent>, Option<ResponseId>),
    /// Nobody wants it any more.
    Over,
    /// None can be made.
    Broken(MailBuildError),
}

impl Found {
    /// Reads what a message about a case is made of, at `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, sites: &mut Sites, message: &OutboxRow, now: i64) -> QueryResult<Self> {
        let row = CaseRow::find_by_id(conn, message.site_id, &message.subject_id)?;
        let (Some(site), Some(row)) = (sites.get(conn, message.site_id)?, row) else { return Ok(Self::Over) };
        let Ok(kept) = Kept::read(row) else { return Ok(Self::Broken(MailBuildError::CorruptCase)) };
        let payload: Payload = match serde_json::from_str(&message.payload) {
            Ok(payload) => payload,
            Err(error) => return Ok(Self::Broken(MailBuildError::Unwritable(format!("its payload: {error}")))),
        };
        let Some(said) = payload.said(conn, &kept)?.filter(|_| !payload.is_over(&kept, now)) else {
            return Ok(Self::Over);
        };
        let responses = responses_of(conn, &kept)?;
        let follows = first_to(conn, message, payload.person, responses.first())?;
        let content = content(conn, site, message, (&kept, payload, said), &responses, now)?;
        Ok(Self::Mail(Box::new(content), follows))
    }
}

/// The first mail to the same person: the alert about the response that the case was opened for, else the first about the case.
fn first_to(
    conn: &mut AnyConnection,
    message: &OutboxRow,
    person_id: Option<i64>,
    first: Option<&ResponseRow>,
) -> QueryResult<Option<ResponseId>> {
    let mut told = match first {
        Some(first) => {
            told::of_kind(conn, (message.site_id, ALERT_MAIL), (SUBJECT_RESPONSE, first.response_id.as_slice()))?
        }
        None => Vec::new(),
    };
    let of_case = told::of_kind(conn, (message.site_id, CASE_MAIL), (SUBJECT_CASE, &message.subject_id))?;
    told.extend(of_case.into_iter().filter(|told| told.message_id < message.message_id));
    let is_theirs = |told: &&AboutResponse| match told.person_id() {
        Some(told) => Some(told) == person_id,
        None => told.destination == message.destination,
    };
    Ok(told.iter().find(is_theirs).and_then(|told| id_from_column(&told.message_id)))
}

/// Those of a case that are still stored, in the order in which they came.
fn responses_of(conn: &mut AnyConnection, kept: &Kept) -> QueryResult<Vec<ResponseRow>> {
    let ids = cases::responses(conn, kept.site_id, &kept.id)?.into_iter().map(|(id, _)| id);
    let keys: Vec<_> = ids.map(|id| (kept.site_id, id)).collect();
    // A case of thousands is told by its ends.
    let ends: Vec<_> = keys.first().into_iter().chain(keys.last().filter(|_| keys.len() > 1)).cloned().collect();
    let mut rows = find_all(conn, &ends)?;
    rows.sort_by_key(|row| ends.iter().position(|(_, id)| *id == row.response_id));
    Ok(rows)
}

/// The reason that whoever did it gave at that moment.
fn reason(conn: &mut AnyConnection, message: &OutboxRow, kept: &Kept, by: Option<i64>) -> QueryResult<Option<String>> {
    let Some(by) = by else { return Ok(None) };
    let notes = NoteRow::of_case(conn, kept.site_id, &kept.id)?.into_iter();
    let note = notes.rev().find(|note| note.at == message.created_at && note.person_id == Some(by));
    Ok(note.map(|note| note.text))
}

/// What the customer added last to these.
fn added(conn: &mut AnyConnection, responses: &[ResponseRow]) -> QueryResult<Option<String>> {
    let mut latest: Option<AdditionRow> = None;
    for response in responses {
        for addition in AdditionRow::of_response(conn, response.site_id, &response.response_id)? {
            if latest.as_ref().is_none_or(|latest| latest.received_at <= addition.received_at) {
                latest = Some(addition);
            }
        }
    }
    Ok(latest.and_then(|addition| addition.comment))
}

fn content(
    conn: &mut AnyConnection,
    site: Arc<Site>,
    message: &OutboxRow,
    (kept, payload, said): (&Kept, Payload, Said),
    responses: &[ResponseRow],
    now: i64,
) -> QueryResult<CaseContent> {
    let reader = site.reader(payload.person, &message.destination);
    let mut answered = |response: Option<&ResponseRow>| -> QueryResult<_> {
        let Some(response) = response.cloned() else { return Ok(None) };
        let answers = read_answers(conn, &response, reader.language)?;
        Ok(Some(Answered { response, answers }))
    };
    // Of several that joined, the mail about each tells of that one.
    let joined = match &said {
        Said::Response(joined) if payload.message == Happened::ResponseJoined => Some(&**joined),
        _ => responses.get(1),
    };
    let (first, newest) = (answered(responses.first())?, answered(joined)?);
    let words = match said {
        Said::Words(words) => Some(words),
        Said::Response(_) if payload.message == Happened::ResponseJoined => None,
        Said::Response(response) => response.comment,
        Said::Nothing if payload.message == Happened::CustomerAnswered && payload.by.is_none() => {
            added(conn, responses)?
        }
        Said::Nothing => reason(conn, message, kept, payload.by)?,
    };
    let root_cause = match &kept.case.root_cause {
        Some(name) => {
            let known = cases::root_causes(conn, site.id)?.into_iter().find(|(known, _)| known == name);
            Some(known.map_or_else(|| name.clone(), |(_, label)| label))
        }
        None => None,
    };
    let metric = Metric::from_str(&kept.about.metric).ok();
    let case = CaseFacts {
        link: CaseLink::of(kept),
        state: kept.case.state,
        urgent: kept.case.priority == Priority::Urgent,
        owner: match (kept.case.owner, &kept.case.team) {
            (Some(owner), _) => Some(site.name_of(owner)),
            (None, team) => team.as_deref().map(|team| site.team(team)),
        },
        place: place(conn, site.id, &kept.about.touchpoint)?,
        // As it is now, beside the words that the customer left; of one that is deleted as it was.
        score: responses
            .first()
            .and_then(ResponseRow::score)
            .or_else(|| Score::new(i64::from(kept.about.score), metric?).ok()),
        first,
        newest,
        opened_at: kept.case.opened_at,
        acknowledge_by: kept.case.acknowledge_by,
        answer_by: kept.case.answer_by,
        merged_into: kept.case.merged_into,
        root_cause,
        action_taken: kept.case.action_taken.clone(),
    };
    let why = match &payload.why {
        // Named by whoever did it, not by a rule.
        None | Some(Reason::Named) => reader.language.texts().why.case.to_owned(),
        reason => why(reader.language, reason.as_ref(), Some(&kept.rule.0), &site),
    };
    Ok(CaseContent {
        happened: payload.message,
        by: payload.by.map(|by| site.name_of(by)).filter(|name| !name.is_empty()),
        to_team: payload.is_to_team(kept),
        is_owner: payload.is_theirs(),
        other: payload.other,
        since: payload.since,
        words,
        now,
        why,
        reader,
        case,
        site,
    })
}
