//! Touchpoints that responses name, whether or not somebody registered them.

use std::collections::HashMap;

use counterbell_shared::Metric;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use super::connection::AnyConnection;

/// Rows of the rollup that are read for each metric, the newest days first: what is older is not looked at, so that a list
/// takes as long however many there are.
pub const ROWS_MAX: i64 = 50_000;

/// Touchpoints that responses of a site name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedTouchpoints {
    /// How often, by name.
    pub by_name: HashMap<String, Named>,
    /// The oldest day that was looked at (days since 1970-01-01, UTC), of which some responses may be left out; `None` when
    /// all there are were counted.
    pub oldest_day: Option<i32>,
}

/// How often responses name a touchpoint, and when. Days are counted from 1970-01-01, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The first day on which one did.
    pub first_day: i32,
    /// The last one.
    pub last_day: i32,
    /// How many did.
    pub responses: i64,
}

/// One touchpoint over all rows read of a metric.
#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = Text)]
    touchpoint: String,
    #[diesel(sql_type = Integer)]
    first_day: i32,
    #[diesel(sql_type = Integer)]
    last_day: i32,
    #[diesel(sql_type = BigInt)]
    responses: i64,
    #[diesel(sql_type = BigInt)]
    rows_read: i64,
}

/// Along the table's key, from its end, and no further than the limit.
const NEWEST: &str = "SELECT touchpoint, min(day) AS first_day, max(day) AS last_day, CAST(sum(n) AS BIGINT) AS responses, \
                      count(*) AS rows_read FROM (SELECT touchpoint, day, n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 \
                      + n10 AS n FROM score_days WHERE site_id = $1 AND metric = $2 \
                      ORDER BY day DESC, touchpoint DESC LIMIT $3) AS newest GROUP BY touchpoint";

impl NamedTouchpoints {
    /// Those of a site, by up to `rows_max` rows of the rollup for each metric.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64, rows_max: i64) -> QueryResult<Self> {
        let mut found = Self::default();
        for metric in Metric::ALL {
            let query = diesel::sql_query(NEWEST).bind::<BigInt, _>(site_id).bind::<Text, _>(metric.as_str());
            let sums: Vec<Sum> = query.bind::<BigInt, _>(rows_max).load(conn)?;
            if sums.iter().map(|sum| sum.rows_read).sum::<i64>() >= rows_max {
                let oldest_day = sums.iter().map(|sum| sum.first_day).min();
                found.oldest_day = found.oldest_day.max(oldest_day);
            }
            sums.into_iter().for_each(|sum| found.add(sum));
        }
        Ok(found)
    }

    fn add(&mut self, sum: Sum) {
        let Sum { touchpoint, first_day, last_day, responses, .. } = sum;
        let named = self.by_name.entry(touchpoint).or_insert(Named { first_day, last_day, responses: 0 });
        *named = Named {
            first_day: named.first_day.min(first_day),
            last_day: named.last_day.max(last_day),
            responses: named.responses + responses,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::migrations;
    use crate::db::score_days::ScoreDays;
    use crate::db::test_database::TestDatabase;

    #[test]
    fn newest_days_are_read_and_no_more_rows_than_wanted() {
        for database in TestDatabase::of_each_kind() {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();
            let mut days = ScoreDays::default();
            for day in 1..=10 {
                days.add((7, "csat", day, "till"), 5);
            }
            for _ in 0..3 {
                days.add((7, "nps", 4, "till"), 10);
            }
            days.add((7, "nps", 2, "Käse/12 a"), 0);
            days.add((8, "csat", 11, "other site"), 5);
            days.store(&mut conn).unwrap();
            let mut load = |rows_max| NamedTouchpoints::load(&mut conn, 7, rows_max).unwrap();
            let named = |first_day, last_day, responses| Named { first_day, last_day, responses };

            let all = load(11);
            assert_eq!(all.oldest_day, None);
            let till = ("till".to_owned(), named(1, 10, 13));
            assert_eq!(all.by_name, HashMap::from([till, ("Käse/12 a".to_owned(), named(2, 2, 1))]));

            let newest = load(3);
            assert_eq!(newest.oldest_day, Some(8));
            assert_eq!(newest.by_name["till"], named(4, 10, 6));
            assert_eq!(newest.by_name["Käse/12 a"], named(2, 2, 1));
        }
    }
}
