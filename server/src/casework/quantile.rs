//! Medians and percentiles.

/// The value below which the share `p` (0 to 1) of a sample lies, by linear interpolation between the two nearest values: number
/// 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996), which is what
/// `percentile_cont` of PostgreSQL, NumPy and R give. `None` without values. Sorts only as far as it must.
pub fn quantile(values: &mut [i64], p: f64) -> Option<i64> {
    let place = p * values.len().checked_sub(1)? as f64;
    let below = place.floor();
    let (_, low, above) = values.select_nth_unstable(below as usize);
    let low = *low as f64;
    let high = above.iter().min().map_or(low, |high| *high as f64);
    Some((low + (place - below) * (high - low)).round() as i64)
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use diesel::sql_types::Double;

    use super::quantile;
    use crate::db::test_database::TestDatabase;
    use crate::db::{DatabaseUrl, migrations};

    #[derive(QueryableByName)]
    struct Computed {
        #[diesel(sql_type = Double)]
        value: f64,
    }

    /// Where there is a PostgreSQL, it says the same of any values.
    #[test]
    fn figures_are_those_of_postgres() {
        for database in
            TestDatabase::of_each_kind().into_iter().filter(|one| matches!(one.url, DatabaseUrl::Postgres(_)))
        {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();
            for (count, p) in [(1, 0.5), (2, 0.9), (7, 0.9), (100, 0.5), (1_000, 0.9), (1_001, 0.37)] {
                // Far apart, in no order, and some of them twice.
                let mut values: Vec<i64> = (1..=count).map(|n| n * n * 7_919 % 1_000_003 / 2 * 2).collect();
                let listed = values.iter().map(|value| format!("({value}::float8)")).collect::<Vec<_>>().join(", ");
                let query = format!(
                    "SELECT percentile_cont({p}) WITHIN GROUP (ORDER BY column1) AS value FROM (VALUES {listed}) v"
                );
                let computed: Computed = diesel::sql_query(query).get_result(&mut conn).unwrap();
                assert_eq!(quantile(&mut values, p), Some(computed.value.round() as i64), "{p} of {count}");
            }
        }
    }

    /// 15, 20, 35, 40, 50 by hand: the median is the third; 0.9 * 4 = 3.6, so 40 + 0.6 * 10.
    #[test]
    fn figures_computed_by_hand() {
        for (mut values, median, p90) in [
            (vec![], None, None),
            (vec![7], Some(7), Some(7)),
            (vec![50, 15, 40, 20, 35], Some(35), Some(46)),
            (vec![4, 1, 3, 2], Some(3), Some(4)),
            (vec![10, 0], Some(5), Some(9)),
            ((1..=100).rev().collect(), Some(51), Some(90)),
        ] {
            assert_eq!((quantile(&mut values, 0.5), quantile(&mut values, 0.9)), (median, p90), "{values:?}");
        }
    }
}
