use super::apply::timer_effects;
use super::{Case, Clock, Effect, EntryId, Event, Priority, ServiceLevel, State};

/// What a case begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What people call it by; unique in its site.
    pub number: i64,
    /// The response that it is opened for.
    pub response_id: EntryId,
    /// The person to whom it is given, who has not acknowledged it.
    pub owner: Option<i64>,
    /// Whose it is while nobody has it.
    pub team: Option<String>,
    /// How much it matters.
    pub priority: Priority,
    /// How soon it is to be taken and answered.
    pub level: ServiceLevel,
    /// The number of an ended case of the same customer.
    pub follows: Option<i64>,
}

/// Opens a case at `now` (Unix ms), the moment its rule fired. Nobody is told: the alert does that.
pub fn open(opening: Opening, now: i64, clock: &dyn Clock) -> (Case, Vec<Effect>) {
    let Opening { number, response_id, owner, team, priority, level, follows } = opening;
    let due = |open_ms: i64| clock.due(now, open_ms);
    let case = Case {
        number,
        state: State::Open,
        owner,
        owned_since: owner.map(|_| now),
        team,
        declined_by: Vec::new(),
        priority,
        opened_at: now,
        acknowledged_at: None,
        acknowledged_by: None,
        acknowledge_by: level.acknowledge_ms.map(due),
        first_answer_at: None,
        answered_at: None,
        answer_by: level.answer_ms.map(due),
        answer_left_ms: None,
        waiting_since: None,
        customer_answered_at: None,
        resolved_at: None,
        first_resolved_at: None,
        closed_at: None,
        steps_from: now,
        steps_done: 0,
        next_step_at: level.steps_ms.first().copied().map(due),
        overdue: Vec::new(),
        remind_at: None,
        root_cause: None,
        action_taken: None,
        nothing_to_do: None,
        opens_again: false,
        response_count: 1,
        linked: follows.into_iter().collect(),
        merged_into: None,
        link_generation: 0,
        last_entry: Some(response_id),
        version: 1,
        level,
    };
    let mut effects = vec![Effect::Journal(Event::Opened { response_id, follows })];
    effects.extend(timer_effects(None, &case, now));
    (case, effects)
}
