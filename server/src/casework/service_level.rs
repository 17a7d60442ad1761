//! The service level of a rule that was changed, for cases that are open.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use serde::Serialize;
use utoipa::ToSchema;

use crate::cases::{By, Kept, NewLevel};
use crate::db::case_lists::unfinished_of_rule;
use crate::db::journal::SiteLock;
use crate::db::{AnyConnection, rules};
use crate::rules::Rule;
use crate::touchpoints::Hours;

/// Cases that are read at a time.
const CHUNK: i64 = 500;

/// What the service level of a rule, as it is in force, makes of cases that are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LevelView {
    /// The version of the rule that is in force.
    pub version: i32,
    /// How many cases of the rule are open.
    pub open: i64,
    /// How many of those get other due times, or other times of escalation.
    pub changed: i64,
    /// How many of those are late by that and were not.
    pub become_late: i64,
}

/// What would be changed, and is not, at `now` (Unix ms). `None` when no rule of this name is in force.
///
/// # Errors
/// What the database says.
pub fn preview_level(conn: &mut AnyConnection, site_id: i64, rule: &str, now: i64) -> QueryResult<Option<LevelView>> {
    let Some(level) = level(conn, site_id, rule)? else { return Ok(None) };
    let mut view = LevelView { version: level.version, ..LevelView::default() };
    let (mut hours, mut after) = (HashMap::new(), 0);
    loop {
        let rows = unfinished_of_rule(conn, site_id, rule, after, CHUNK)?;
        let Some(last) = rows.last().map(|row| row.number) else { return Ok(Some(view)) };
        for row in rows {
            view.look(conn, &level, &Kept::read(row)?, &mut hours, now)?;
        }
        after = last;
    }
}

/// Gives the cases behind `after` the service level, in the order of their numbers, until `turn` is over; what became of them, and the
/// last number when there may be more. Call in a transaction that writes, and go on behind that number in another.
///
/// # Errors
/// What the database says.
pub fn give_level(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    (rule, after): (&str, i64),
    turn: Duration,
    (by, now): (&By, i64),
) -> QueryResult<Option<(LevelView, Option<i64>)>> {
    let (begun, site_id) = (Instant::now(), site.site_id());
    let Some(level) = level(conn, site_id, rule)? else { return Ok(None) };
    let mut view = LevelView { version: level.version, ..LevelView::default() };
    let mut hours = HashMap::new();
    for row in unfinished_of_rule(conn, site_id, rule, after, CHUNK)? {
        let (number, kept) = (row.number, Kept::read(row)?);
        if view.look(conn, &level, &kept, &mut hours, now)? {
            level.give(conn, site, kept, (by, now))?;
        }
        if view.open == CHUNK || begun.elapsed() >= turn {
            return Ok(Some((view, Some(number))));
        }
    }
    Ok(Some((view, None)))
}

impl LevelView {
    /// Counts a case; whether it changes.
    fn look(
        &mut self,
        conn: &mut AnyConnection,
        level: &NewLevel,
        kept: &Kept,
        hours: &mut HashMap<String, Hours>,
        now: i64,
    ) -> QueryResult<bool> {
        let hours = match hours.entry(kept.about.touchpoint.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Hours::of(conn, kept.site_id, &kept.about.touchpoint)?),
        };
        let becomes_late = level.would_be_late(kept, hours, now);
        self.open += 1;
        self.changed += i64::from(becomes_late.is_some());
        self.become_late += i64::from(becomes_late == Some(true));
        Ok(becomes_late.is_some())
    }

    /// Both together.
    pub fn and(self, more: Self) -> Self {
        Self {
            version: more.version,
            open: self.open + more.open,
            changed: self.changed + more.changed,
            become_late: self.become_late + more.become_late,
        }
    }
}

/// That of the rule in force. One that cannot be read changes nothing: `doctor` tells of it.
fn level(conn: &mut AnyConnection, site_id: i64, rule: &str) -> QueryResult<Option<NewLevel>> {
    let row = rules::find(conn, site_id, rule, None)?.filter(|row| row.retired_at.is_none());
    Ok(row.and_then(|row| Some(NewLevel::of(&Rule::parse(row.document.as_bytes()).ok()?, row.version))))
}
