//! The work of putting one unhappy response right: what a case is, and what each command makes of it.
//!
//! [`apply`] takes a case and a command and answers with the changed case and its [`Effect`]s, which the caller writes in one
//! transaction: entries of the journal, timers, messages. It is pure: no clock, no database, no words of a customer. Whoever
//! changes a case (API, case page, inbound mail, timers, command line) sends a command; nobody else writes one.
//!
//! Two clocks run, in opening hours: "acknowledge by" and "answer or resolve by". A due time that is there is a clock that
//! runs, and one that has stopped is `None`, so a case is overdue when a due time lies before now, which is stored nowhere.

mod apply;
mod by;
mod case;
mod clock;
mod clocks;
mod command;
mod effect;
mod end;
mod event;
mod open;
mod owner;
mod refused;
mod state;
mod steps;
#[cfg(test)]
mod tests;
mod timeline;

pub use apply::apply;
pub use by::{By, Means, Who};
pub use case::{Case, DueTime, ServiceLevel};
pub use clock::Clock;
pub use command::{Assignee, Command};
pub use effect::{Effect, Message, Timer, Whom};
pub use event::Event;
pub use open::{Opening, open};
pub use refused::Refused;
pub use state::{NothingToDo, Priority, State};

use counterbell_shared::ResponseId;

/// Identifies a row that a command is about (a note, a message, a response): a UUID like a response's.
pub type EntryId = ResponseId;
