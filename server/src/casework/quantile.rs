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
    use super::quantile;

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
