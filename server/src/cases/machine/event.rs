use serde_json::{Map, Value, json};

use super::{Case, DueTime, EntryId, NothingToDo, Priority};

/// What happened to a case, as the journal keeps it. It names rows and people by their ids and holds nobody's words.
///
/// `late_ms` is how late something was done, in ms of open time: 0 when in time, `None` when there was no time for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after what they refer to")]
pub enum Event {
    Opened { response_id: EntryId, follows: Option<i64> },
    Acknowledged { late_ms: Option<i64> },
    TakenOver { from: Option<i64> },
    Assigned { reason: Option<EntryId> },
    NotForMe { reason: Option<EntryId> },
    Unacknowledged,
    OwnerLeft { person: i64 },
    Noted { note_id: EntryId },
    Spoken { note_id: EntryId, late_ms: Option<i64> },
    Replied { message_id: EntryId, late_ms: Option<i64> },
    ReceiptSent { message_id: EntryId },
    Waiting,
    CustomerAnswered { message_id: EntryId },
    AnswerDismissed,
    ResponseJoined { response_id: EntryId },
    ResponseChanged { response_id: EntryId },
    CaseJoined { other: i64 },
    ResponseSplit { response_id: EntryId, into: i64 },
    PriorityChanged { priority: Priority },
    ReminderSet { at: i64 },
    Reminded,
    Resolved { late_ms: Option<i64> },
    ResolutionChanged,
    NothingToDo { reason: NothingToDo, mark_spam: bool },
    Closed,
    Reopened,
    Merged { into: i64 },
    Linked { other: i64 },
    Escalated { step: usize },
    LinksRevoked { generation: u32 },
    ServiceLevelChanged,
    Overdue { due: DueTime },
}

impl Event {
    /// Its kind in the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "case.opened",
            Self::Acknowledged { .. } => "case.acknowledged",
            Self::TakenOver { .. } => "case.taken_over",
            Self::Assigned { .. } => "case.assigned",
            Self::NotForMe { .. } => "case.not_for_me",
            Self::Unacknowledged => "case.unacknowledged",
            Self::OwnerLeft { .. } => "case.owner_left",
            Self::Noted { .. } => "case.noted",
            Self::Spoken { .. } => "case.spoken",
            Self::Replied { .. } => "case.replied",
            Self::ReceiptSent { .. } => "case.receipt_sent",
            Self::Waiting => "case.waiting",
            Self::CustomerAnswered { .. } => "case.customer_answered",
            Self::AnswerDismissed => "case.answer_dismissed",
            Self::ResponseJoined { .. } => "case.response_joined",
            Self::ResponseChanged { .. } => "case.response_changed",
            Self::CaseJoined { .. } => "case.case_joined",
            Self::ResponseSplit { .. } => "case.response_split",
            Self::Overdue { .. } => "case.overdue",
            Self::PriorityChanged { .. } => "case.priority_changed",
            Self::ReminderSet { .. } => "case.reminder_set",
            Self::Reminded => "case.reminded",
            Self::Resolved { .. } => "case.resolved",
            Self::ResolutionChanged => "case.resolution_changed",
            Self::NothingToDo { .. } => "case.nothing_to_do",
            Self::Closed => "case.closed",
            Self::Reopened => "case.reopened",
            Self::Merged { .. } => "case.merged",
            Self::Linked { .. } => "case.linked",
            Self::Escalated { .. } => "case.escalated",
            Self::LinksRevoked { .. } => "case.links_revoked",
            Self::ServiceLevelChanged => "case.service_level_changed",
        }
    }

    /// What the journal keeps of it, with number, state, owner, team and version of the case as it is `after` the command: a
    /// receiver may drop what is older than it has.
    pub fn data(&self, after: &Case) -> Value {
        let mut data = self.own_data();
        data.insert("number".to_owned(), json!(after.number));
        data.insert("state".to_owned(), json!(after.state.as_str()));
        data.insert("owner".to_owned(), json!(after.owner));
        data.insert("team".to_owned(), json!(after.team));
        data.insert("version".to_owned(), json!(after.version));
        Value::Object(data)
    }

    fn own_data(&self) -> Map<String, Value> {
        let id = |id: &EntryId| json!(id.to_string());
        let maybe = |reason: &Option<EntryId>| json!(reason.map(|note| note.to_string()));
        let pairs = match self {
            Self::Opened { response_id, follows } => {
                vec![("response_id", id(response_id)), ("follows", json!(follows))]
            }
            Self::Acknowledged { late_ms } | Self::Resolved { late_ms } => vec![("late_ms", json!(late_ms))],
            Self::TakenOver { from } => vec![("from", json!(from))],
            Self::Assigned { reason } | Self::NotForMe { reason } => vec![("reason", maybe(reason))],
            Self::OwnerLeft { person } => vec![("person", json!(person))],
            Self::Noted { note_id } => vec![("note_id", id(note_id))],
            Self::Spoken { note_id, late_ms } => vec![("note_id", id(note_id)), ("late_ms", json!(late_ms))],
            Self::Replied { message_id, late_ms } => {
                vec![("message_id", id(message_id)), ("late_ms", json!(late_ms))]
            }
            Self::ReceiptSent { message_id } | Self::CustomerAnswered { message_id } => {
                vec![("message_id", id(message_id))]
            }
            Self::ResponseJoined { response_id } | Self::ResponseChanged { response_id } => {
                vec![("response_id", id(response_id))]
            }
            Self::ResponseSplit { response_id, into } => {
                vec![("response_id", id(response_id)), ("into", json!(into))]
            }
            Self::Overdue { due } => vec![("due", json!(due.as_str()))],
            Self::PriorityChanged { priority } => vec![("priority", json!(priority.as_str()))],
            Self::ReminderSet { at } => vec![("at", json!(at))],
            Self::NothingToDo { reason, mark_spam } => {
                vec![("reason", json!(reason.as_str())), ("mark_spam", json!(mark_spam))]
            }
            Self::Merged { into } => vec![("into", json!(into))],
            Self::Linked { other } | Self::CaseJoined { other } => vec![("other", json!(other))],
            Self::Escalated { step } => vec![("step", json!(step))],
            Self::LinksRevoked { generation } => vec![("generation", json!(generation))],
            Self::Unacknowledged
            | Self::Waiting
            | Self::AnswerDismissed
            | Self::Reminded
            | Self::ResolutionChanged
            | Self::Closed
            | Self::Reopened
            | Self::ServiceLevelChanged => vec![],
        };
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
