//! What rules tell of touchpoints: what the rollup says of them, and of which silence or fall somebody heard.

use std::collections::HashMap;

use counterbell_shared::Metric;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use super::connection::AnyConnection;
use super::schema::touchpoint_alerts::{self, dsl};
use super::tables::TouchpointAlertRow;

/// As a row of a silence has it in place of a metric.
pub const SILENCE: &str = "";

/// When responses came from a touchpoint. Days are counted from 1970-01-01, UTC.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
#[expect(missing_docs, reason = "as the query names them")]
pub struct Activity {
    #[diesel(sql_type = Text)]
    pub touchpoint: String,
    #[diesel(sql_type = Integer)]
    pub first_day: i32,
    #[diesel(sql_type = Integer)]
    pub last_day: i32,
    /// On which there was one.
    #[diesel(sql_type = BigInt)]
    pub days: i64,
}

/// Scores of a touchpoint on one metric, in two stretches of days.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
#[expect(missing_docs, reason = "as the query names them")]
pub struct TwoStretches {
    #[diesel(sql_type = Text)]
    pub touchpoint: String,
    #[diesel(sql_type = BigInt)]
    pub before_sum: i64,
    #[diesel(sql_type = BigInt)]
    pub before_count: i64,
    #[diesel(sql_type = BigInt)]
    pub now_sum: i64,
    #[diesel(sql_type = BigInt)]
    pub now_count: i64,
}

const COUNT: &str = "n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 + n10";
const SUM: &str = "n1 + 2 * n2 + 3 * n3 + 4 * n4 + 5 * n5 + 6 * n6 + 7 * n7 + 8 * n8 + 9 * n9 + 10 * n10";

fn metrics() -> String {
    format!("('{}')", Metric::ALL.map(Metric::as_str).join("', '"))
}

/// Every touchpoint of a site with a response from `from` to `to` (both included).
///
/// # Errors
/// What the database says.
pub fn active(conn: &mut AnyConnection, site_id: i64, from: i32, to: i32) -> QueryResult<Vec<Activity>> {
    let query = format!(
        "SELECT touchpoint, min(day) AS first_day, max(day) AS last_day, count(DISTINCT day) AS days FROM score_days \
         WHERE site_id = $1 AND metric IN {} AND day >= $2 AND day <= $3 AND {COUNT} > 0 GROUP BY touchpoint",
        metrics()
    );
    diesel::sql_query(query).bind::<BigInt, _>(site_id).bind::<Integer, _>(from).bind::<Integer, _>(to).load(conn)
}

/// Scores of every touchpoint of a site on a metric, of the `days` before `end` and as many before those.
///
/// # Errors
/// What the database says.
pub fn two_stretches(
    conn: &mut AnyConnection,
    (site_id, metric): (i64, Metric),
    end: i32,
    days: i32,
) -> QueryResult<Vec<TwoStretches>> {
    let sum = |what: &str, when: &str| format!("CAST(sum(CASE WHEN day {when} $1 THEN {what} ELSE 0 END) AS BIGINT)");
    let query = format!(
        "SELECT touchpoint, {} AS before_sum, {} AS before_count, {} AS now_sum, {} AS now_count FROM score_days \
         WHERE site_id = $2 AND metric = $3 AND day >= $4 AND day < $5 GROUP BY touchpoint",
        sum(SUM, "<"),
        sum(COUNT, "<"),
        sum(SUM, ">="),
        sum(COUNT, ">=")
    );
    diesel::sql_query(query)
        .bind::<Integer, _>(end - days)
        .bind::<BigInt, _>(site_id)
        .bind::<Text, _>(metric.as_str())
        .bind::<Integer, _>(end - 2 * days)
        .bind::<Integer, _>(end)
        .load(conn)
}

/// Those of a site, by rule, touchpoint and metric.
///
/// # Errors
/// What the database says.
pub fn of_site(conn: &mut AnyConnection, site_id: i64) -> QueryResult<HashMap<Key, TouchpointAlertRow>> {
    let rows: Vec<TouchpointAlertRow> = touchpoint_alerts::table.filter(dsl::site_id.eq(site_id)).load(conn)?;
    Ok(rows.into_iter().map(|row| (Key::of(&row), row)).collect())
}

/// What a rule says of a touchpoint: once each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Its name.
    pub rule: String,
    /// As responses name it.
    pub touchpoint: String,
    /// Whose scores fall, or [`SILENCE`].
    pub metric: &'static str,
}

impl Key {
    fn of(row: &TouchpointAlertRow) -> Self {
        let metric = Metric::ALL.map(Metric::as_str).into_iter().find(|metric| *metric == row.metric);
        Self { rule: row.rule.clone(), touchpoint: row.touchpoint.clone(), metric: metric.unwrap_or(SILENCE) }
    }

    /// A row of a site that nobody was told of, fired at `now` (Unix ms).
    pub fn fired(&self, site_id: i64, day: i32, now: i64) -> TouchpointAlertRow {
        let Self { rule, touchpoint, metric } = self.clone();
        TouchpointAlertRow { site_id, rule, touchpoint, metric: metric.to_owned(), day, fired_at: now, told_at: None }
    }

    /// Deletes its row. The caller has locked the site.
    ///
    /// # Errors
    /// What the database says.
    pub fn delete(&self, conn: &mut AnyConnection, site_id: i64) -> QueryResult<usize> {
        let row = touchpoint_alerts::table.find((site_id, &self.rule, &self.touchpoint, self.metric));
        diesel::delete(row).execute(conn)
    }
}

/// Has those of a site that nobody was told of be told at `now` (Unix ms). The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn tell(conn: &mut AnyConnection, site_id: i64, now: i64) -> QueryResult<usize> {
    let untold = touchpoint_alerts::table.filter(dsl::site_id.eq(site_id)).filter(dsl::told_at.is_null());
    diesel::update(untold).set(dsl::told_at.eq(now)).execute(conn)
}
