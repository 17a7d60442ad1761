//! Cases as they are listed.

use std::collections::HashMap;

use counterbell_shared::time::UnixMillis;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::connection::AnyConnection;
use super::responses::by_site;
use super::schema::{case_responses, cases};
use super::tables::CaseRow;

/// Which cases to list; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// In one of these states; in any when there is none.
    pub states: Vec<&'static str>,
    /// Whose they are.
    pub owner: Option<Owned>,
    /// Of this team.
    pub team: Option<String>,
    /// Of exactly this touchpoint.
    pub touchpoint: Option<String>,
    /// Of this priority.
    pub priority: Option<&'static str>,
    /// Resolved with this root cause.
    pub root_cause: Option<String>,
    /// Which due time has passed, by when (Unix ms).
    pub overdue: Option<(Due, i64)>,
    /// Opened at or after.
    pub from: Option<UnixMillis>,
    /// Opened before.
    pub to: Option<UnixMillis>,
    /// Whether something that the customer wrote lies unread.
    pub customer_answered: Option<bool>,
}

/// Whose a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owned {
    /// Nobody has it.
    ByNobody,
    /// Somebody has it.
    By(i64),
}

/// One of the two times by which something has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Somebody says "I have this".
    Acknowledge,
    /// The customer is answered, or the case resolved.
    Answer,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The one opened last first.
    #[default]
    Newest,
    /// The one first whose next due time comes first; those on which no clock runs last.
    Due,
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CasePosition {
    /// When the last case shown was opened, or falls due next (Unix ms).
    pub at: i64,
    /// Its number.
    pub number: i64,
    /// Its site.
    pub site_id: i64,
}

/// The next due time, and behind all others when no clock runs.
const NEXT_DUE: &str = "(CASE WHEN acknowledge_by IS NULL THEN coalesce(answer_by, 9223372036854775807) \
     WHEN answer_by IS NULL OR acknowledge_by < answer_by THEN acknowledge_by ELSE answer_by END)";

impl CasePosition {
    /// That of a case.
    pub fn of(row: &CaseRow, order: Order) -> Self {
        let at = match order {
            Order::Newest => row.opened_at,
            Order::Due => row.acknowledge_by.into_iter().chain(row.answer_by).min().unwrap_or(i64::MAX),
        };
        Self { at, number: row.number, site_id: row.site_id }
    }
}

/// The first `limit` cases of `site_ids` that come after `after`. Each site is asked by itself: no query spans sites.
///
/// # Errors
/// What the database says.
pub fn list(
    conn: &mut AnyConnection,
    site_ids: &[i64],
    filter: &CaseFilter,
    order: Order,
    after: Option<&CasePosition>,
    limit: i64,
) -> QueryResult<Vec<CaseRow>> {
    let mut rows = Vec::new();
    for site_id in site_ids {
        rows.extend(list_site(conn, *site_id, filter, order, after, limit)?);
    }
    if site_ids.len() > 1 {
        let place = |row: &CaseRow| {
            let CasePosition { at, number, site_id } = CasePosition::of(row, order);
            (at, number, site_id)
        };
        rows.sort_by(|one, other| match order {
            Order::Newest => place(other).cmp(&place(one)),
            Order::Due => place(one).cmp(&place(other)),
        });
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(rows)
}

fn list_site(
    conn: &mut AnyConnection,
    site_id: i64,
    filter: &CaseFilter,
    order: Order,
    after: Option<&CasePosition>,
    limit: i64,
) -> QueryResult<Vec<CaseRow>> {
    use cases::dsl;

    let mut query = filtered(site_id, filter);
    match order {
        Order::Newest => {
            if let Some(CasePosition { at, number, site_id: other }) = after.copied() {
                let earlier = dsl::opened_at.lt(at);
                // The redundant `le` lets the index start at the right place; the rest decides among equals.
                query = query.filter(dsl::opened_at.le(at));
                query = if site_id < other {
                    query.filter(earlier.or(dsl::number.le(number)))
                } else {
                    query.filter(earlier.or(dsl::number.lt(number)))
                };
            }
            query = query.order((dsl::opened_at.desc(), dsl::number.desc()));
        }
        Order::Due => {
            let next_due = || sql::<BigInt>(NEXT_DUE);
            if let Some(CasePosition { at, number, site_id: other }) = after.copied() {
                query = query.filter(next_due().ge(at));
                query = if site_id > other {
                    query.filter(next_due().gt(at).or(dsl::number.ge(number)))
                } else {
                    query.filter(next_due().gt(at).or(dsl::number.gt(number)))
                };
            }
            query = query.order((next_due(), dsl::number));
        }
    }
    query.limit(limit).select(CaseRow::as_select()).load(conn)
}

type Filtered<'a> = cases::BoxedQuery<'a, <AnyConnection as Connection>::Backend>;

fn filtered<'a>(site_id: i64, filter: &CaseFilter) -> Filtered<'a> {
    use cases::dsl;

    let mut query = cases::table.filter(dsl::site_id.eq(site_id)).into_boxed();
    if !filter.states.is_empty() {
        query = query.filter(dsl::state.eq_any(filter.states.clone()));
        if !filter.states.iter().any(|state| ["resolved", "closed"].contains(state)) {
            // So that the index of what is still to be done serves.
            query = query.filter(dsl::closed_at.is_null()).filter(dsl::resolved_at.is_null());
        }
    }
    query = match filter.owner {
        Some(Owned::ByNobody) => query.filter(dsl::owner_id.is_null()),
        Some(Owned::By(person_id)) => query.filter(dsl::owner_id.eq(person_id)),
        None => query,
    };
    if let Some(team) = &filter.team {
        query = query.filter(dsl::team.eq(team.clone()));
    }
    if let Some(touchpoint) = &filter.touchpoint {
        query = query.filter(dsl::touchpoint.eq(touchpoint.clone()));
    }
    if let Some(priority) = filter.priority {
        query = query.filter(dsl::priority.eq(priority));
    }
    if let Some(root_cause) = &filter.root_cause {
        query = query.filter(dsl::root_cause.eq(root_cause.clone()));
    }
    query = match filter.overdue {
        Some((Due::Acknowledge, now)) => query.filter(dsl::acknowledge_by.lt(now)),
        Some((Due::Answer, now)) => query.filter(dsl::answer_by.lt(now)),
        None => query,
    };
    if let Some(from) = filter.from {
        query = query.filter(dsl::opened_at.ge(from.0));
    }
    if let Some(to) = filter.to {
        query = query.filter(dsl::opened_at.lt(to.0));
    }
    match filter.customer_answered {
        Some(true) => query.filter(dsl::customer_answered_at.is_not_null()),
        Some(false) => query.filter(dsl::customer_answered_at.is_null()),
        None => query,
    }
}

/// The numbers of the cases that responses (site, id) belong to, for those that belong to one. A site at a time.
///
/// # Errors
/// What the database says.
pub fn numbers_of(conn: &mut AnyConnection, responses: &[(i64, Vec<u8>)]) -> QueryResult<HashMap<(i64, Vec<u8>), i64>> {
    let mut numbers = HashMap::new();
    for (site_id, ids) in by_site(responses) {
        let same_case = cases::site_id.eq(case_responses::site_id).and(cases::case_id.eq(case_responses::case_id));
        let found = case_responses::table
            .inner_join(cases::table.on(same_case))
            .filter(case_responses::site_id.eq(site_id))
            .filter(case_responses::response_id.eq_any(ids))
            .select((case_responses::response_id, cases::number));
        numbers.extend(found.load::<(Vec<u8>, i64)>(conn)?.into_iter().map(|(id, number)| ((site_id, id), number)));
    }
    Ok(numbers)
}

/// Up to `limit` cases of a site that a rule opened and that are not ended, in the order of their numbers, from behind `after` on.
///
/// # Errors
/// What the database says.
pub fn unfinished_of_rule(
    conn: &mut AnyConnection,
    site_id: i64,
    rule: &str,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<CaseRow>> {
    cases::table
        .filter(cases::site_id.eq(site_id))
        .filter(cases::number.gt(after))
        .filter(cases::rule.eq(rule))
        .filter(cases::closed_at.is_null())
        .filter(cases::resolved_at.is_null())
        .order(cases::number)
        .limit(limit)
        .select(CaseRow::as_select())
        .load(conn)
}
