//! Counts per touchpoint, day and score.

use std::ops::Range;

use counterbell_shared::metric::Metric;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use super::connection::AnyConnection;
use super::schema::{responses, score_days};
use super::score_days::{SCORES, day_of};

/// How often each score was given at one touchpoint on one day (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayScores {
    /// The touchpoint.
    pub touchpoint: String,
    /// Days since 1970-01-01.
    pub day: i64,
    /// By score.
    pub counts: [i64; SCORES],
}

/// Which responses to count.
#[derive(Clone, Debug)]
pub struct SummaryFilter {
    /// Scores of different metrics are never added up.
    pub metric: Metric,
    /// Exactly this touchpoint.
    pub touchpoint: Option<String>,
    /// Created at or after.
    pub from: Option<UnixMillis>,
    /// Created before.
    pub to: Option<UnixMillis>,
}

impl DayScores {
    /// Counts of every touchpoint and day of `site_ids`, perhaps a day in several parts; a site at a time, so no query
    /// spans sites.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_ids: &[i64], filter: &SummaryFilter) -> QueryResult<Vec<Self>> {
        let (days, rest) = whole_days(filter.from.map_or(0, |from| from.0), filter.to.map_or(i64::MAX, |to| to.0));
        let mut counts = Vec::new();
        for site_id in site_ids {
            counts.extend(load_days(conn, *site_id, filter, &days)?);
            for part in &rest {
                counts.extend(count_part_of_day(conn, *site_id, filter, part)?);
            }
        }
        Ok(counts)
    }
}

/// The whole days in a span of Unix milliseconds, for which the rollup answers, and the parts of days at its ends, whose
/// responses must be counted.
fn whole_days(from: i64, to: i64) -> (Range<i32>, Vec<Range<i64>>) {
    let first = from.div_euclid(DAY_MS) + i64::from(from.rem_euclid(DAY_MS) > 0);
    let end = to.div_euclid(DAY_MS);
    if to <= from {
        return (0..0, Vec::new());
    }
    if first > end {
        return (0..0, vec![from..to]);
    }
    let mut rest = vec![from..first * DAY_MS];
    if to < i64::MAX {
        rest.push(end * DAY_MS..to);
    }
    rest.retain(|part| !part.is_empty());
    (day_of(first.saturating_mul(DAY_MS))..day_of(to), rest)
}

type Counts = (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64);

fn load_days(
    conn: &mut AnyConnection,
    site_id: i64,
    filter: &SummaryFilter,
    days: &Range<i32>,
) -> QueryResult<Vec<DayScores>> {
    use score_days::dsl;

    let mut query = score_days::table
        .filter(dsl::site_id.eq(site_id))
        .filter(dsl::metric.eq(filter.metric.as_str()))
        .filter(dsl::day.ge(days.start))
        .filter(dsl::day.lt(days.end))
        .select((
            dsl::touchpoint,
            dsl::day,
            (dsl::n0, dsl::n1, dsl::n2, dsl::n3, dsl::n4, dsl::n5, dsl::n6, dsl::n7, dsl::n8, dsl::n9, dsl::n10),
        ))
        .into_boxed();
    if let Some(touchpoint) = &filter.touchpoint {
        query = query.filter(dsl::touchpoint.eq(touchpoint.clone()));
    }
    let rows: Vec<(String, i32, Counts)> = query.load(conn)?;
    let scores = |(touchpoint, day, counts): (String, i32, Counts)| DayScores {
        touchpoint,
        day: i64::from(day),
        counts: counts.into(),
    };
    Ok(rows.into_iter().map(scores).collect())
}

fn count_part_of_day(
    conn: &mut AnyConnection,
    site_id: i64,
    filter: &SummaryFilter,
    part: &Range<i64>,
) -> QueryResult<Vec<DayScores>> {
    use responses::dsl;

    let mut query = responses::table
        .filter(dsl::site_id.eq(site_id))
        .filter(dsl::metric.eq(filter.metric.as_str()))
        .filter(dsl::created_at.ge(part.start))
        .filter(dsl::created_at.lt(part.end))
        .filter(dsl::held.is_null())
        .select((sql::<Text>("touchpoint"), sql::<Integer>("score"), sql::<BigInt>("count(*)")))
        .group_by(sql::<Text>("1, 2"))
        .into_boxed();
    if let Some(touchpoint) = &filter.touchpoint {
        query = query.filter(dsl::touchpoint.eq(touchpoint.clone()));
    }
    let rows: Vec<(String, i32, i64)> = query.load(conn)?;
    let day = part.start.div_euclid(DAY_MS);
    let scores = |(touchpoint, score, count): (String, i32, i64)| {
        let mut counts = [0; SCORES];
        if let Some(place) = usize::try_from(score).ok().and_then(|score| counts.get_mut(score)) {
            *place = count;
        }
        DayScores { touchpoint, day, counts }
    };
    Ok(rows.into_iter().map(scores).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = DAY_MS / 2;

    #[test]
    fn whole_days_and_the_parts_at_both_ends_make_the_span() {
        for (from, to, days, rest) in [
            (0, i64::MAX, 0..i32::MAX, vec![]),
            (DAY_MS, 3 * DAY_MS, 1..3, vec![]),
            (NOON, 3 * DAY_MS + NOON, 1..3, vec![NOON..DAY_MS, 3 * DAY_MS..3 * DAY_MS + NOON]),
            (NOON, NOON + 1, 0..0, vec![NOON..NOON + 1]),
            (NOON, DAY_MS + NOON, 1..1, vec![NOON..DAY_MS, DAY_MS..DAY_MS + NOON]),
            (NOON, NOON, 0..0, vec![]),
            (DAY_MS, NOON, 0..0, vec![]),
        ] {
            assert_eq!(whole_days(from, to), (days, rest), "{from}..{to}");
        }
    }
}
