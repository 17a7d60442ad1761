use counterbell_shared::time::UnixMillis;

use super::State;

/// Why a command changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Somebody else has it.
    #[error("person {owner} has had this case since {}", UnixMillis(*since))]
    TakenBy {
        /// The id of that person.
        owner: i64,
        /// Since when, in Unix ms.
        since: i64,
    },
    /// In this state it cannot be done.
    #[error("the case is {}: that cannot be done now", state.as_str())]
    NotNow {
        /// How far the case is.
        state: State,
    },
    /// It is resolved with a root cause.
    #[error("give the root cause")]
    NeedsRootCause,
    /// It is resolved with the action taken.
    #[error("give the action taken")]
    NeedsActionTaken,
    /// Only a member of staff can have a case.
    #[error("name the member of staff who does this")]
    NeedsPerson,
    /// It has changed since it was looked at.
    #[error("the case has changed: its version is {version}")]
    VersionMismatch {
        /// The present version.
        version: i64,
    },
    /// Another case goes on in its place.
    #[error("the case was merged into case {into}")]
    Merged {
        /// The number of that case.
        into: i64,
    },
    /// A case is neither merged into itself nor linked to itself.
    #[error("name another case")]
    Itself,
    /// A reminder lies ahead.
    #[error("name a time that is still to come")]
    Past,
}
