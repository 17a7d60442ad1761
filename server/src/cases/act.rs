//! What people want of a case, from whichever side they come: case page, API, command line.

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use super::check::{Denied, check};
use super::entry::{Entry, done_before};
use super::opening::Opened;
use super::write::Desk;
use super::{Assignee, By, Command, EntryId, Kept, NothingToDo, Priority, Refused};
use crate::db::AnyConnection;
use crate::db::cases::{self, NoteRow};
use crate::db::journal::SiteLock;
use crate::db::responses::ResponseRow;
use crate::ids::new_id;

/// What somebody wants of a case, with their words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// "I have this."
    Acknowledge,
    /// "I have this now", also when somebody else has it.
    TakeOver,
    /// Gives it to somebody, and says why.
    Assign {
        /// To whom.
        to: Assignee,
        /// Why.
        reason: Option<String>,
    },
    /// "Somebody else should have this", and why.
    NotForMe {
        /// Why.
        reason: Option<String>,
    },
    /// Nobody has it any more.
    Unacknowledge,
    /// Writes a note.
    Note {
        /// What it says.
        text: String,
        /// Ids of people it names.
        mentions: Vec<i64>,
    },
    /// Spoke with the customer.
    Spoke {
        /// What was said.
        text: Option<String>,
    },
    /// Waits for the customer.
    Wait,
    /// The customer has answered, and staff write down what.
    CustomerAnswered {
        /// What the customer said.
        text: Option<String>,
    },
    /// What the customer wrote after the end needs nothing more.
    DismissAnswer,
    /// Changes how much it matters.
    SetPriority(Priority),
    /// Reminds its owner later.
    Remind {
        /// When (Unix ms).
        at: i64,
    },
    /// It was put right.
    Resolve {
        /// The name of one of the site's root causes.
        root_cause: String,
        /// What was done.
        action_taken: String,
    },
    /// It ends with nothing done.
    NothingToDo {
        /// Why.
        reason: NothingToDo,
        /// Whether its responses are held as spam.
        mark_spam: bool,
    },
    /// Nothing more is expected.
    Close,
    /// It was not put right.
    Reopen,
    /// Another case goes on in its place.
    Merge {
        /// The number of that case.
        into: i64,
    },
    /// A response gets a case of its own.
    Split {
        /// The response.
        response_id: EntryId,
    },
    /// Names another case.
    Link {
        /// The number of that case.
        other: i64,
    },
    /// Links to it open nothing any more.
    RevokeLinks,
}

/// Somebody who asks, and how.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who, and by which means.
    pub by: By,
    /// The version they have seen, if only that may be changed.
    pub seen: Option<i64>,
    /// The id that their words get: the same again changes nothing.
    pub entry_id: Option<EntryId>,
    /// When, in Unix ms.
    pub now: i64,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Acted {
    /// The case afterwards.
    pub kept: Kept,
    /// Whether anything changed.
    pub changed: bool,
    /// The number of the case that was split off.
    pub split_off: Option<i64>,
}

/// Does what somebody wants of a case. Call in a transaction that writes; what is denied changes nothing.
///
/// # Errors
/// What the database says.
pub fn act(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    number: i64,
    action: Action,
    asked: &Asked,
) -> QueryResult<Result<Acted, Denied>> {
    let site_id = site.site_id();
    let Some(kept) = Kept::find(conn, site_id, number)? else { return Ok(Err(Denied::NoCase { number })) };
    let action = match action.with_words_read() {
        Ok(action) => action,
        Err(denied) => return Ok(Err(denied)),
    };
    if let Some(denied) = check(conn, site_id, &action, asked)? {
        return Ok(Err(denied));
    }
    if let Some(Err(refused)) = asked.seen.map(|seen| kept.case.expect_version(seen)) {
        return Ok(Err(refused.into()));
    }
    let entry = asked.entry_id.map(|id| (id, Entry::of(id, &action)));
    if let Some((id, entry)) = &entry
        && let Some(before) = done_before(conn, site_id, *id)?
    {
        let is_same = entry.is(&before) && before.case_id == kept.id;
        return Ok(if is_same { Ok(Acted { kept, changed: false, split_off: None }) } else { Err(Denied::OtherWords) });
    }
    let entry_id = asked.entry_id.unwrap_or_else(|| new_id(UnixMillis(asked.now)));
    let case_id = kept.id;
    let acting = Acting { desk: Desk { conn, site, by: &asked.by, now: asked.now }, kept, entry_id };
    let done = match action {
        Action::Merge { into } => acting.merge(into)?,
        Action::Split { response_id } => acting.split(response_id)?,
        action => acting.send(action)?,
    };
    if let Some((_, entry)) = entry.filter(|_| done.as_ref().is_ok_and(|acted| acted.changed)) {
        entry.insert(conn, (site_id, case_id), &asked.by, asked.now)?;
    }
    Ok(done)
}

struct Acting<'a> {
    desk: Desk<'a>,
    kept: Kept,
    entry_id: EntryId,
}

impl Acting<'_> {
    fn send(mut self, action: Action) -> QueryResult<Result<Acted, Denied>> {
        let entry_id = self.entry_id;
        let (command, words) = match action {
            Action::Acknowledge => (Command::Acknowledge, None),
            Action::TakeOver => (Command::TakeOver, None),
            Action::Assign { to, reason } => {
                (Command::Assign { to, reason: reason.as_ref().map(|_| entry_id) }, reason.map(|text| ("reason", text)))
            }
            Action::NotForMe { reason } => {
                (Command::NotForMe { reason: reason.as_ref().map(|_| entry_id) }, reason.map(|text| ("reason", text)))
            }
            Action::Unacknowledge => (Command::Unacknowledge, None),
            Action::Note { text, mentions } => (Command::Note { note_id: entry_id, mentions }, Some(("note", text))),
            Action::Spoke { text } => {
                (Command::SpokeWithCustomer { note_id: entry_id }, text.map(|text| ("spoke", text)))
            }
            Action::Wait => (Command::WaitForCustomer, None),
            Action::CustomerAnswered { text } => {
                (Command::CustomerAnswered { message_id: entry_id }, text.map(|text| ("customer", text)))
            }
            Action::DismissAnswer => (Command::DismissAnswer, None),
            Action::SetPriority(priority) => (Command::SetPriority(priority), None),
            Action::Remind { at } => (Command::Remind { at }, None),
            Action::Resolve { root_cause, action_taken } => (Command::Resolve { root_cause, action_taken }, None),
            Action::NothingToDo { reason, mark_spam } => (Command::NothingToDo { reason, mark_spam }, None),
            Action::Close => (Command::Close, None),
            Action::Reopen => (Command::Reopen, None),
            Action::Link { other } => return self.link(other),
            Action::RevokeLinks => (Command::RevokeLinks { generation: self.kept.case.link_generation }, None),
            // Handled by the caller: they are about two cases.
            Action::Merge { into } => (Command::Merge { into, owner: None }, None),
            Action::Split { response_id } => (Command::SplitResponse { response_id, into: 0 }, None),
        };
        match self.desk.send(&mut self.kept, command)? {
            Ok(changed) => {
                if let Some((kind, text)) = words.filter(|_| changed) {
                    self.write_words(kind, text)?;
                }
                Ok(Ok(Acted { kept: self.kept, changed, split_off: None }))
            }
            Err(refused) => Ok(Err(refused.into())),
        }
    }

    fn write_words(&mut self, kind: &str, text: String) -> QueryResult<()> {
        let row = NoteRow {
            site_id: self.kept.site_id,
            note_id: self.entry_id.as_bytes().to_vec(),
            case_id: self.kept.id.to_vec(),
            at: self.desk.now,
            person_id: self.desk.by.person_id(),
            kind: kind.to_owned(),
            text,
        };
        row.insert(self.desk.conn).map(|_| ())
    }

    /// Both name each other.
    fn link(mut self, other: i64) -> QueryResult<Result<Acted, Denied>> {
        let Some(mut second) = Kept::find(self.desk.conn, self.kept.site_id, other)? else {
            return Ok(Err(Denied::NoCase { number: other }));
        };
        if let Some(into) = second.case.merged_into {
            return Ok(Err(Refused::Merged { into }.into()));
        }
        let changed = match self.desk.send(&mut self.kept, Command::Link { other })? {
            Ok(changed) => changed,
            Err(refused) => return Ok(Err(refused.into())),
        };
        // Only a case that was merged refuses it.
        let _ = self.desk.send(&mut second, Command::Link { other: self.kept.case.number })?;
        Ok(Ok(Acted { kept: self.kept, changed, split_off: None }))
    }

    /// The responses go to the other case, with the due times of this one.
    fn merge(mut self, into: i64) -> QueryResult<Result<Acted, Denied>> {
        let site_id = self.kept.site_id;
        let Some(mut target) = Kept::find(self.desk.conn, site_id, into)? else {
            return Ok(Err(Denied::NoCase { number: into }));
        };
        if target.case.state.is_ended() && into != self.kept.case.number {
            return Ok(Err(Refused::NotNow { state: target.case.state }.into()));
        }
        let (acknowledge_by, answer_by) = (self.kept.case.acknowledge_by, self.kept.case.answer_by);
        match self.desk.send(&mut self.kept, Command::Merge { into, owner: target.case.owner })? {
            Ok(true) => {}
            Ok(false) => return Ok(Ok(Acted { kept: self.kept, changed: false, split_off: None })),
            Err(refused) => return Ok(Err(refused.into())),
        }
        let responses = cases::move_responses(self.desk.conn, site_id, &self.kept.id, &target.id)?;
        let join = Command::JoinCase { other: self.kept.case.number, responses, acknowledge_by, answer_by };
        // An open case takes every other.
        let _ = self.desk.send(&mut target, join)?;
        Ok(Ok(Acted { kept: self.kept, changed: true, split_off: None }))
    }

    /// The response gets a case of its own, opened now by the same rule, which names this one.
    fn split(mut self, response_id: EntryId) -> QueryResult<Result<Acted, Denied>> {
        let (site_id, now) = (self.kept.site_id, self.desk.now);
        let is_ours = cases::responses(self.desk.conn, site_id, &self.kept.id)?
            .iter()
            .any(|(id, _)| id.as_slice() == response_id.as_bytes());
        let row = ResponseRow::find(self.desk.conn, &[site_id], response_id)?;
        let Some(response) = row.filter(|_| is_ours) else { return Ok(Err(Denied::NoResponse)) };
        if self.kept.case.state.is_ended() {
            return Ok(Err(Refused::NotNow { state: self.kept.case.state }.into()));
        }
        if self.kept.case.response_count < 2 {
            return Ok(Err(Denied::LastResponse));
        }
        let opened = Opened {
            response: &response,
            level: self.kept.case.level.clone(),
            priority: self.kept.case.priority,
            rule: self.kept.rule.clone(),
            follows: Some(self.kept.case.number),
        };
        let by = self.desk.by;
        let other = opened.write(self.desk.conn, self.desk.site, response_id, by, now)?;
        let into = other.case.number;
        match self.desk.send(&mut self.kept, Command::SplitResponse { response_id, into })? {
            Ok(changed) => {
                cases::move_response(self.desk.conn, site_id, response_id.as_bytes(), &other.id)?;
                Ok(Ok(Acted { kept: self.kept, changed, split_off: Some(into) }))
            }
            Err(refused) => Ok(Err(refused.into())),
        }
    }
}
