//! Open cases get the service level that their rule has now.

use diesel::QueryResult;

use super::rule::level_of;
use super::write::Desk;
use super::{By, Clock, Command, DueTime, Kept, ServiceLevel, apply};
use crate::db::AnyConnection;
use crate::db::journal::SiteLock;
use crate::rules::Rule;

/// What a rule asks for, in a version.
#[derive(Clone, Debug)]
pub struct NewLevel {
    /// Of the rule.
    pub version: i32,
    level: ServiceLevel,
}

impl NewLevel {
    /// What this version of a rule asks for.
    pub fn of(rule: &Rule, version: i32) -> Self {
        Self { version, level: level_of(rule) }
    }

    /// Whether a case would be late that is not, at `now` (Unix ms), by these opening hours; `None` when nothing would change.
    pub fn would_be_late(&self, kept: &Kept, hours: &dyn Clock, now: i64) -> Option<bool> {
        let command = Command::ChangeServiceLevel(self.level.clone());
        // No case refuses it, but for one that was merged.
        let (after, effects) = apply(&kept.case, command, &By::SERVER, now, hours).ok()?;
        let is_late = |case: &super::Case| [DueTime::Acknowledge, DueTime::Answer].map(|due| case.is_overdue(due, now));
        let becomes_late = is_late(&kept.case).iter().zip(is_late(&after)).any(|(before, after)| after && !before);
        (!effects.is_empty()).then_some(becomes_late)
    }

    /// Gives it to a case, at `now` (Unix ms); whether anything changed. Who is told of later steps follows the new version, too.
    /// Call in a transaction that writes.
    ///
    /// # Errors
    /// What the database says.
    pub fn give(
        &self,
        conn: &mut AnyConnection,
        site: &mut SiteLock,
        mut kept: Kept,
        (by, now): (&By, i64),
    ) -> QueryResult<bool> {
        kept.rule.1 = self.version;
        let command = Command::ChangeServiceLevel(self.level.clone());
        Ok(Desk { conn, site, by, now }.send(&mut kept, command)?.unwrap_or(false))
    }
}
