//! Alert rules: which responses somebody must hear of, who that is, and how they are told.
//!
//! A rule is a document, as a survey is. [`Rule::parse`] is its one reader:
//!
//! ```json
//! {
//!   "name": "refunds",
//!   "when": { "unhappy": true, "touchpoints": ["checkout"], "words": ["refund*", "money back"] },
//!   "who": [{ "round_robin": "counter" }, { "owner": true }],
//!   "fallback": [{ "person": "ann@shop.example" }],
//!   "soon": { "grouped": { "most": 5, "in": "15m" } },
//!   "quiet_hours": { "from": "20:00", "to": "07:00" },
//!   "acknowledge_within": "1h",
//!   "steps": [{ "after": "30m", "who": [{ "team": "counter" }] }, { "before_due": "10m", "who": [{ "manager": true }] }]
//! }
//! ```
//!
//! Nothing here reads a clock or a database: [`evaluate`] goes by [`Facts`], [`resolve`] by [`Staff`].

mod condition;
mod could_fire;
mod evaluate;
mod parse;
mod period;
mod phrase;
mod quiet_hours;
mod resolve;
mod rule;
mod set;
mod staff;
#[cfg(test)]
mod strategies;
mod timed;

pub use condition::{Chosen, Condition, ScoreRange, UnhappyAgain, When};
pub use could_fire::{CouldFire, ScoreSet, could_fire};
pub use evaluate::{Facts, evaluate};
pub use period::{InvalidPeriod, Period};
pub use phrase::{Phrase, Words};
pub use quiet_hours::{QuietHours, TimeOfDay};
pub use resolve::{Reason, names_anybody, resolve, team_in_turn};
pub use rule::{ALERTS_TEAM, Grouped, How, Rule, SILENT, Soon, Step, StepAt, UNHAPPY, Who};
pub use set::{RuleSet, StoredRule, VersionedRule};
pub use staff::{Person, Staff};
pub use timed::{Falling, NoResponse, Quiet, Scores};
