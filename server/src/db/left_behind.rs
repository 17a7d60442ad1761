//! What somebody who left a site leaves behind: open cases, and the groups in which they are gathered, so that whoever is told of
//! them is told of all together. Such a group is open until it is told, and nothing is told alone in it.

use counterbell_shared::ResponseId;
use diesel::prelude::*;

use super::alert_groups::{AlertGroup, GroupKind, insert_response, of_group};
use super::connection::AnyConnection;
use super::schema::{alert_groups, cases};
use super::tables::CaseRow;

#[diesel::dsl::auto_type(no_type_alias)]
fn open_cases(site_id: i64, person_id: i64) -> _ {
    cases::table
        .filter(cases::site_id.eq(site_id))
        .filter(cases::closed_at.is_null())
        .filter(cases::resolved_at.is_null())
        .filter(cases::owner_id.eq(person_id))
}

/// How many cases that are not ended somebody has.
///
/// # Errors
/// What the database says.
pub fn count_open_cases(conn: &mut AnyConnection, site_id: i64, person_id: i64) -> QueryResult<i64> {
    open_cases(site_id, person_id).count().get_result(conn)
}

impl CaseRow {
    /// Up to `limit` cases that are not ended and that somebody has, the oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn open_of(conn: &mut AnyConnection, site_id: i64, person_id: i64, limit: i64) -> QueryResult<Vec<Self>> {
        open_cases(site_id, person_id).order(cases::number).select(Self::as_select()).limit(limit).load(conn)
    }
}

#[diesel::dsl::auto_type(no_type_alias)]
fn gathering(site_id: i64) -> _ {
    let left: &'static str = GroupKind::Left.into();
    alert_groups::table
        .filter(alert_groups::site_id.eq(site_id))
        .filter(alert_groups::kind.eq(left))
        .filter(alert_groups::closed_at.is_null())
}

impl AlertGroup {
    /// Those of a site, up to `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub fn gathered(conn: &mut AnyConnection, site_id: i64, limit: i64) -> QueryResult<Vec<Self>> {
        gathering(site_id).select(Self::as_select()).order(alert_groups::group_id).limit(limit).load(conn)
    }

    /// Those of one person.
    ///
    /// # Errors
    /// What the database says.
    pub fn gathered_for(conn: &mut AnyConnection, site_id: i64, person_id: i64) -> QueryResult<Vec<Self>> {
        gathering(site_id).filter(alert_groups::person_id.eq(person_id)).select(Self::as_select()).load(conn)
    }

    /// Puts a response, which stands for its case, with the others that somebody is to be told of by a rule; `new_id` is the
    /// group's if it is the first, made at `now` (Unix ms). The caller has locked the site.
    ///
    /// # Errors
    /// What the database says.
    pub fn gather(
        conn: &mut AnyConnection,
        (site_id, person_id, rule): (i64, i64, &str),
        response_id: &[u8],
        new_id: ResponseId,
        now: i64,
    ) -> QueryResult<()> {
        let theirs =
            gathering(site_id).filter(alert_groups::person_id.eq(person_id)).filter(alert_groups::rule.eq(rule));
        let known: Option<Vec<u8>> = theirs.select(alert_groups::group_id).first(conn).optional()?;
        let group_id = known.clone().unwrap_or_else(|| new_id.as_bytes().to_vec());
        if known.is_none() {
            let row = (
                alert_groups::site_id.eq(site_id),
                alert_groups::group_id.eq(&group_id),
                alert_groups::person_id.eq(person_id),
                alert_groups::rule.eq(rule),
                alert_groups::opened_at.eq(now),
                alert_groups::ends_at.eq(now),
                alert_groups::told.eq(0),
                alert_groups::kind.eq(<&str>::from(GroupKind::Left)),
            );
            diesel::insert_into(alert_groups::table).values(row).execute(conn)?;
        }
        insert_response(conn, site_id, &group_id, response_id)
    }

    /// Deletes it. The caller has locked the site.
    ///
    /// # Errors
    /// What the database says.
    pub fn delete(&self, conn: &mut AnyConnection) -> QueryResult<()> {
        diesel::delete(of_group(self.site_id, &self.group_id)).execute(conn)?;
        let one = alert_groups::table.find((self.site_id, self.group_id.as_slice()));
        diesel::delete(one).execute(conn).map(|_| ())
    }
}
