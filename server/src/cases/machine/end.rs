//! How a case ends, and how it begins anew.

use super::apply::Change;
use super::{Effect, Event, Message, NothingToDo, Refused, State, Whom};

impl Change<'_> {
    /// A case that is resolved already gets other words; when it was resolved stays.
    pub(super) fn resolve(&mut self, root_cause: String, action_taken: String) -> Result<(), Refused> {
        if self.case.state == State::Closed {
            return Err(self.not_now());
        }
        if root_cause.trim().is_empty() {
            return Err(Refused::NeedsRootCause);
        }
        if action_taken.trim().is_empty() {
            return Err(Refused::NeedsActionTaken);
        }
        let (root_cause, action_taken) = (Some(root_cause), Some(action_taken));
        let is_same = self.case.root_cause == root_cause && self.case.action_taken == action_taken;
        (self.case.root_cause, self.case.action_taken) = (root_cause, action_taken);
        if self.case.state == State::Resolved {
            if !is_same {
                self.journal(Event::ResolutionChanged);
            }
            return Ok(());
        }
        self.take_if_free();
        let late_ms = self.stop_clocks();
        self.case.state = State::Resolved;
        self.case.resolved_at = Some(self.now);
        self.case.first_resolved_at.get_or_insert(self.now);
        self.journal(Event::Resolved { late_ms });
        self.tell_person(self.case.owner, Message::Ended);
        Ok(())
    }

    pub(super) fn nothing_to_do(&mut self, reason: NothingToDo, mark_spam: bool) -> Result<(), Refused> {
        if self.case.nothing_to_do == Some(reason) {
            return Ok(());
        }
        self.must_be_open()?;
        self.take_if_free();
        self.case.nothing_to_do = Some(reason);
        self.case.opens_again = self.is_by_system() || mark_spam;
        self.end_and_tell(Event::NothingToDo { reason, mark_spam });
        if mark_spam {
            self.effects.push(Effect::HoldResponses);
        }
        Ok(())
    }

    /// The server closes what the customer never answered, and nothing in which an answer of the customer lies unread.
    pub(super) fn close(&mut self) -> Result<(), Refused> {
        let by_system = self.is_by_system();
        match self.case.state {
            State::Closed => return Ok(()),
            State::Resolved if !by_system || self.case.customer_answered_at.is_none() => {}
            State::Waiting if by_system => {}
            _ => return Err(self.not_now()),
        }
        self.end_and_tell(Event::Closed);
        Ok(())
    }

    /// An owner who has the other case, too, hears of it there.
    pub(super) fn merge(&mut self, into: i64, owner: Option<i64>) -> Result<(), Refused> {
        match self.case.merged_into {
            Some(merged) if merged == into => return Ok(()),
            Some(merged) => return Err(Refused::Merged { into: merged }),
            None if into == self.case.number => return Err(Refused::Itself),
            None => self.case.merged_into = Some(into),
        }
        let told = self.case.owner.filter(|_| !self.case.state.is_ended()).filter(|own| Some(*own) != owner);
        self.end(Event::Merged { into });
        self.tell_person(told, Message::Merged);
        Ok(())
    }

    /// The owner who opens it again has it at once. Otherwise it waits for somebody to say "I have this"; when the customer
    /// or the server opens it, the case's rule is told as of a new one.
    pub(super) fn reopen(&mut self) -> Result<(), Refused> {
        if !self.case.state.is_ended() {
            return Ok(());
        }
        self.open_anew()?;
        match (self.by.person_id(), self.case.owner) {
            (Some(person), Some(owner)) if person == owner => self.take(person),
            (Some(_), Some(owner)) => self.tell(Whom::Person(owner), Message::Reopened),
            (_, owner) => {
                self.tell(Whom::Rule, Message::Reopened);
                self.tell_person(owner, Message::Reopened);
            }
        }
        Ok(())
    }

    /// All but when it was first resolved begins anew.
    pub(super) fn open_anew(&mut self) -> Result<(), Refused> {
        if !self.case.state.is_ended() {
            return Ok(());
        }
        self.case.resolved_at = None;
        self.case.closed_at = None;
        self.case.answered_at = None;
        self.case.nothing_to_do = None;
        self.case.opens_again = false;
        self.case.customer_answered_at = None;
        self.case.declined_by.clear();
        self.start_acknowledging();
        self.case.answer_by = self.case.level.answer_ms.map(|open_ms| self.clock.due(self.now, open_ms));
        self.journal(Event::Reopened);
        Ok(())
    }

    fn end_and_tell(&mut self, event: Event) {
        let told = self.case.owner.filter(|_| !self.case.state.is_ended());
        self.end(event);
        self.tell_person(told, Message::Ended);
    }

    fn end(&mut self, event: Event) {
        self.stop_clocks();
        self.case.state = State::Closed;
        self.case.closed_at.get_or_insert(self.now);
        self.journal(event);
    }

    /// How late an answer would have been, as the journal keeps it.
    fn stop_clocks(&mut self) -> Option<i64> {
        let late_ms = self.stop_answer_clock();
        self.case.acknowledge_by = None;
        self.case.next_step_at = None;
        self.case.remind_at = None;
        self.case.waiting_since = None;
        self.case.customer_answered_at = None;
        late_ms
    }
}
