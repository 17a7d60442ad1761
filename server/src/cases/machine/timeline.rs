//! What is said between staff, and between staff and the customer.

use super::apply::Change;
use super::{DueTime, EntryId, Event, Message, Priority, Refused, State, Whom};

impl Change<'_> {
    pub(super) fn note(&mut self, note_id: EntryId, mut mentions: Vec<i64>) -> Result<(), Refused> {
        mentions.sort_unstable();
        mentions.dedup();
        self.journal(Event::Noted { note_id });
        let owner = self.case.owner.filter(|owner| !mentions.contains(owner));
        for person in mentions {
            self.tell(Whom::Person(person), Message::Mentioned { note_id });
        }
        self.tell_person(owner, Message::Noted { note_id });
        Ok(())
    }

    /// A reply or a talk: the customer was answered. After the end it is one more entry.
    pub(super) fn answer(&mut self, event: impl FnOnce(Option<i64>) -> Event) -> Result<(), Refused> {
        if self.case.state == State::Closed {
            return Err(self.not_now());
        }
        self.take_if_free();
        let late_ms = self.stop_answer_clock();
        self.case.answered_at.get_or_insert(self.now);
        self.case.first_answer_at.get_or_insert(self.now);
        self.case.customer_answered_at = None;
        self.journal(event(late_ms));
        Ok(())
    }

    pub(super) fn wait(&mut self) -> Result<(), Refused> {
        self.must_be_open()?;
        if self.is_waiting() {
            return Ok(());
        }
        self.take_if_free();
        match self.case.state {
            State::Open => return Err(Refused::NeedsPerson),
            // Whoever had it before left it waiting.
            State::Waiting => return Ok(()),
            _ => self.case.state = State::Waiting,
        }
        self.case.customer_answered_at = None;
        self.pause_from(self.now);
        self.journal(Event::Waiting);
        Ok(())
    }

    /// After the end no clock starts, and the owner hears once until somebody reacts.
    pub(super) fn customer_answered(&mut self, message_id: EntryId) -> Result<(), Refused> {
        let unread = self.case.customer_answered_at.is_some();
        self.case.customer_answered_at.get_or_insert(self.now);
        self.resume();
        self.journal(Event::CustomerAnswered { message_id });
        if !(unread && self.case.state.is_ended()) {
            self.tell_owner_or_rule(Message::CustomerAnswered);
        }
        Ok(())
    }

    /// Of a case that nobody has, whoever takes it sees the response as it is.
    pub(super) fn response_changed(&mut self, response_id: EntryId) -> Result<(), Refused> {
        if self.case.state.is_ended() || self.case.owner.is_some() {
            self.resume();
            self.journal(Event::ResponseChanged { response_id });
            if self.case.customer_answered_at.replace(self.now).is_none() {
                self.tell_owner_or_rule(Message::CustomerAnswered);
            }
        }
        Ok(())
    }

    pub(super) fn dismiss_answer(&mut self) -> Result<(), Refused> {
        if self.case.customer_answered_at.take().is_some() {
            self.journal(Event::AnswerDismissed);
        }
        Ok(())
    }

    /// No clock that has stopped starts again, and none runs out later than before. A customer who is waited for has come.
    pub(super) fn join(
        &mut self,
        response_id: EntryId,
        acknowledge_by: Option<i64>,
        answer_by: Option<i64>,
    ) -> Result<(), Refused> {
        self.must_be_open()?;
        self.take_in(1, (acknowledge_by, answer_by));
        self.journal(Event::ResponseJoined { response_id });
        self.tell_owner_or_rule(Message::ResponseJoined { response_id });
        Ok(())
    }

    /// As when its responses had joined one by one, but for the owner, who hears once.
    pub(super) fn join_case(
        &mut self,
        other: i64,
        responses: i64,
        due: (Option<i64>, Option<i64>),
    ) -> Result<(), Refused> {
        self.must_be_open()?;
        self.take_in(responses, due);
        if let Err(place) = self.case.linked.binary_search(&other) {
            self.case.linked.insert(place, other);
        }
        self.journal(Event::CaseJoined { other });
        self.tell_person(self.case.owner, Message::CaseJoined { other });
        Ok(())
    }

    fn take_in(&mut self, responses: i64, (acknowledge_by, answer_by): (Option<i64>, Option<i64>)) {
        self.resume();
        let earlier = |one: Option<i64>, other: Option<i64>| one.into_iter().chain(other).min();
        if self.case.state == State::Open {
            self.case.acknowledge_by = earlier(self.case.acknowledge_by, acknowledge_by);
        }
        if self.case.answered_at.is_none() {
            self.case.answer_by = earlier(self.case.answer_by, answer_by);
        }
        self.case.response_count = self.case.response_count.saturating_add(responses);
    }

    /// Never the last one: a case without a response is about nothing.
    pub(super) fn split(&mut self, response_id: EntryId, into: i64) -> Result<(), Refused> {
        self.must_be_open()?;
        let Err(place) = self.case.linked.binary_search(&into) else { return Ok(()) };
        if into == self.case.number || self.case.response_count < 2 {
            return Err(Refused::Itself);
        }
        self.case.response_count -= 1;
        self.case.linked.insert(place, into);
        self.journal(Event::ResponseSplit { response_id, into });
        Ok(())
    }

    /// Told once for each due time that passes. While nobody has the case, the steps tell; lateness stands still while it
    /// waits for the customer.
    pub(super) fn overdue(&mut self, due: DueTime) -> Result<(), Refused> {
        let Some(at) = self.case.due(due).filter(|at| *at < self.now) else { return Ok(()) };
        let rests = due == DueTime::Answer && self.case.waiting_since.is_some();
        if rests || self.case.overdue.contains(&(due, at)) {
            return Ok(());
        }
        self.case.overdue.retain(|(other, _)| *other != due);
        self.case.overdue.push((due, at));
        self.journal(Event::Overdue { due });
        if due == DueTime::Answer {
            self.tell_owner_or_rule(Message::Overdue);
        }
        Ok(())
    }

    pub(super) fn set_priority(&mut self, priority: Priority) -> Result<(), Refused> {
        self.must_be_open()?;
        if self.case.priority == priority {
            return Ok(());
        }
        self.case.priority = priority;
        self.journal(Event::PriorityChanged { priority });
        if priority == Priority::Urgent {
            self.tell_owner_or_rule(Message::Urgent);
        }
        Ok(())
    }

    pub(super) fn link(&mut self, other: i64) -> Result<(), Refused> {
        if other == self.case.number {
            return Err(Refused::Itself);
        }
        if let Err(place) = self.case.linked.binary_search(&other) {
            self.case.linked.insert(place, other);
            self.journal(Event::Linked { other });
        }
        Ok(())
    }

    pub(super) fn revoke_links(&mut self, generation: u32) -> Result<(), Refused> {
        if generation > self.case.link_generation {
            return Err(Refused::VersionMismatch { version: self.case.version });
        }
        if generation == self.case.link_generation {
            self.case.link_generation = generation.saturating_add(1);
            self.journal(Event::LinksRevoked { generation: self.case.link_generation });
        }
        Ok(())
    }
}
