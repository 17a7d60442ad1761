//! The responses that wait in a group, or waited.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::{exists, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool};

use super::{AlertGroup, GroupKind};
use crate::db::connection::AnyConnection;
use crate::db::responses::ResponseRow;
use crate::db::schema::{alert_group_responses, alert_groups, responses};

/// The case of a response of a group, as part of a query.
const ITS_CASE: &str = "case_responses JOIN cases ON cases.site_id = case_responses.site_id \
     AND cases.case_id = case_responses.case_id \
     WHERE case_responses.site_id = alert_group_responses.site_id \
     AND case_responses.response_id = alert_group_responses.response_id";

/// Whose group a response waits in, or waited.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct InGroup {
    pub group_id: Vec<u8>,
    pub person_id: i64,
    pub kind: String,
    pub ends_at: i64,
    pub closed_at: Option<i64>,
}

impl GroupKind {
    /// Whether there is still something to be told this person of a response of their group, at `now` (Unix ms).
    fn is_wanted(self, person_id: i64, now: i64) -> SqlLiteral<Bool> {
        let its_case = |state: &str| format!("EXISTS (SELECT 1 FROM {ITS_CASE} AND {state})");
        sql(&match self {
            Self::Alert => {
                let is_over = format!("(cases.state IN ('resolved', 'closed') OR cases.owner_id = {person_id})");
                format!("NOT {}", its_case(&is_over))
            }
            Self::Escalated => its_case("cases.state = 'open'"),
            Self::Left => its_case("cases.owner_id IS NULL AND cases.state NOT IN ('resolved', 'closed')"),
            Self::Overdue => its_case(&format!("cases.state IN ('open', 'in_progress') AND cases.answer_by < {now}")),
        })
    }
}

impl AlertGroup {
    /// Has a response wait for the end of the window, unless it does.
    pub(super) fn add(&self, conn: &mut AnyConnection, response_id: &[u8], touchpoint: &str) -> QueryResult<()> {
        let is_first: bool =
            diesel::select(diesel::dsl::not(exists(of_group(self.site_id, &self.group_id)))).get_result(conn)?;
        insert(conn, self.site_id, &self.group_id, response_id)?;
        let same = is_first || self.touchpoint.as_deref() == Some(touchpoint);
        let one = alert_groups::table.find((self.site_id, self.group_id.as_slice()));
        diesel::update(one).set(alert_groups::touchpoint.eq(same.then_some(touchpoint))).execute(conn).map(|_| ())
    }

    /// Ids of the responses that wait in it, or waited, and are still stored.
    ///
    /// # Errors
    /// What the database says.
    pub fn response_ids(&self, conn: &mut AnyConnection) -> QueryResult<Vec<Vec<u8>>> {
        let ids = of_group(self.site_id, &self.group_id).order(alert_group_responses::response_id);
        ids.select(alert_group_responses::response_id).load(conn)
    }

    /// Ids of those of which there is something to be told at `now` (Unix ms): not what is held back as suspected spam by then,
    /// nor what somebody has seen to.
    ///
    /// # Errors
    /// What the database says.
    pub fn wanted_ids(&self, conn: &mut AnyConnection, now: i64) -> QueryResult<Vec<Vec<u8>>> {
        let ids = wanted(self.site_id, &self.group_id).order(alert_group_responses::response_id);
        ids.filter(self.kind().is_wanted(self.person_id, now)).select(alert_group_responses::response_id).load(conn)
    }

    /// The touchpoints of these, and how many responses, or else cases, are of each, most first.
    ///
    /// # Errors
    /// What the database says.
    pub fn touchpoints(&self, conn: &mut AnyConnection, now: i64) -> QueryResult<Vec<(String, i64)>> {
        let of_case = sql::<Binary>(&format!("(SELECT cases.case_id FROM {ITS_CASE})"));
        let all = wanted(self.site_id, &self.group_id).filter(self.kind().is_wanted(self.person_id, now));
        let all: Vec<(Vec<u8>, String)> = match self.kind() {
            GroupKind::Alert => all.select((alert_group_responses::response_id, responses::touchpoint)).load(conn)?,
            GroupKind::Escalated | GroupKind::Overdue | GroupKind::Left => {
                all.select((of_case, responses::touchpoint)).load(conn)?
            }
        };
        let (mut seen, mut counts) = (BTreeSet::new(), BTreeMap::<_, i64>::new());
        for (id, touchpoint) in all {
            if seen.insert(id) {
                *counts.entry(touchpoint).or_default() += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
        Ok(counts)
    }

    /// The newest of them, the newest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn newest(&self, conn: &mut AnyConnection, limit: i64, now: i64) -> QueryResult<Vec<ResponseRow>> {
        wanted(self.site_id, &self.group_id)
            .filter(self.kind().is_wanted(self.person_id, now))
            .order((responses::created_at.desc(), responses::response_id.desc()))
            .select(responses::all_columns)
            .limit(limit)
            .load(conn)
    }
}

/// Puts a response in a group, unless it is there.
pub(in crate::db) fn insert(
    conn: &mut AnyConnection,
    site_id: i64,
    group_id: &[u8],
    response_id: &[u8],
) -> QueryResult<()> {
    if diesel::select(exists(alert_group_responses::table.find((site_id, response_id, group_id)))).get_result(conn)? {
        return Ok(());
    }
    let row = (
        alert_group_responses::site_id.eq(site_id),
        alert_group_responses::group_id.eq(group_id),
        alert_group_responses::response_id.eq(response_id),
    );
    diesel::insert_into(alert_group_responses::table).values(row).execute(conn).map(|_| ())
}

#[diesel::dsl::auto_type(no_type_alias)]
pub(in crate::db) fn of_group<'a>(site_id: i64, group_id: &'a [u8]) -> _ {
    alert_group_responses::table
        .filter(alert_group_responses::site_id.eq(site_id))
        .filter(alert_group_responses::group_id.eq(group_id))
}

/// Those that are stored and not held back.
#[diesel::dsl::auto_type(no_type_alias)]
fn wanted<'a>(site_id: i64, group_id: &'a [u8]) -> _ {
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
    let columns = (
        alert_group_responses::group_id,
        alert_groups::person_id,
        alert_groups::kind,
        alert_groups::ends_at,
        alert_groups::closed_at,
    );
    alert_group_responses::table
        .inner_join(alert_groups::table.on(of_site))
        .filter(alert_group_responses::site_id.eq(site_id))
        .filter(alert_group_responses::response_id.eq(response_id))
        .order(alert_group_responses::group_id)
        .select(columns)
        .load(conn)
}

/// Takes a response out of a group: it is told alone, or not at all. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn take_out(conn: &mut AnyConnection, site_id: i64, group_id: &[u8], response_id: &[u8]) -> QueryResult<()> {
    diesel::delete(alert_group_responses::table.find((site_id, response_id, group_id))).execute(conn).map(|_| ())
}
