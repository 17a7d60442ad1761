use super::{EntryId, Event};

/// A row that is written together with the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// An entry of the journal.
    Journal(Event),
    /// Sets a timer of this case, which has one of each kind, to a time (Unix ms).
    SetTimer(Timer, i64),
    /// Takes a timer away.
    ClearTimer(Timer),
    /// Tells people. Whoever finds out who they are tells each person once for all effects of a command.
    Tell {
        /// Who is told.
        whom: Whom,
        /// A person who is not told, because of having done it.
        except: Option<i64>,
        /// What they are told.
        message: Message,
    },
    /// Holds the responses of the case back as spam.
    HoldResponses,
}

/// What falls due for a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// The next step of escalation: send [`Command::EscalationStep`](super::Command::EscalationStep).
    Step,
    /// Nobody has acknowledged in time.
    AcknowledgeBy,
    /// Nobody has answered in time.
    AnswerBy,
    /// A reminder: send [`Command::Reminded`](super::Command::Reminded).
    Remind,
}

impl Message {
    /// As messages in the outbox name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::TakenOver => "taken_over",
            Self::GivenBack => "given_back",
            Self::OwnerLeft => "owner_left",
            Self::Escalated { .. } => "escalated",
            Self::Mentioned { .. } => "mentioned",
            Self::Noted { .. } => "noted",
            Self::CustomerAnswered => "customer_answered",
            Self::ResponseJoined { .. } => "response_joined",
            Self::CaseJoined { .. } => "case_joined",
            Self::Urgent => "urgent",
            Self::Overdue => "overdue",
            Self::Reminder => "reminder",
            Self::Ended => "ended",
            Self::Reopened => "reopened",
            Self::Merged => "merged",
        }
    }
}

impl Timer {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Step, Self::AcknowledgeBy, Self::AnswerBy, Self::Remind];

    /// Its kind in the table of timers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Step => "case_step",
            Self::AcknowledgeBy => "case_acknowledge_by",
            Self::AnswerBy => "case_answer_by",
            Self::Remind => "case_remind",
        }
    }
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A person, by the id.
    Person(i64),
    /// The people of a team, by its name.
    Team(String),
    /// Whom the rule of the case names first.
    Rule,
    /// Whom a step of the rule names, counted from 0.
    Step(usize),
}

/// What somebody is told about a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// It was given to you, or to your team.
    Assigned,
    /// Somebody else has it now.
    TakenOver,
    /// Who had it gave it back: nobody has it.
    GivenBack,
    /// Who had it left: nobody has it.
    OwnerLeft,
    /// Nobody has said "I have this".
    Escalated {
        /// Since when (Unix ms), which with the step also says which of its messages this is.
        since: i64,
    },
    /// A note names you.
    Mentioned {
        /// The note.
        note_id: EntryId,
    },
    /// A note was written.
    Noted {
        /// The note.
        note_id: EntryId,
    },
    /// The customer wrote.
    CustomerAnswered,
    /// The customer sent another unhappy response.
    ResponseJoined {
        /// The response.
        response_id: EntryId,
    },
    /// Another case was merged into yours.
    CaseJoined {
        /// Its number.
        other: i64,
    },
    /// It is urgent now.
    Urgent,
    /// The customer should have been answered by now.
    Overdue,
    /// You wanted to be reminded.
    Reminder,
    /// Somebody else resolved or closed it.
    Ended,
    /// It was not put right.
    Reopened,
    /// Another case goes on in its place.
    Merged,
}
