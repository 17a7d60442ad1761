//! The rollup: how often each score was given at a touchpoint on a day.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;
use std::ops::RangeInclusive;

use counterbell_shared::Metric;
use counterbell_shared::time::DAY_MS;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::connection::AnyConnection;
use super::dialect;
use super::responses::NewResponseRow;
use super::schema::score_days;

/// Scores 0 to 10: the widest scale there is.
pub const SCORES: usize = 11;

/// Site, metric, day (UTC, days since 1970-01-01), touchpoint.
pub type Key<'a> = (i64, &'a str, i32, &'a str);

/// Counts to add, summed before they meet the database; ordered by the table's key.
#[derive(Debug, Default)]
pub struct ScoreDays<'a>(BTreeMap<Key<'a>, [i64; SCORES]>);

impl<'a> ScoreDays<'a> {
    /// Counts a response, unless it is held back.
    pub fn count(&mut self, row: &'a NewResponseRow) {
        if row.held.is_none() {
            self.add((row.site_id, row.metric, day_of(row.created_at), &row.touchpoint), row.score);
        }
    }

    /// Adds one response of this score.
    pub fn add(&mut self, key: Key<'a>, score: i32) {
        self.change(key, score, 1);
    }

    /// Takes one response of this score away again.
    pub fn take(&mut self, key: Key<'a>, score: i32) {
        self.change(key, score, -1);
    }

    fn change(&mut self, key: Key<'a>, score: i32, by: i64) {
        let counts = self.0.entry(key).or_insert([0; SCORES]);
        if let Some(count) = usize::try_from(score).ok().and_then(|score| counts.get_mut(score)) {
            *count += by;
        }
    }

    /// In the order of the key.
    pub fn iter(&self) -> Iter<'_, Key<'a>, [i64; SCORES]> {
        self.0.iter()
    }

    /// Writes the counts; call in the transaction that stores the responses.
    ///
    /// # Errors
    /// What the database says.
    pub fn store(&self, conn: &mut AnyConnection) -> QueryResult<()> {
        if self.0.is_empty() { Ok(()) } else { dialect::add_score_days(conn, self) }
    }
}

/// Deletes a row that counts nothing any more.
///
/// # Errors
/// What the database says.
pub fn delete_if_empty(conn: &mut AnyConnection, key: Key<'_>) -> QueryResult<usize> {
    use score_days::dsl;

    let low = dsl::n0 + dsl::n1 + dsl::n2 + dsl::n3 + dsl::n4 + dsl::n5;
    let all = low + dsl::n6 + dsl::n7 + dsl::n8 + dsl::n9 + dsl::n10;
    diesel::delete(score_days::table.find(key).filter(all.eq(0))).execute(conn)
}

/// The day (UTC) of Unix milliseconds; the first or last there can be of what is beyond.
pub fn day_of(unix_ms: i64) -> i32 {
    let day = unix_ms.div_euclid(DAY_MS);
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}

/// Scores of a metric.
#[derive(Clone, Debug)]
pub struct ScoreRange {
    /// The metric.
    pub metric: Metric,
    /// Both ends included.
    pub scores: RangeInclusive<u8>,
}

#[derive(QueryableByName)]
struct Day {
    #[diesel(sql_type = Integer)]
    day: i32,
}

/// The first and the last day (days since 1970-01-01) on which one of these scores was given, at one touchpoint or at
/// any; `None` when none ever was.
///
/// # Errors
/// What the database says.
pub fn days_of(
    conn: &mut AnyConnection,
    site_id: i64,
    ranges: &[ScoreRange],
    touchpoint: Option<&str>,
) -> QueryResult<Option<RangeInclusive<i32>>> {
    let mut all: Option<RangeInclusive<i32>> = None;
    for range in ranges {
        let Some(days) = days_of_metric(conn, site_id, range, touchpoint)? else { continue };
        all = Some(match all {
            Some(all) => *all.start().min(days.start())..=*all.end().max(days.end()),
            None => days,
        });
    }
    Ok(all)
}

fn days_of_metric(
    conn: &mut AnyConnection,
    site_id: i64,
    range: &ScoreRange,
    touchpoint: Option<&str>,
) -> QueryResult<Option<RangeInclusive<i32>>> {
    let counts: Vec<_> = range.scores.clone().map(|score| format!("n{score}")).collect();
    let mut day = |order: &str| -> QueryResult<Option<i32>> {
        let query = diesel::sql_query(format!(
            "SELECT day FROM score_days WHERE site_id = $1 AND metric = $2 AND ($3 IS NULL OR touchpoint = $3) \
             AND {} > 0 ORDER BY day {order} LIMIT 1",
            counts.join(" + ")
        ));
        let query = query.bind::<BigInt, _>(site_id).bind::<Text, _>(range.metric.as_str());
        let found: Option<Day> = query.bind::<Nullable<Text>, _>(touchpoint).get_result(conn).optional()?;
        Ok(found.map(|row| row.day))
    };
    let Some(first) = day("ASC")? else { return Ok(None) };
    Ok(day("DESC")?.map(|last| first..=last))
}

/// How many responses of a site there are of a day (days since 1970-01-01), over all metrics.
///
/// # Errors
/// What the database says.
pub fn count_day(conn: &mut AnyConnection, site_id: i64, day: i64) -> QueryResult<i64> {
    use score_days::dsl;

    let day = i32::try_from(day).unwrap_or(i32::MAX);
    let low = dsl::n0 + dsl::n1 + dsl::n2 + dsl::n3 + dsl::n4 + dsl::n5;
    let counts: Vec<i64> = score_days::table
        .filter(dsl::site_id.eq(site_id))
        .filter(dsl::metric.eq_any(Metric::ALL.map(Metric::as_str)))
        .filter(dsl::day.eq(day))
        .select(low + dsl::n6 + dsl::n7 + dsl::n8 + dsl::n9 + dsl::n10)
        .load(conn)?;
    Ok(counts.iter().sum())
}

/// What the responses of a site say its rollup must be; from `purged_before` (Unix ms) on, since what is older may have
/// been deleted.
const COUNTED: &str = concat!(
    // The column takes 4-byte numbers.
    "SELECT site_id, metric, CASE WHEN created_at / 86400000 > 2147483647 THEN 2147483647 \
     ELSE created_at / 86400000 END AS day, touchpoint, ",
    count_scores!(),
    " FROM responses WHERE site_id = $1 AND created_at >= $2 AND held IS NULL GROUP BY 1, 2, 3, 4"
);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many rows of a site's rollup differ from what its responses say.
///
/// # Errors
/// What the database says.
pub fn count_differences(conn: &mut AnyConnection, site_id: i64, purged_before: i64) -> QueryResult<i64> {
    let stored = "SELECT site_id, metric, CAST(day AS BIGINT) AS day, touchpoint, n0, n1, n2, n3, n4, n5, n6, n7, n8, \
                  n9, n10 FROM score_days WHERE site_id = $1 AND day >= $2 / 86400000";
    let sql = format!(
        "WITH counted AS ({COUNTED}), stored AS ({stored}) SELECT count(*) AS n FROM (\
         SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM stored) AS missing \
         UNION SELECT * FROM (SELECT * FROM stored EXCEPT SELECT * FROM counted) AS wrong) AS different"
    );
    let counted: Count =
        diesel::sql_query(sql).bind::<BigInt, _>(site_id).bind::<BigInt, _>(purged_before).get_result(conn)?;
    Ok(counted.n)
}

/// Makes a site's rollup anew from its responses. Call in a transaction while nothing else writes.
///
/// # Errors
/// What the database says.
pub fn rebuild(conn: &mut AnyConnection, site_id: i64, purged_before: i64) -> QueryResult<()> {
    use score_days::dsl;

    let from = day_of(purged_before);
    diesel::delete(score_days::table.filter(dsl::site_id.eq(site_id)).filter(dsl::day.ge(from))).execute(conn)?;
    diesel::sql_query(format!("INSERT INTO score_days {COUNTED}"))
        .bind::<BigInt, _>(site_id)
        .bind::<BigInt, _>(purged_before)
        .execute(conn)?;
    Ok(())
}
