//! What figures about cases are made of.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::connection::AnyConnection;
use super::schema::cases;

/// A case, as figures need it. Times are Unix ms.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = cases)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct CaseTimes {
    pub opened_at: i64,
    pub number: i64,
    pub touchpoint: String,
    pub team: Option<String>,
    pub owner_id: Option<i64>,
    pub root_cause: Option<String>,
    pub first_acknowledged_at: Option<i64>,
    pub acknowledge_by: Option<i64>,
    pub acknowledge_late_ms: Option<i64>,
    pub first_answer_at: Option<i64>,
    pub answer_by: Option<i64>,
    pub answer_late_ms: Option<i64>,
    pub resolved_at: Option<i64>,
    pub first_resolved_at: Option<i64>,
    pub closed_at: Option<i64>,
    pub nothing_to_do: Option<String>,
    pub merged_into: Option<i64>,
}

impl CaseTimes {
    /// Up to `limit` cases of a site that were opened from `from` to before `to` (Unix ms) and come after `after`: when one
    /// was opened, and its number. In this order.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(
        conn: &mut AnyConnection,
        site_id: i64,
        (from, to): (i64, i64),
        after: Option<(i64, i64)>,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        use cases::dsl;

        let mut query = cases::table
            .filter(dsl::site_id.eq(site_id))
            .filter(dsl::opened_at.ge(after.map_or(from, |(at, _)| at)))
            .filter(dsl::opened_at.lt(to))
            .into_boxed();
        if let Some((at, number)) = after {
            query = query.filter(dsl::opened_at.gt(at).or(dsl::number.gt(number)));
        }
        query.order((dsl::opened_at, dsl::number)).limit(limit).select(Self::as_select()).load(conn)
    }
}

/// Cases of all sites that are not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnfinishedCases {
    /// How many.
    pub open: i64,
    /// Of those, how many nobody has acknowledged in time.
    pub acknowledge_overdue: i64,
    /// Of those, in how many the customer was not answered in time.
    pub answer_overdue: i64,
}

impl UnfinishedCases {
    /// As of `now` (Unix ms). Looks over all sites, in an index of what is unfinished.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, now: i64) -> QueryResult<Self> {
        let late = |column: &str| sql::<BigInt>(&format!("count(CASE WHEN {column} < {now} THEN 1 END)"));
        let unfinished = cases::table.filter(cases::closed_at.is_null()).filter(cases::resolved_at.is_null());
        let (open, acknowledge_overdue, answer_overdue) =
            unfinished.select((sql::<BigInt>("count(*)"), late("acknowledge_by"), late("answer_by"))).first(conn)?;
        Ok(Self { open, acknowledge_overdue, answer_overdue })
    }
}

/// How many cases a site has.
///
/// # Errors
/// What the database says.
pub fn count(conn: &mut AnyConnection, site_id: i64) -> QueryResult<i64> {
    cases::table.filter(cases::site_id.eq(site_id)).count().get_result(conn)
}
