//! Counts per touchpoint, day and score.

use std::collections::BTreeMap;
use std::ops::Range;

use counterbell_shared::metric::Metric;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use diesel::connection::DefaultLoadingMode;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::connection::AnyConnection;
use super::responses;
use super::schema::score_days;
use super::score_days::{SCORES, day_of};

/// How often each score was given, by score.
pub type Counts = [i64; SCORES];

/// How often each score was given, per touchpoint and per day (days since 1970-01-01, UTC).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScoreCounts {
    /// By touchpoint.
    pub touchpoints: BTreeMap<String, Counts>,
    /// By day.
    pub days: BTreeMap<i64, Counts>,
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

impl ScoreCounts {
    /// Counts of `site_ids`; a site at a time, so no query spans sites.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_ids: &[i64], filter: &SummaryFilter) -> QueryResult<Self> {
        let (days, rest) = whole_days(filter.from.map_or(0, |from| from.0), filter.to.map_or(i64::MAX, |to| to.0));
        let mut sums = Self::default();
        for site_id in site_ids {
            sums.add_whole_days(conn, *site_id, filter, &days)?;
            for part in rest.iter().filter(|part| !part.is_empty()) {
                match Self::last_day(conn, *site_id, filter, part)? {
                    Some(day) => sums.add_all(&day),
                    None => sums.add_part_of_day(conn, *site_id, filter, part)?,
                }
            }
        }
        Ok(sums)
    }

    /// What the rollup says of the day of a part that begins at midnight, if there is no response from then on that is not
    /// in this part. Most ask for what there is until now, of a day on which as much may be stored as in a year.
    fn last_day(
        conn: &mut AnyConnection,
        site_id: i64,
        filter: &SummaryFilter,
        part: &Range<i64>,
    ) -> QueryResult<Option<Self>> {
        if part.start % DAY_MS > 0 {
            return Ok(None);
        }
        let day = day_of(part.start);
        let mut counts = Self::default();
        counts.add_whole_days(conn, site_id, filter, &(day..day.saturating_add(1)))?;
        // Asked afterwards: a response that is stored in between is seen here.
        let newest = responses::newest(conn, site_id)?;
        Ok((newest < Some(part.end)).then_some(counts))
    }

    fn add_all(&mut self, other: &Self) {
        for (touchpoint, counts) in &other.touchpoints {
            self.add_to_touchpoint(touchpoint, counts);
        }
        for (day, counts) in &other.days {
            self.add_to_day(*day, counts);
        }
    }

    fn add_whole_days(
        &mut self,
        conn: &mut AnyConnection,
        site_id: i64,
        filter: &SummaryFilter,
        days: &Range<i32>,
    ) -> QueryResult<()> {
        match conn {
            AnyConnection::Sqlite(sqlite) => self.add_days(sqlite, site_id, filter, days),
            AnyConnection::Postgres(pg) => self.add_sums(pg, site_id, filter, days),
        }
    }

    fn add(&mut self, touchpoint: &str, day: i64, counts: &Counts) {
        self.add_to_touchpoint(touchpoint, counts);
        self.add_to_day(day, counts);
    }

    fn add_to_touchpoint(&mut self, touchpoint: &str, counts: &Counts) {
        match self.touchpoints.get_mut(touchpoint) {
            Some(sums) => add(sums, counts),
            None => {
                self.touchpoints.insert(touchpoint.to_owned(), *counts);
            }
        }
    }

    fn add_to_day(&mut self, day: i64, counts: &Counts) {
        add(self.days.entry(day).or_default(), counts);
    }

    /// Row by row: SQLite sums no faster than we do.
    fn add_days(
        &mut self,
        conn: &mut SqliteConnection,
        site_id: i64,
        filter: &SummaryFilter,
        days: &Range<i32>,
    ) -> QueryResult<()> {
        use score_days::dsl;

        let mut query = score_days::table
            .filter(dsl::site_id.eq(site_id))
            .filter(dsl::metric.eq(filter.metric.as_str()))
            .filter(dsl::day.ge(days.start))
            .filter(dsl::day.lt(days.end))
            .into_boxed();
        if let Some(touchpoint) = &filter.touchpoint {
            query = query.filter(dsl::touchpoint.eq(touchpoint));
        }
        // Reading columns that must be zero would cost as much as the others.
        macro_rules! add_scores {
            ($($column:ident = $score:literal),*) => {{
                let rows = query.select((dsl::touchpoint, dsl::day, ($(dsl::$column,)*)));
                for row in rows.load_iter::<(String, i32, _), DefaultLoadingMode>(conn)? {
                    let (touchpoint, day, ($($column,)*)) = row?;
                    let mut counts = [0; SCORES];
                    $(counts[$score] = $column;)*
                    self.add(&touchpoint, i64::from(day), &counts);
                }
            }};
        }
        match filter.metric {
            Metric::Csat => add_scores!(n1 = 1, n2 = 2, n3 = 3, n4 = 4, n5 = 5),
            Metric::Ces => add_scores!(n1 = 1, n2 = 2, n3 = 3, n4 = 4, n5 = 5, n6 = 6, n7 = 7),
            Metric::Expectation => add_scores!(n1 = 1, n2 = 2, n3 = 3),
            Metric::Nps => {
                add_scores!(n0 = 0, n1 = 1, n2 = 2, n3 = 3, n4 = 4, n5 = 5, n6 = 6, n7 = 7, n8 = 8, n9 = 9, n10 = 10)
            }
        }
        Ok(())
    }

    /// Summed where the rows are: sending them costs more.
    fn add_sums(
        &mut self,
        conn: &mut PgConnection,
        site_id: i64,
        filter: &SummaryFilter,
        days: &Range<i32>,
    ) -> QueryResult<()> {
        let scores = filter.metric.scale().scores();
        // As 4-byte numbers: sums of 8-byte ones are kept as decimals, which is slow.
        let sums = (0..SCORES).map(|score| match u8::try_from(score) {
            Ok(used) if scores.contains(&used) => format!("sum(CAST(n{score} AS INTEGER)) AS n{score}"),
            _ => format!("CAST(0 AS BIGINT) AS n{score}"),
        });
        let sums: Vec<_> = sums.collect();
        let query = format!(
            "SELECT touchpoint, day, {} FROM score_days WHERE site_id = $1 AND metric = $2 AND day >= $3 AND day < $4 \
             AND (CAST($5 AS TEXT) IS NULL OR touchpoint = $5) GROUP BY GROUPING SETS ((touchpoint), (day))",
            sums.join(", ")
        );
        let rows: Vec<Sums> = diesel::sql_query(query)
            .bind::<BigInt, _>(site_id)
            .bind::<Text, _>(filter.metric.as_str())
            .bind::<Integer, _>(days.start)
            .bind::<Integer, _>(days.end)
            .bind::<Nullable<Text>, _>(filter.touchpoint.as_deref())
            .load(conn)?;
        for Sums { touchpoint, day, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10 } in rows {
            let counts = [n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10];
            match (touchpoint, day) {
                (Some(touchpoint), _) => self.add_to_touchpoint(&touchpoint, &counts),
                (None, Some(day)) => self.add_to_day(i64::from(day), &counts),
                (None, None) => {}
            }
        }
        Ok(())
    }

    fn add_part_of_day(
        &mut self,
        conn: &mut AnyConnection,
        site_id: i64,
        filter: &SummaryFilter,
        part: &Range<i64>,
    ) -> QueryResult<()> {
        use super::schema::responses::{dsl, table};

        let query = table
            .filter(dsl::site_id.eq(site_id))
            .filter(dsl::metric.eq(filter.metric.as_str()))
            .filter(dsl::created_at.ge(part.start))
            .filter(dsl::created_at.lt(part.end))
            .filter(dsl::held.is_null());
        let day = part.start.div_euclid(DAY_MS);
        match conn {
            // SQLite groups by sorting, which takes longer than to hand over each row.
            AnyConnection::Sqlite(sqlite) => {
                let mut query = query.select((dsl::touchpoint, dsl::score)).into_boxed();
                if let Some(touchpoint) = &filter.touchpoint {
                    query = query.filter(dsl::touchpoint.eq(touchpoint));
                }
                for row in query.load_iter::<(String, i32), DefaultLoadingMode>(sqlite)? {
                    let (touchpoint, score) = row?;
                    self.add_score(&touchpoint, day, score, 1);
                }
            }
            AnyConnection::Postgres(pg) => {
                let columns = (sql::<Text>("touchpoint"), sql::<Integer>("score"), sql::<BigInt>("count(*)"));
                let mut query = query.select(columns).group_by(sql::<Text>("1, 2")).into_boxed();
                if let Some(touchpoint) = &filter.touchpoint {
                    query = query.filter(dsl::touchpoint.eq(touchpoint));
                }
                for row in query.load_iter::<(String, i32, i64), DefaultLoadingMode>(pg)? {
                    let (touchpoint, score, count) = row?;
                    self.add_score(&touchpoint, day, score, count);
                }
            }
        }
        Ok(())
    }

    fn add_score(&mut self, touchpoint: &str, day: i64, score: i32, count: i64) {
        let mut counts = [0; SCORES];
        if let Some(place) = usize::try_from(score).ok().and_then(|score| counts.get_mut(score)) {
            *place = count;
        }
        self.add(touchpoint, day, &counts);
    }
}

fn add(sums: &mut Counts, counts: &Counts) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}

/// Of one touchpoint over all days, or of one day over all touchpoints.
#[derive(QueryableByName)]
#[diesel(table_name = score_days)]
struct Sums {
    #[diesel(sql_type = Nullable<Text>)]
    touchpoint: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    day: Option<i32>,
    n0: i64,
    n1: i64,
    n2: i64,
    n3: i64,
    n4: i64,
    n5: i64,
    n6: i64,
    n7: i64,
    n8: i64,
    n9: i64,
    n10: i64,
}

/// The whole days in a span of Unix milliseconds, for which the rollup answers, and the parts of days at its ends, whose
/// responses must be counted; any of them may be empty.
fn whole_days(from: i64, to: i64) -> (Range<i32>, [Range<i64>; 2]) {
    let to = to.max(from);
    let first = from.div_euclid(DAY_MS) + i64::from(from.rem_euclid(DAY_MS) > 0);
    let end = to.div_euclid(DAY_MS);
    if first > end {
        return (0..0, [from..to, to..to]);
    }
    let tail = if to == i64::MAX { to..to } else { end * DAY_MS..to };
    (day_of(first.saturating_mul(DAY_MS))..day_of(to), [from..first * DAY_MS, tail])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = DAY_MS / 2;

    #[test]
    fn whole_days_and_the_parts_at_both_ends_make_the_span() {
        for (from, to, days, rest) in [
            (0, i64::MAX, 0..i32::MAX, 0),
            (DAY_MS, 3 * DAY_MS, 1..3, 0),
            (NOON, 3 * DAY_MS + NOON, 1..3, DAY_MS),
            (NOON, NOON + 1, 0..0, 1),
            (NOON, DAY_MS + NOON, 1..1, DAY_MS),
            (NOON, NOON, 0..0, 0),
            (DAY_MS, NOON, 1..1, 0),
        ] {
            let (whole, parts) = whole_days(from, to);
            assert_eq!(whole, days, "{from}..{to}");
            assert_eq!(parts.iter().map(|part| part.end - part.start).sum::<i64>(), rest, "{from}..{to}");
            assert!(parts.iter().all(|part| part.is_empty() || (from <= part.start && part.end <= to)), "{parts:?}");
        }
    }
}
