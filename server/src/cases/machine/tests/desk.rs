//! A case on somebody's desk.

use super::office::{HOUR, MINUTE, at};
use crate::cases::{
    By, Case, Clock, Command, Effect, EntryId, Event, Means, Message, Opening, Priority, Refused, ServiceLevel, Timer,
    Whom, apply, open,
};

pub const ANN: i64 = 1;
pub const BEN: i64 = 2;
pub const CARLA: i64 = 3;

pub fn by(person_id: i64) -> By {
    By::person(person_id, Means::Console)
}

pub fn customer() -> By {
    By { who: crate::cases::Who::Customer, means: Means::Mail }
}

pub fn row(number: u8) -> EntryId {
    EntryId::from_bytes([number; 16])
}

pub fn level() -> ServiceLevel {
    ServiceLevel { acknowledge_ms: Some(HOUR), answer_ms: Some(4 * HOUR), steps_ms: vec![30 * MINUTE, 2 * HOUR] }
}

pub fn opening() -> Opening {
    Opening {
        number: 1234,
        response_id: row(0),
        owner: None,
        team: Some("counter".to_owned()),
        priority: Priority::Normal,
        level: level(),
        follows: None,
    }
}

pub fn resolve() -> Command {
    Command::Resolve { root_cause: "late".to_owned(), action_taken: "refunded".to_owned() }
}

/// A case, and the effects of the last command.
pub struct Desk<'a> {
    pub case: Case,
    pub effects: Vec<Effect>,
    pub clock: &'a dyn Clock,
}

impl<'a> Desk<'a> {
    /// With a case that was opened on Monday 10:00.
    pub fn new(clock: &'a dyn Clock) -> Self {
        Self::of(opening(), clock)
    }

    pub fn of(opening: Opening, clock: &'a dyn Clock) -> Self {
        let (case, effects) = open(opening, at(0, 10, 0), clock);
        Self { case, effects, clock }
    }

    pub fn does(&mut self, by: By, now: i64, command: Command) -> &mut Self {
        let (case, effects) = apply(&self.case, command, &by, now, self.clock).unwrap();
        assert_eq!(case.version, self.case.version + i64::from(!effects.is_empty()));
        assert_eq!(case == self.case, effects.is_empty());
        (self.case, self.effects) = (case, effects);
        self
    }

    pub fn refuses(&self, by: By, now: i64, command: Command) -> Refused {
        apply(&self.case, command, &by, now, self.clock).unwrap_err()
    }

    pub fn kinds(&self) -> Vec<&'static str> {
        self.events().iter().map(|event| event.kind()).collect()
    }

    pub fn events(&self) -> Vec<&Event> {
        let events = self.effects.iter().filter_map(|effect| match effect {
            Effect::Journal(event) => Some(event),
            _ => None,
        });
        events.collect()
    }

    pub fn told(&self) -> Vec<(Whom, Message)> {
        let told = |effect: &Effect| match effect {
            Effect::Tell { whom, message, .. } => Some((whom.clone(), *message)),
            _ => None,
        };
        self.effects.iter().filter_map(told).collect()
    }

    /// The timers that the last command set (to when), or took away.
    pub fn timers(&self) -> Vec<(Timer, Option<i64>)> {
        let timer = |effect: &Effect| match effect {
            Effect::SetTimer(timer, at) => Some((*timer, Some(*at))),
            Effect::ClearTimer(timer) => Some((*timer, None)),
            _ => None,
        };
        self.effects.iter().filter_map(timer).collect()
    }
}
