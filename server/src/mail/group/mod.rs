//! The mail that tells staff of many alerts at once.

mod letter;

/// The name of the kind in the database.
pub const GROUP_MAIL: &str = "group_mail";

pub use letter::{GroupContent, GroupFacts, Newest};
