//! The work of putting unhappy responses right: what a case is (`machine`, pure), and how it is kept.
//!
//! Whoever changes a case locks its site and sends a command; what the case becomes, entries of the journal, timers and
//! messages are written in that transaction. Triage opens cases ([`open_or_join`]), people act on them ([`act`]), timers fire
//! ([`CaseTimer`]).

mod act;
mod check;
mod counting;
mod entry;
mod fire;
mod grouped;
mod heard;
mod history;
mod hours;
mod kept;
mod leaving;
mod level;
mod machine;
mod opening;
mod rule;
#[cfg(test)]
pub mod test_shop;
#[cfg(test)]
mod tests;
mod told;
mod words;
mod write;

pub use act::{Acted, Action, Asked, act};
pub use check::Denied;
pub use counting::{News, count_again, end_erased, end_if_spam, has_changed, has_joined, is_known, withdraw};
pub use entry::{KEY as NOTE_KEY, done_before};
pub use fire::CaseTimer;
pub use grouped::tell_by;
pub use history::{Actor, Entry, history};
pub use kept::{About, Ever, Kept};
pub use leaving::{Instead, give_back, instead_of, left_message, whom_to_tell};
pub use level::NewLevel;
pub use machine::*;
pub use opening::{CaseOfResponse, open_or_join};
pub use rule::level_of;
pub use told::CASE_MAIL;
pub use words::{NOTE_MAX_CHARS, read_words, without_controls};
