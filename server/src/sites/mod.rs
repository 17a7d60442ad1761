//! What a site is: which pages may use its key, its rules, and what ingest knows of it without asking the database.

mod directory;
mod origins;
mod rules;

pub use directory::{Directory, KnownSite};
pub use origins::{allows, parse_origin};
pub use rules::{
    Put, RuleDocument, RuleView, ShownRule, catalog, create, find_rule, load_rules, put_rule, timed_rules,
    unreadable_rules,
};
