//! What a kind of timer has to be able to do. A handler lives with its subject; `startup` registers it.

use counterbell_shared::time::DAY_MS;
use diesel::QueryResult;

use crate::db::AnyConnection;
use crate::db::journal::SiteLock;
use crate::db::timers::Timer;

/// What becomes of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is done with.
    #[cfg_attr(not(test), expect(dead_code, reason = "what falls due every day is never done with"))]
    Done,
    /// It falls due again, at this time (Unix ms).
    At(i64),
}

impl Next {
    /// Of what is done in parts every day: at once while there is more to do, else tomorrow.
    pub fn soon_or_tomorrow(more: bool, now: i64) -> Self {
        Self::At(if more { now } else { now + DAY_MS })
    }
}

/// Does what falls due.
pub trait Handler: Send + Sync {
    /// The name of the kind in the database.
    fn kind(&self) -> &'static str;

    /// Does it, in a transaction in which the site is locked; `now` is in Unix ms. Run twice, it does nothing the second time.
    ///
    /// # Errors
    /// What the database says; then nothing was done, and it is tried again.
    fn fire(&self, conn: &mut AnyConnection, site: &mut SiteLock, timer: &Timer, now: i64) -> QueryResult<Next>;
}
