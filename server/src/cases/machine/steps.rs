//! Escalation, and the reminder.

use super::apply::Change;
use super::{Event, Message, Refused, Whom};

/// How late a step may be told when nobody is there any more, in ms: one that falls due as the doors close is told.
const ON_TIME_MS: i64 = 5 * 60_000;

impl Change<'_> {
    /// Of all steps that are due only the latest is told. What an outage made late waits until somebody is there.
    pub(super) fn escalate(&mut self) -> Result<(), Refused> {
        let Some(mut due_at) = self.case.next_step_at.filter(|at| *at <= self.now) else { return Ok(()) };
        let mut step = self.case.steps_done;
        while let Some(at) = self.step_at(step + 1).filter(|at| *at <= self.now) {
            (step, due_at) = (step + 1, at);
        }
        let open_at = self.clock.next_open(self.now);
        if open_at > self.now && due_at.saturating_add(ON_TIME_MS) < self.now {
            self.case.next_step_at = Some(open_at);
            return Ok(());
        }
        self.case.steps_done = step + 1;
        self.case.next_step_at = self.step_at(step + 1);
        self.journal(Event::Escalated { step });
        self.tell(Whom::Step(step), Message::Escalated { since: self.case.steps_from });
        Ok(())
    }

    /// Nobody could have taken it before: none of its steps has been told.
    pub(super) fn count_steps(&mut self, from: i64) {
        if self.case.wants_step(self.case.steps_from) && self.case.steps_done == 0 && from > self.case.steps_from {
            self.case.steps_from = from;
            self.case.next_step_at = self.step_at(0);
        }
    }

    /// When a step falls due, counted from 0; `None` when there is no such step.
    pub(super) fn step_at(&self, step: usize) -> Option<i64> {
        let after_ms = *self.case.level.steps_ms.get(step)?;
        Some(self.clock.due(self.case.steps_from, after_ms))
    }

    pub(super) fn remind(&mut self, at: i64) -> Result<(), Refused> {
        self.must_be_open()?;
        if self.case.remind_at == Some(at) {
            return Ok(());
        }
        if at <= self.now {
            return Err(Refused::Past);
        }
        self.case.remind_at = Some(at);
        self.journal(Event::ReminderSet { at });
        Ok(())
    }

    pub(super) fn reminded(&mut self) -> Result<(), Refused> {
        if self.case.remind_at.take_if(|at| *at <= self.now).is_some() {
            self.journal(Event::Reminded);
            self.tell_owner_or_rule(Message::Reminder);
        }
        Ok(())
    }
}
