use serde::{Deserialize, Serialize};

use super::{Clock, EntryId, NothingToDo, Priority, Refused, State, Timer};

/// The work of putting one unhappy response right. Times are Unix ms, durations ms of open time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What people call it by; unique in its site.
    pub number: i64,
    /// How far it is.
    pub state: State,
    /// The person who has it, or to whom it was assigned and who has not acknowledged it yet.
    pub owner: Option<i64>,
    /// Since when that person has it.
    pub owned_since: Option<i64>,
    /// Whose case it is while nobody has it.
    pub team: Option<String>,
    /// People who said that it is not for them.
    pub declined_by: Vec<i64>,
    /// How much it matters.
    pub priority: Priority,
    /// How soon it is to be taken and answered.
    pub level: ServiceLevel,
    /// When it was opened.
    pub opened_at: i64,
    /// When somebody first said "I have this" since it is open, or open again.
    pub acknowledged_at: Option<i64>,
    /// Who said so.
    pub acknowledged_by: Option<i64>,
    /// By when somebody has to say so; `None` when that clock does not run.
    pub acknowledge_by: Option<i64>,
    /// When the customer was answered first, ever.
    pub first_answer_at: Option<i64>,
    /// When the customer was answered first since it is open, or open again.
    pub answered_at: Option<i64>,
    /// By when the customer has to be answered, or the case resolved; `None` when that clock does not run.
    pub answer_by: Option<i64>,
    /// What was left of that clock when it was paused.
    pub answer_left_ms: Option<i64>,
    /// Since when it waits for the customer, also while nobody has it because who did left.
    pub waiting_since: Option<i64>,
    /// When the customer wrote something that nobody has reacted to.
    pub customer_answered_at: Option<i64>,
    /// When it was resolved, if it is.
    pub resolved_at: Option<i64>,
    /// When it was resolved for the first time, however often it was opened again.
    pub first_resolved_at: Option<i64>,
    /// When it was closed, if it is.
    pub closed_at: Option<i64>,
    /// From when on the steps of escalation are counted: since then nobody has it.
    pub steps_from: i64,
    /// How many steps were told or passed over since then.
    pub steps_done: usize,
    /// When the next step falls due; `None` when none will.
    pub next_step_at: Option<i64>,
    /// The due times that are known to have passed, of which it was said.
    pub overdue: Vec<(DueTime, i64)>,
    /// When its owner is to be reminded.
    pub remind_at: Option<i64>,
    /// Why the customer was unhappy, in the words of staff.
    pub root_cause: Option<String>,
    /// What was done about it, in the words of staff.
    pub action_taken: Option<String>,
    /// Why it was closed with nothing done.
    pub nothing_to_do: Option<NothingToDo>,
    /// It ended because its responses counted no more, so it opens again by itself when one counts again.
    pub opens_again: bool,
    /// How many responses belong to it.
    pub response_count: i64,
    /// Numbers of other cases it names, the smallest first.
    pub linked: Vec<i64>,
    /// The number of the case that goes on in its place.
    pub merged_into: Option<i64>,
    /// Part of the signature of links to it: raised when they are to stop.
    pub link_generation: u32,
    /// The row that the last such command was about, so that the same command again changes nothing.
    pub last_entry: Option<EntryId>,
    /// Grows by one with each change.
    pub version: i64,
}

/// How soon a case is to be taken and answered, in ms of open time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceLevel {
    /// Within what somebody has to acknowledge it.
    pub acknowledge_ms: Option<i64>,
    /// Within what the customer has to be answered, or the case resolved.
    pub answer_ms: Option<i64>,
    /// After what each step of escalation is told, the first one first.
    pub steps_ms: Vec<i64>,
}

/// One of the two times by which something has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueTime {
    /// Somebody says "I have this".
    Acknowledge,
    /// The customer is answered, or the case resolved.
    Answer,
}

impl DueTime {
    /// As the journal and the API name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Answer => "answer",
        }
    }
}

impl Case {
    /// When a clock that runs runs out (Unix ms).
    pub fn due(&self, due: DueTime) -> Option<i64> {
        match due {
            DueTime::Acknowledge => self.acknowledge_by,
            DueTime::Answer => self.answer_by,
        }
    }

    /// Whether it should have been done before `now` (Unix ms).
    pub fn is_overdue(&self, due: DueTime, now: i64) -> bool {
        self.due(due).is_some_and(|at| at < now)
    }

    /// How late it is at `now` (Unix ms), in ms of open time, at least 1; `None` when it is not. It stands still while the
    /// case waits for the customer.
    pub fn late_ms(&self, due: DueTime, now: i64, clock: &dyn Clock) -> Option<i64> {
        let at = self.due(due).filter(|at| *at < now)?;
        let rests_since = self.waiting_since.filter(|_| due == DueTime::Answer);
        Some(clock.open_ms(at, rests_since.unwrap_or(now)).max(1))
    }

    /// When a timer of this case has to fire (Unix ms), if it is to be set. A handler that was fired too early sets it again.
    pub fn timer_at(&self, timer: Timer) -> Option<i64> {
        // A moment after the due time: at the due time itself it is not late yet.
        let overdue_from = |by: i64| by.saturating_add(1);
        match timer {
            Timer::Step => self.next_step_at,
            Timer::AcknowledgeBy => self.acknowledge_by.map(overdue_from),
            Timer::AnswerBy => self.answer_by.map(overdue_from),
            Timer::Remind => self.remind_at,
        }
    }

    /// Whether a message about a step that was counted from `steps_from` (Unix ms) may still be sent. Ask at the moment of
    /// sending: somebody may have taken the case since it was queued.
    pub fn wants_step(&self, steps_from: i64) -> bool {
        self.state == State::Open && self.steps_from == steps_from
    }

    /// Compares the version that somebody saw with the present one, before a command is applied.
    ///
    /// # Errors
    /// [`Refused::VersionMismatch`] when it has changed since.
    pub fn expect_version(&self, seen: i64) -> Result<(), Refused> {
        if self.version == seen { Ok(()) } else { Err(Refused::VersionMismatch { version: self.version }) }
    }
}
