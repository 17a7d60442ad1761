//! Windows of time in which somebody is told some alerts of a rule alone, and the rest together when the window ends.

use counterbell_shared::ResponseId;
use counterbell_shared::time::DAY_MS;
use diesel::prelude::*;

use super::connection::AnyConnection;
use super::responses::ResponseRow;
use super::schema::{alert_group_responses, alert_groups, responses};
use super::timers;

/// Tells the rest at the end of a window; the subject is the group.
pub const ALERT_GROUP: &str = "alert_group";
/// What a message about a group has as its kind of subject.
pub const SUBJECT_GROUP: &str = "group";
/// How long a group is kept after its window, in ms: longer than links to it count.
const KEPT_MS: i64 = 90 * DAY_MS;

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
}

/// Whose group a response waits in, or waited.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct InGroup {
    pub group_id: Vec<u8>,
    pub person_id: i64,
    pub closed_at: Option<i64>,
}

impl AlertGroup {
    /// The window of a person and a rule that is open at `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn open_at(
        conn: &mut AnyConnection,
        (site_id, person_id, rule): (i64, i64, &str),
        now: i64,
    ) -> QueryResult<Option<Self>> {
        alert_groups::table
            .filter(alert_groups::site_id.eq(site_id))
            .filter(alert_groups::person_id.eq(person_id))
            .filter(alert_groups::rule.eq(rule))
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

    /// Opens a window with one alert that is told alone, sets the timer that ends it, and deletes what the person and rule had
    /// long ago. The caller has locked the site.
    ///
    /// # Errors
    /// What the database says.
    pub fn open(
        conn: &mut AnyConnection,
        (site_id, person_id, rule): (i64, i64, &str),
        group_id: ResponseId,
        (now, ends_at): (i64, i64),
    ) -> QueryResult<()> {
        delete_old(conn, (site_id, person_id, rule), now - KEPT_MS)?;
        let group_id = group_id.as_bytes().as_slice();
        let row = (
            alert_groups::site_id.eq(site_id),
            alert_groups::group_id.eq(group_id),
            alert_groups::person_id.eq(person_id),
            alert_groups::rule.eq(rule),
            alert_groups::opened_at.eq(now),
            alert_groups::ends_at.eq(ends_at),
            alert_groups::told.eq(1),
        );
        diesel::insert_into(alert_groups::table).values(row).execute(conn)?;
        timers::set(conn, site_id, ALERT_GROUP, group_id, ends_at)
    }

    /// One more is told alone.
    ///
    /// # Errors
    /// What the database says.
    pub fn count_told(&self, conn: &mut AnyConnection) -> QueryResult<()> {
        let one = alert_groups::table.find((self.site_id, self.group_id.as_slice()));
        diesel::update(one).set(alert_groups::told.eq(alert_groups::told + 1)).execute(conn).map(|_| ())
    }

    /// Has a response wait for the end of the window.
    ///
    /// # Errors
    /// What the database says.
    pub fn add(&self, conn: &mut AnyConnection, response_id: &[u8], touchpoint: &str) -> QueryResult<()> {
        let is_first = self.count(conn)? == 0;
        let row = (
            alert_group_responses::site_id.eq(self.site_id),
            alert_group_responses::group_id.eq(&self.group_id),
            alert_group_responses::response_id.eq(response_id),
        );
        diesel::insert_into(alert_group_responses::table).values(row).execute(conn)?;
        let same = is_first || self.touchpoint.as_deref() == Some(touchpoint);
        let one = alert_groups::table.find((self.site_id, self.group_id.as_slice()));
        diesel::update(one).set(alert_groups::touchpoint.eq(same.then_some(touchpoint))).execute(conn).map(|_| ())
    }

    /// How many responses wait in it, or waited, and are still stored.
    ///
    /// # Errors
    /// What the database says.
    pub fn count(&self, conn: &mut AnyConnection) -> QueryResult<i64> {
        of_group(self.site_id, &self.group_id).count().get_result(conn)
    }

    /// Ids of these responses.
    ///
    /// # Errors
    /// What the database says.
    pub fn response_ids(&self, conn: &mut AnyConnection) -> QueryResult<Vec<Vec<u8>>> {
        let ids = of_group(self.site_id, &self.group_id).order(alert_group_responses::response_id);
        ids.select(alert_group_responses::response_id).load(conn)
    }

    /// Their touchpoints, and how many came from each, most first. Those held back as suspected spam by now are left out.
    ///
    /// # Errors
    /// What the database says.
    pub fn touchpoints(&self, conn: &mut AnyConnection) -> QueryResult<Vec<(String, i64)>> {
        let mut found: Vec<(String, i64)> = stored(self.site_id, &self.group_id)
            .group_by(responses::touchpoint)
            .select((responses::touchpoint, diesel::dsl::count_star()))
            .load(conn)?;
        found.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
        Ok(found)
    }

    /// The newest of them, the newest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn newest(&self, conn: &mut AnyConnection, limit: i64) -> QueryResult<Vec<ResponseRow>> {
        stored(self.site_id, &self.group_id)
            .order((responses::created_at.desc(), responses::response_id.desc()))
            .select(responses::all_columns)
            .limit(limit)
            .load(conn)
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
        );
        diesel::insert_into(alert_groups::table).values(row).execute(conn)?;
        for response_id in response_ids {
            let row = (
                alert_group_responses::site_id.eq(self.site_id),
                alert_group_responses::group_id.eq(group_id),
                alert_group_responses::response_id.eq(response_id),
            );
            diesel::insert_into(alert_group_responses::table).values(row).execute(conn)?;
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

#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn of_group<'a>(site_id: i64, group_id: &'a [u8]) -> _ {
    alert_group_responses::table
        .filter(alert_group_responses::site_id.eq(site_id))
        .filter(alert_group_responses::group_id.eq(group_id))
}

#[diesel::dsl::auto_type(no_type_alias)]
fn stored<'a>(site_id: i64, group_id: &'a [u8]) -> _ {
    let same = responses::site_id
        .eq(alert_group_responses::site_id)
        .and(responses::response_id.eq(alert_group_responses::response_id));
    alert_group_responses::table
        .inner_join(responses::table.on(same))
        .filter(alert_group_responses::site_id.eq(site_id))
        .filter(alert_group_responses::group_id.eq(group_id))
        .filter(responses::held.is_null())
}

/// Whose groups a response waits in, or waited.
///
/// # Errors
/// What the database says.
pub fn of_response(conn: &mut AnyConnection, site_id: i64, response_id: &[u8]) -> QueryResult<Vec<InGroup>> {
    let of_site = alert_groups::site_id
        .eq(alert_group_responses::site_id)
        .and(alert_groups::group_id.eq(alert_group_responses::group_id));
    alert_group_responses::table
        .inner_join(alert_groups::table.on(of_site))
        .filter(alert_group_responses::site_id.eq(site_id))
        .filter(alert_group_responses::response_id.eq(response_id))
        .order(alert_group_responses::group_id)
        .select((alert_group_responses::group_id, alert_groups::person_id, alert_groups::closed_at))
        .load(conn)
}

/// Takes a response out of a group: it is told alone, or not at all. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn take_out(conn: &mut AnyConnection, site_id: i64, group_id: &[u8], response_id: &[u8]) -> QueryResult<()> {
    diesel::delete(alert_group_responses::table.find((site_id, response_id, group_id))).execute(conn).map(|_| ())
}

fn delete_old(conn: &mut AnyConnection, (site_id, person_id, rule): (i64, i64, &str), before: i64) -> QueryResult<()> {
    let old: Vec<Vec<u8>> = alert_groups::table
        .filter(alert_groups::site_id.eq(site_id))
        .filter(alert_groups::person_id.eq(person_id))
        .filter(alert_groups::rule.eq(rule))
        .filter(alert_groups::ends_at.lt(before))
        .filter(alert_groups::closed_at.is_not_null())
        .select(alert_groups::group_id)
        .limit(10)
        .load(conn)?;
    for group_id in &old {
        diesel::delete(of_group(site_id, group_id)).execute(conn)?;
        diesel::delete(alert_groups::table.find((site_id, group_id.as_slice()))).execute(conn)?;
    }
    Ok(())
}
