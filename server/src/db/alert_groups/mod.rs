//! Windows of time in which somebody is told some alerts or escalations of a rule alone, and the rest together when the window
//! ends.

mod members;

use counterbell_shared::ResponseId;
use counterbell_shared::time::DAY_MS;
use diesel::prelude::*;
use strum::{EnumString, IntoStaticStr};

use super::connection::AnyConnection;
use super::schema::{alert_group_responses, alert_groups};
use super::timers;

pub use members::{InGroup, of_response, take_out};
pub(super) use members::{insert as insert_response, of_group};

/// Tells the rest at the end of a window; the subject is the group.
pub const ALERT_GROUP: &str = "alert_group";
/// What a message about a group has as its kind of subject.
pub const SUBJECT_GROUP: &str = "group";
/// The kind of messages about groups.
pub const GROUP_MAIL: &str = "group_mail";
/// How long a group is kept after its window, in ms: longer than links to it count.
const KEPT_MS: i64 = 90 * DAY_MS;

/// What a group tells of, by the responses that wait in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum GroupKind {
    /// The responses.
    Alert,
    /// Their cases, which nobody has taken.
    Escalated,
    /// Their cases, whose customers were not answered in time.
    Overdue,
    /// Their cases, whose owner left.
    Left,
}

/// Whose window it is.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct Whose<'a> {
    pub site_id: i64,
    pub person_id: i64,
    pub rule: &'a str,
    pub kind: GroupKind,
}

/// What a window is like.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// So many are told alone.
    pub most: u32,
    /// How long it is, in ms.
    pub length_ms: i64,
    /// When what is to be told now has to be told at the latest (Unix ms).
    pub tell_by: Option<i64>,
}

/// A window.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = alert_groups)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct AlertGroup {
    pub site_id: i64,
    pub group_id: Vec<u8>,
    pub person_id: i64,
    pub rule: String,
    pub touchpoint: Option<String>,
    pub opened_at: i64,
    pub ends_at: i64,
    pub told: i32,
    pub closed_at: Option<i64>,
    pub kind: String,
}

impl AlertGroup {
    /// Whether somebody who is to be told of a response, or its case, at `now` (Unix ms) hears of it at the end of their window.
    /// Else they are told alone, which is counted; the first opens a window, of the id `new_id`. The caller has locked the site.
    ///
    /// # Errors
    /// What the database says.
    pub fn waits(
        conn: &mut AnyConnection,
        whose: Whose<'_>,
        window: Window,
        (response_id, touchpoint): (&[u8], &str),
        new_id: ResponseId,
        now: i64,
    ) -> QueryResult<bool> {
        let Some(open) = Self::open_at(conn, whose, now)? else {
            Self::open(conn, whose, new_id, (now, now + window.length_ms))?;
            return Ok(false);
        };
        // The rule may have a shorter window than when it was opened.
        let ends_at = window.tell_by.into_iter().fold(open.ends_at.min(open.opened_at + window.length_ms), i64::min);
        if i64::from(open.told) < i64::from(window.most) || ends_at <= now {
            open.count_told(conn)?;
            return Ok(false);
        }
        open.end_by(conn, ends_at)?;
        open.add(conn, response_id, touchpoint)?;
        Ok(true)
    }

    fn open_at(conn: &mut AnyConnection, whose: Whose<'_>, now: i64) -> QueryResult<Option<Self>> {
        let Whose { site_id, person_id, rule, kind } = whose;
        alert_groups::table
            .filter(alert_groups::site_id.eq(site_id))
            .filter(alert_groups::person_id.eq(person_id))
            .filter(alert_groups::rule.eq(rule))
            .filter(alert_groups::kind.eq(<&str>::from(kind)))
            .filter(alert_groups::ends_at.gt(now))
            // One further ahead was opened before the clock was set back.
            .filter(alert_groups::opened_at.le(now))
            .filter(alert_groups::closed_at.is_null())
            .order(alert_groups::ends_at.desc())
            .select(Self::as_select())
            .first(conn)
            .optional()
    }

    /// The group of this id.
    ///
    /// # Errors
    /// What the database says.
    pub fn find(conn: &mut AnyConnection, site_id: i64, group_id: &[u8]) -> QueryResult<Option<Self>> {
        alert_groups::table.find((site_id, group_id)).select(Self::as_select()).first(conn).optional()
    }

    /// What it tells of.
    pub fn kind(&self) -> GroupKind {
        self.kind.parse().unwrap_or(GroupKind::Alert)
    }

    /// Opens a window with one that is told alone, sets the timer that ends it, and deletes what the person and rule had long
    /// ago.
    fn open(
        conn: &mut AnyConnection,
        whose: Whose<'_>,
        group_id: ResponseId,
        (now, ends_at): (i64, i64),
    ) -> QueryResult<()> {
        delete_old(conn, whose, now - KEPT_MS)?;
        let group_id = group_id.as_bytes().as_slice();
        let row = (
            alert_groups::site_id.eq(whose.site_id),
            alert_groups::group_id.eq(group_id),
            alert_groups::person_id.eq(whose.person_id),
            alert_groups::rule.eq(whose.rule),
            alert_groups::opened_at.eq(now),
            alert_groups::ends_at.eq(ends_at),
            alert_groups::told.eq(1),
            alert_groups::kind.eq(<&str>::from(whose.kind)),
        );
        diesel::insert_into(alert_groups::table).values(row).execute(conn)?;
        timers::set(conn, whose.site_id, ALERT_GROUP, group_id, ends_at)
    }

    /// One more is told alone.
    fn count_told(&self, conn: &mut AnyConnection) -> QueryResult<()> {
        let one = alert_groups::table.find((self.site_id, self.group_id.as_slice()));
        diesel::update(one).set(alert_groups::told.eq(alert_groups::told + 1)).execute(conn).map(|_| ())
    }

    /// The window ends at `ends_at` (Unix ms), if it would not end before.
    fn end_by(&self, conn: &mut AnyConnection, ends_at: i64) -> QueryResult<()> {
        if ends_at >= self.ends_at {
            return Ok(());
        }
        let one = alert_groups::table.find((self.site_id, self.group_id.as_slice()));
        diesel::update(one).set(alert_groups::ends_at.eq(ends_at)).execute(conn)?;
        timers::set(conn, self.site_id, ALERT_GROUP, &self.group_id, ends_at)
    }

    /// Makes a group of somebody else's of some of its responses, which is told at `now` (Unix ms). The caller has locked the
    /// site.
    ///
    /// # Errors
    /// What the database says.
    pub fn hand_over(
        &self,
        conn: &mut AnyConnection,
        response_ids: &[Vec<u8>],
        (group_id, person_id): (ResponseId, i64),
        now: i64,
    ) -> QueryResult<()> {
        let group_id = group_id.as_bytes().as_slice();
        let row = (
            alert_groups::site_id.eq(self.site_id),
            alert_groups::group_id.eq(group_id),
            alert_groups::person_id.eq(person_id),
            alert_groups::rule.eq(&self.rule),
            alert_groups::touchpoint.eq(&self.touchpoint),
            alert_groups::opened_at.eq(self.opened_at),
            alert_groups::ends_at.eq(self.ends_at),
            alert_groups::told.eq(0),
            alert_groups::closed_at.eq(now),
            alert_groups::kind.eq(&self.kind),
        );
        diesel::insert_into(alert_groups::table).values(row).execute(conn)?;
        for response_id in response_ids {
            members::insert(conn, self.site_id, group_id, response_id)?;
        }
        Ok(())
    }

    /// Ends the window; whether it was open. The caller has locked the site.
    ///
    /// # Errors
    /// What the database says.
    pub fn close(&self, conn: &mut AnyConnection, now: i64) -> QueryResult<bool> {
        let open = alert_groups::table
            .find((self.site_id, self.group_id.as_slice()))
            .filter(alert_groups::closed_at.is_null());
        Ok(diesel::update(open).set(alert_groups::closed_at.eq(now)).execute(conn)? > 0)
    }
}

/// Has the open windows of a rule end no later than windows of this length (ms) would. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn shorten(conn: &mut AnyConnection, site_id: i64, rule: &str, length_ms: i64) -> QueryResult<()> {
    let open: Vec<AlertGroup> = alert_groups::table
        .filter(alert_groups::site_id.eq(site_id))
        .filter(alert_groups::rule.eq(rule))
        .filter(alert_groups::closed_at.is_null())
        .select(AlertGroup::as_select())
        .load(conn)?;
    open.iter().try_for_each(|group| group.end_by(conn, group.opened_at + length_ms))
}

fn delete_old(conn: &mut AnyConnection, whose: Whose<'_>, before: i64) -> QueryResult<()> {
    let old: Vec<Vec<u8>> = alert_groups::table
        .filter(alert_groups::site_id.eq(whose.site_id))
        .filter(alert_groups::person_id.eq(whose.person_id))
        .filter(alert_groups::rule.eq(whose.rule))
        .filter(alert_groups::ends_at.lt(before))
        .filter(alert_groups::closed_at.is_not_null())
        .select(alert_groups::group_id)
        .limit(10)
        .load(conn)?;
    for group_id in &old {
        let members = alert_group_responses::table.filter(alert_group_responses::site_id.eq(whose.site_id));
        diesel::delete(members.filter(alert_group_responses::group_id.eq(group_id))).execute(conn)?;
        diesel::delete(alert_groups::table.find((whose.site_id, group_id.as_slice()))).execute(conn)?;
    }
    Ok(())
}
