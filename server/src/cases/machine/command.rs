use super::{DueTime, EntryId, NothingToDo, Priority, ServiceLevel};

/// What somebody wants of a case.
///
/// The same command again, by the same person, is taken and has no effects. A command with the id of a row (a note, a message,
/// a response) happens once for each row: the caller who stores the row has the key that tells a repetition. Only
/// [`Self::JoinCase`] and [`Self::ResponseChanged`] count each time: a case is merged once, a customer may change much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// "I have this."
    Acknowledge,
    /// "I have this now", also when somebody else has it.
    TakeOver,
    /// Gives it to somebody. A team has it when one of its people acknowledges.
    Assign {
        /// To whom.
        to: Assignee,
        /// A note that says why.
        reason: Option<EntryId>,
    },
    /// "Somebody else should have this."
    NotForMe {
        /// A note that says why.
        reason: Option<EntryId>,
    },
    /// Nobody has it any more.
    Unacknowledge,
    /// This person has left, who may have had it.
    OwnerLeft {
        /// Who.
        person: i64,
    },
    /// A note was written.
    Note {
        /// The note.
        note_id: EntryId,
        /// The ids of people it names.
        mentions: Vec<i64>,
    },
    /// Somebody spoke with the customer.
    SpokeWithCustomer {
        /// The entry that says so, with or without words.
        note_id: EntryId,
    },
    /// A reply was sent to the customer.
    Replied {
        /// The message.
        message_id: EntryId,
    },
    /// A receipt was sent to the customer, which no person wrote.
    AutomaticReceipt {
        /// The message.
        message_id: EntryId,
    },
    /// Nothing can be done until the customer does something.
    WaitForCustomer,
    /// The customer wrote, not a machine of theirs.
    CustomerAnswered {
        /// The message.
        message_id: EntryId,
    },
    /// What the customer wrote after the end needs nothing more.
    DismissAnswer,
    /// The same customer sent another unhappy response.
    JoinResponse {
        /// The response.
        response_id: EntryId,
        /// By when its own rule wants somebody to acknowledge (Unix ms).
        acknowledge_by: Option<i64>,
        /// By when its own rule wants an answer (Unix ms).
        answer_by: Option<i64>,
    },
    /// Another case, which this one names from now on, was merged into it: its responses came along.
    JoinCase {
        /// The number of that case.
        other: i64,
        /// How many responses came.
        responses: i64,
        /// By when that case was to be acknowledged (Unix ms).
        acknowledge_by: Option<i64>,
        /// By when it was to be answered (Unix ms).
        answer_by: Option<i64>,
    },
    /// A response turned out to be about something else, and has a case of its own.
    SplitResponse {
        /// The response.
        response_id: EntryId,
        /// The number of the other case.
        into: i64,
    },
    /// A time by which something had to be done has passed: the timer of it fell due.
    Overdue(DueTime),
    /// It matters more or less.
    SetPriority(Priority),
    /// Reminds its owner later; instead of an earlier reminder.
    Remind {
        /// When (Unix ms).
        at: i64,
    },
    /// It was put right.
    Resolve {
        /// Why the customer was unhappy.
        root_cause: String,
        /// What was done about it.
        action_taken: String,
    },
    /// It ends with nothing done.
    NothingToDo {
        /// Why.
        reason: NothingToDo,
        /// Whether its responses are held as spam.
        mark_spam: bool,
    },
    /// Nothing more is expected of a case that is resolved, or, by the server, of one that waits for the customer.
    Close,
    /// It was not put right.
    Reopen,
    /// Its response counts again, and nobody has heard of it: the alert that follows tells them.
    OpenAnew,
    /// The customer changed a response of a case that has ended, or added to it.
    ResponseChanged {
        /// The response.
        response_id: EntryId,
    },
    /// Another case goes on in its place. The caller sends [`Self::JoinCase`] to that one.
    Merge {
        /// The number of that case.
        into: i64,
        /// Who has that case, and hears of it there.
        owner: Option<i64>,
    },
    /// Names another case.
    Link {
        /// The number of that case.
        other: i64,
    },
    /// The timer of the next step fell due.
    EscalationStep,
    /// Nobody could be told of it until this moment (Unix ms): the steps are counted from then on.
    CountSteps {
        /// When.
        from: i64,
    },
    /// The timer of the reminder fell due.
    Reminded,
    /// Links to it open nothing any more.
    RevokeLinks {
        /// The generation that whoever asks has seen. An earlier one was revoked already.
        generation: u32,
    },
    /// Another service level holds for it, if it is not ended.
    ChangeServiceLevel(ServiceLevel),
}

/// To whom a case is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignee {
    /// A member of staff, by the id of the person.
    Person(i64),
    /// A team, by its name.
    Team(String),
}

impl Command {
    /// The row it is about.
    pub(super) fn entry(&self) -> Option<EntryId> {
        match self {
            Self::Note { note_id: id, .. }
            | Self::SpokeWithCustomer { note_id: id }
            | Self::Replied { message_id: id }
            | Self::AutomaticReceipt { message_id: id }
            | Self::CustomerAnswered { message_id: id }
            | Self::JoinResponse { response_id: id, .. } => Some(*id),
            _ => None,
        }
    }

    /// Whether it is taken, with or without effects, by a case that was merged into another.
    pub(super) fn is_for_merged(&self) -> bool {
        matches!(
            self,
            Self::Merge { .. }
                | Self::EscalationStep
                | Self::CountSteps { .. }
                | Self::Reminded
                | Self::Overdue(_)
                | Self::RevokeLinks { .. }
                | Self::ChangeServiceLevel(_)
        )
    }
}
