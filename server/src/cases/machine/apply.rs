use super::{By, Case, Clock, Command, Effect, Event, Message, NothingToDo, Refused, State, Timer, Who, Whom};

/// What a command makes of a case at `now` (Unix ms): the case afterwards, and the effects to be written with it. When there
/// is nothing to change, the case is as it was and there are no effects.
///
/// # Errors
/// [`Refused`], and nothing changes.
pub fn apply(
    case: &Case,
    command: Command,
    by: &By,
    now: i64,
    clock: &dyn Clock,
) -> Result<(Case, Vec<Effect>), Refused> {
    let entry = command.entry();
    if entry.is_some() && entry == case.last_entry {
        return Ok((case.clone(), Vec::new()));
    }
    let mut change = Change { case: case.clone(), effects: Vec::new(), by, now, clock };
    change.case.last_entry = entry.or(case.last_entry);
    change.run(command)?;
    Ok(change.finish(case))
}

/// A case while a command changes it.
pub(super) struct Change<'a> {
    pub(super) case: Case,
    pub(super) effects: Vec<Effect>,
    pub(super) by: &'a By,
    pub(super) now: i64,
    pub(super) clock: &'a dyn Clock,
}

impl Change<'_> {
    fn run(&mut self, command: Command) -> Result<(), Refused> {
        if let Some(into) = self.case.merged_into.filter(|_| !command.is_for_merged()) {
            return Err(Refused::Merged { into });
        }
        // It is about nothing any more.
        let is_erased = self.case.nothing_to_do == Some(NothingToDo::Erased) && self.by.person_id().is_some();
        if is_erased && !matches!(command, Command::RevokeLinks { .. }) {
            return Err(self.not_now());
        }
        match command {
            Command::Acknowledge => self.acknowledge(),
            Command::TakeOver => self.take_over(),
            Command::Assign { to, reason } => self.assign(to, reason),
            Command::NotForMe { reason } => self.not_for_me(reason),
            Command::Unacknowledge => self.unacknowledge(),
            Command::OwnerLeft { person } => self.owner_left(person),
            Command::Note { note_id, mentions } => self.note(note_id, mentions),
            Command::SpokeWithCustomer { note_id } => self.answer(|late_ms| Event::Spoken { note_id, late_ms }),
            Command::Replied { message_id } => self.answer(|late_ms| Event::Replied { message_id, late_ms }),
            Command::AutomaticReceipt { message_id } => {
                self.journal(Event::ReceiptSent { message_id });
                Ok(())
            }
            Command::WaitForCustomer => self.wait(),
            Command::CustomerAnswered { message_id } => self.customer_answered(message_id),
            Command::DismissAnswer => self.dismiss_answer(),
            Command::JoinResponse { response_id, acknowledge_by, answer_by } => {
                self.join(response_id, acknowledge_by, answer_by)
            }
            Command::JoinCase { other, responses, acknowledge_by, answer_by } => {
                self.join_case(other, responses, (acknowledge_by, answer_by))
            }
            Command::SplitResponse { response_id, into } => self.split(response_id, into),
            Command::Overdue(due) => self.overdue(due),
            Command::SetPriority(priority) => self.set_priority(priority),
            Command::Remind { at } => self.remind(at),
            Command::Resolve { root_cause, action_taken } => self.resolve(root_cause, action_taken),
            Command::NothingToDo { reason, mark_spam } => self.nothing_to_do(reason, mark_spam),
            Command::Close => self.close(),
            Command::Reopen => self.reopen(),
            Command::OpenAnew => self.open_anew(),
            Command::ResponseChanged { response_id } => self.response_changed(response_id),
            Command::Merge { into, owner } => self.merge(into, owner),
            Command::Link { other } => self.link(other),
            Command::EscalationStep => self.escalate(),
            Command::CountSteps { from } => {
                self.count_steps(from);
                Ok(())
            }
            Command::Reminded => self.reminded(),
            Command::RevokeLinks { generation } => self.revoke_links(generation),
            Command::ChangeServiceLevel(level) => self.change_level(level),
        }
    }

    fn finish(mut self, before: &Case) -> (Case, Vec<Effect>) {
        self.effects.extend(timer_effects(Some(before), &self.case, self.now));
        if !self.effects.is_empty() {
            self.case.version = self.case.version.saturating_add(1);
        }
        (self.case, self.effects)
    }

    pub(super) fn journal(&mut self, event: Event) {
        self.effects.push(Effect::Journal(event));
    }

    /// Nobody is told about what they did themselves.
    pub(super) fn tell(&mut self, whom: Whom, message: Message) {
        let except = self.by.person_id();
        if !matches!((&whom, except), (Whom::Person(person), Some(by)) if *person == by) {
            self.effects.push(Effect::Tell { whom, except, message });
        }
    }

    pub(super) fn tell_person(&mut self, person: Option<i64>, message: Message) {
        if let Some(person) = person {
            self.tell(Whom::Person(person), message);
        }
    }

    /// Tells the owner, or, when the case has none, whom its rule names.
    pub(super) fn tell_owner_or_rule(&mut self, message: Message) {
        self.tell(self.case.owner.map_or(Whom::Rule, Whom::Person), message);
    }

    pub(super) fn must_be_open(&self) -> Result<(), Refused> {
        if self.case.state.is_ended() { Err(self.not_now()) } else { Ok(()) }
    }

    pub(super) fn not_now(&self) -> Refused {
        Refused::NotNow { state: self.case.state }
    }

    pub(super) fn person(&self) -> Result<i64, Refused> {
        self.by.person_id().ok_or(Refused::NeedsPerson)
    }

    pub(super) fn is_by_system(&self) -> bool {
        self.by.who == Who::System
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.case.state == State::Waiting
    }
}

/// Timers follow the times of the case. One that was due already and still is fires, or has fired, without being set again.
pub(super) fn timer_effects(before: Option<&Case>, after: &Case, now: i64) -> impl Iterator<Item = Effect> {
    Timer::ALL.into_iter().filter_map(move |timer| {
        match (before.and_then(|case| case.timer_at(timer)), after.timer_at(timer)) {
            (was, is) if was == is => None,
            (_, None) => Some(Effect::ClearTimer(timer)),
            (Some(was), Some(is)) if was <= now && is <= now => None,
            (_, Some(is)) => Some(Effect::SetTimer(timer, is)),
        }
    })
}
