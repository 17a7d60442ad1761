//! What a kind of timer has to be able to do. A handler lives with its subject; `startup` registers it.

use std::sync::Arc;

use counterbell_shared::time::DAY_MS;
use diesel::QueryResult;

use crate::db::AnyConnection;
use crate::db::journal::SiteLock;
use crate::db::timers::Timer;

/// What becomes of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is done with.
    Done,
    /// It falls due again, at this time (Unix ms).
    At(i64),
}

impl Next {
    /// Longest pause of [`Next::soon_or_tomorrow`], in ms.
    pub const TOMORROW_MS: i64 = DAY_MS;

    /// Of what is done in parts every day: at once while there is more to do, else tomorrow.
    pub fn soon_or_tomorrow(more: bool, now: i64) -> Self {
        Self::At(if more { now } else { now + Self::TOMORROW_MS })
    }
}

/// Does what falls due.
pub trait Handler: Send + Sync {
    /// The name of the kind in the database.
    fn kind(&self) -> &'static str;

    /// How far ahead a timer of this kind is set at most, in ms: one further ahead was set before the clock was set back.
    fn longest_ms(&self) -> i64;

    /// What reads ahead of the transaction, where that would take long in it.
    fn reads(&self) -> Option<Arc<dyn ReadAhead>> {
        None
    }

    /// Does it, in a transaction in which the site is locked; `now` is in Unix ms. Run twice, it does nothing the second time.
    ///
    /// # Errors
    /// What the database says; then nothing was done, and it is tried again.
    fn fire(&self, conn: &mut AnyConnection, site: &mut SiteLock, timer: &Timer, now: i64) -> QueryResult<Next>;
}

/// Reads what a timer goes by, before its transaction begins.
pub trait ReadAhead: Send + Sync {
    /// What does it in place of the handler, by what is stored at `now` (Unix ms). Until it does, others may change that.
    ///
    /// # Errors
    /// What the database says; then nothing is done, and it is tried again.
    fn read(&self, conn: &mut AnyConnection, timer: &Timer, now: i64) -> QueryResult<Arc<dyn Handler>>;
}
