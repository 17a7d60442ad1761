//! What a message about a case tells of, and whether that still holds.

use counterbell_shared::ResponseId;
use diesel::QueryResult;
use serde::Deserialize;

use super::letter::Happened;
use crate::cases::{Kept, Priority, State};
use crate::db::AnyConnection;
use crate::db::cases::{self, NoteRow};
use crate::db::responses::ResponseRow;
use crate::rules::Reason;

/// What the payload of a message about a case holds.
#[derive(Debug, Deserialize)]
pub struct Payload {
    /// What happened.
    pub message: Happened,
    /// Whom it is for.
    pub person: Option<i64>,
    /// Who did it.
    pub by: Option<i64>,
    /// Since when nobody has it (Unix ms).
    pub since: Option<i64>,
    /// The number of another case.
    pub other: Option<i64>,
    /// Why it is for them.
    pub why: Option<Reason>,
    note_id: Option<String>,
    response_id: Option<String>,
}

/// What was said in what a message tells of.
pub enum Said {
    /// It tells of no words.
    Nothing,
    /// A note.
    Words(String),
    /// A response, which may be without words.
    Response(Box<ResponseRow>),
}

impl Payload {
    /// It was given to a team, not to the reader alone.
    pub fn is_to_team(&self, kept: &Kept) -> bool {
        matches!(self.why, Some(Reason::Team(_))) || kept.case.owner.is_none()
    }

    /// The reader has it, or it was given to them; else they are told in the place of whoever that is.
    pub fn is_theirs(&self) -> bool {
        matches!(self.why, None | Some(Reason::Named | Reason::NobodyThere))
    }

    /// The reader is told in the place of the owner, who is away.
    fn stands_in(&self, kept: &Kept) -> bool {
        match self.why {
            Some(Reason::InPlaceOf(person_id)) => kept.case.owner == Some(person_id),
            Some(Reason::Fallback | Reason::AlertsTeam) => kept.case.owner.is_some(),
            _ => false,
        }
    }

    /// What was said; `None` when that is no longer stored, is spam, or belongs to another case now.
    ///
    /// # Errors
    /// What the database says.
    pub fn said(&self, conn: &mut AnyConnection, kept: &Kept) -> QueryResult<Option<Said>> {
        let read = |id: &Option<String>| id.as_deref().and_then(|id| id.parse::<ResponseId>().ok());
        if let Some(id) = read(&self.note_id) {
            let note = NoteRow::find(conn, kept.site_id, id.as_bytes())?;
            return Ok(note.map(|note| Said::Words(note.text)));
        }
        let Some(id) = read(&self.response_id) else { return Ok(Some(Said::Nothing)) };
        let is_ours = cases::of_responses(conn, kept.site_id, &[id.as_bytes()])?.iter().any(|case| *case == kept.id);
        let response = ResponseRow::find(conn, &[kept.site_id], id)?.filter(|one| is_ours && one.held.is_none());
        Ok(response.map(|response| Said::Response(Box::new(response))))
    }

    /// Whether it is over at `now` (Unix ms): asked at the moment of sending, since somebody may have acted after the message
    /// was queued.
    pub fn is_over(&self, kept: &Kept, now: i64) -> bool {
        let case = &kept.case;
        let is_ended = case.state.is_ended();
        let is_taken = case.state != State::Open;
        let is_readers = (case.owner.is_some() && case.owner == self.person) || self.stands_in(kept);
        let is_of_another = case.owner.is_some() && !is_readers;
        match self.message {
            Happened::Escalated => !self.since.is_some_and(|since| case.wants_step(since)),
            Happened::Overdue => [case.acknowledge_by, case.answer_by].into_iter().flatten().all(|by| by >= now),
            Happened::Assigned if self.is_to_team(kept) => {
                let is_theirs = match &self.why {
                    Some(Reason::Team(team)) => case.team.as_ref() == Some(team),
                    _ => case.team.is_some(),
                };
                is_taken || is_of_another || !is_theirs
            }
            Happened::Assigned => is_ended || !is_readers,
            Happened::TakenOver => is_ended || is_readers || (case.owner.is_none() && case.team.is_none()),
            Happened::GivenBack | Happened::OwnerLeft => is_taken || case.owner.is_some(),
            Happened::CustomerAnswered => case.customer_answered_at.is_none() || is_of_another,
            Happened::ResponseJoined | Happened::CaseJoined | Happened::Reminder => is_ended || is_of_another,
            Happened::Urgent => is_ended || is_of_another || case.priority != Priority::Urgent,
            Happened::Reopened => is_ended || (is_taken && is_of_another),
            Happened::Ended => !is_ended || case.merged_into.is_some(),
            Happened::Merged | Happened::Mentioned | Happened::Noted | Happened::Link => false,
        }
    }
}
