//! Who has a case.

use super::apply::Change;
use super::{Assignee, EntryId, Event, Message, Refused, State, Whom};

impl Change<'_> {
    pub(super) fn acknowledge(&mut self) -> Result<(), Refused> {
        let person = self.person()?;
        self.must_be_open()?;
        if self.case.acknowledged_at.is_some() {
            return self.must_not_be_of_another(person);
        }
        let former = self.case.owner.replace(person).filter(|former| *former != person);
        self.take(person);
        self.tell_person(former, Message::TakenOver);
        Ok(())
    }

    pub(super) fn take_over(&mut self) -> Result<(), Refused> {
        let person = self.person()?;
        self.must_be_open()?;
        if self.case.acknowledged_at.is_none() {
            return self.acknowledge();
        }
        if self.case.owner == Some(person) {
            return Ok(());
        }
        let from = self.case.owner.replace(person);
        self.case.owned_since = Some(self.now);
        self.journal(Event::TakenOver { from });
        self.tell_person(from, Message::TakenOver);
        Ok(())
    }

    /// To a person the case is handed on as it is: whoever hands it on has acknowledged it, or its steps go on. A team has
    /// nobody who said "I have this", so the case waits for somebody of it.
    pub(super) fn assign(&mut self, to: Assignee, reason: Option<EntryId>) -> Result<(), Refused> {
        self.must_be_open()?;
        let former = self.case.owner;
        match to {
            Assignee::Person(person) if self.by.person_id() == Some(person) => self.take_over(),
            Assignee::Person(person) if former == Some(person) => Ok(()),
            Assignee::Person(person) => {
                self.case.owner = Some(person);
                self.case.owned_since = Some(self.now);
                self.journal(Event::Assigned { reason });
                self.tell(Whom::Person(person), Message::Assigned);
                self.tell_person(former, Message::TakenOver);
                Ok(())
            }
            Assignee::Team(team) if former.is_none() && self.case.team.as_ref() == Some(&team) => Ok(()),
            Assignee::Team(team) => {
                self.case.team = Some(team.clone());
                self.give_back();
                self.journal(Event::Assigned { reason });
                self.tell(Whom::Team(team), Message::Assigned);
                self.tell_person(former, Message::TakenOver);
                Ok(())
            }
        }
    }

    pub(super) fn not_for_me(&mut self, reason: Option<EntryId>) -> Result<(), Refused> {
        let person = self.person()?;
        self.must_be_open()?;
        self.must_not_be_of_another(person)?;
        let declined = self.case.declined_by.contains(&person);
        if self.case.owner.is_none() && declined {
            return Ok(());
        }
        self.give_back();
        if !declined {
            self.case.declined_by.push(person);
        }
        self.journal(Event::NotForMe { reason });
        self.tell(Whom::Rule, Message::GivenBack);
        Ok(())
    }

    /// Whoever would be told now is told by the steps, which begin anew.
    pub(super) fn unacknowledge(&mut self) -> Result<(), Refused> {
        self.must_be_open()?;
        if self.case.acknowledged_at.is_none() {
            return Ok(());
        }
        let former = self.case.owner;
        self.give_back();
        self.journal(Event::Unacknowledged);
        self.tell_person(former, Message::GivenBack);
        Ok(())
    }

    /// Nobody has it any more. What is left waiting for the customer goes on waiting with whoever takes it: until then its answer
    /// clock rests. Others are told by whoever sends this, of all that one person leaves behind together.
    pub(super) fn owner_left(&mut self, person: i64) -> Result<(), Refused> {
        if self.case.owner == Some(person) && !self.case.state.is_ended() {
            self.case.owner = None;
            self.case.owned_since = None;
            self.start_acknowledging();
            self.journal(Event::OwnerLeft { person });
        }
        Ok(())
    }

    /// Whoever acts on a case that nobody has, has acknowledged it: a person who replies need not be looked for.
    pub(super) fn take_if_free(&mut self) {
        if let Some(person) = self.by.person_id().filter(|_| self.case.state == State::Open) {
            self.take(person);
        }
    }

    /// This person acknowledges; an owner whom it was assigned to stays.
    pub(super) fn take(&mut self, person: i64) {
        let late_ms = self.stop_acknowledge_clock();
        self.case.owner.get_or_insert(person);
        self.case.owned_since = Some(self.now);
        self.case.acknowledged_at = Some(self.now);
        self.case.acknowledged_by = Some(person);
        self.case.declined_by.clear();
        self.case.next_step_at = None;
        let waits = self.case.waiting_since.is_some();
        self.case.state = if waits { State::Waiting } else { State::InProgress };
        self.journal(Event::Acknowledged { late_ms });
    }

    /// Nobody has it any more. If somebody had acknowledged, the steps begin anew; otherwise they go on.
    fn give_back(&mut self) {
        self.case.owner = None;
        self.case.owned_since = None;
        if self.case.acknowledged_at.is_some() {
            self.resume();
            self.start_acknowledging();
        }
    }

    /// The case is open, nobody has acknowledged it, and what is counted until somebody does is counted from now.
    pub(super) fn start_acknowledging(&mut self) {
        self.case.state = State::Open;
        self.case.acknowledged_at = None;
        self.case.acknowledged_by = None;
        self.case.acknowledge_by = self.case.level.acknowledge_ms.map(|open_ms| self.clock.due(self.now, open_ms));
        self.case.steps_from = self.now;
        self.case.steps_done = 0;
        self.case.next_step_at = self.step_at(0);
    }

    fn must_not_be_of_another(&self, person: i64) -> Result<(), Refused> {
        match self.case.owner.filter(|owner| *owner != person) {
            Some(owner) => Err(Refused::TakenBy { owner, since: self.case.owned_since.unwrap_or(self.case.opened_at) }),
            None => Ok(()),
        }
    }
}
