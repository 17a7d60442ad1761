//! The mail that tells staff of many alerts at once.

mod letter;

pub use letter::{GroupContent, GroupFacts, Newest};
