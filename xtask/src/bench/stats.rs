//! What many measurements say together.

use serde::Serialize;

/// The value that this share of the sorted values did not exceed (nearest rank); 0 of none.
pub fn percentile(sorted: &[u32], share: f64) -> u32 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// One figure, measured in several rounds. Printed as its median and how far the rounds lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rounds {
    /// The middle round; of an even number, halfway between the middle two.
    pub median: f64,
    /// The lowest round.
    pub min: f64,
    /// The highest round.
    pub max: f64,
}

impl Rounds {
    /// `None` without a value.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Some(Self { median, min, max })
    }

    /// From the lowest round to the highest, as a share of the median in per cent.
    pub fn spread_percent(&self) -> f64 {
        if self.median == 0.0 { 0.0 } else { 100.0 * (self.max - self.min) / self.median }
    }

    /// Median, and in parentheses lowest to highest, with this many decimals.
    pub fn range(&self, decimals: usize) -> String {
        format!("{:.decimals$} ({:.decimals$} to {:.decimals$})", self.median, self.min, self.max)
    }
}

/// A cell of a table: the figure with this many decimals, or a dash where there is none.
pub fn cell(rounds: Option<Rounds>, decimals: usize) -> String {
    rounds.map_or_else(|| "-".to_owned(), |rounds| format!("{:.decimals$}", rounds.median))
}

/// A cell of a table for the spread.
pub fn spread_cell(rounds: Option<Rounds>) -> String {
    rounds.map_or_else(|| "-".to_owned(), |rounds| format!("{:.0}%", rounds.spread_percent()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentile_is_the_nearest_rank() {
        let values: Vec<u32> = (1..=200).collect();
        assert_eq!((percentile(&values, 0.5), percentile(&values, 0.99)), (100, 198));
        assert_eq!(percentile(&[], 0.99), 0);
    }

    #[test]
    fn rounds_are_told_by_their_median_and_spread() {
        let odd = Rounds::of([90.0, 130.0, 100.0]).unwrap();
        assert_eq!((odd.median, odd.min, odd.max, odd.spread_percent()), (100.0, 90.0, 130.0, 40.0));
        assert_eq!(odd.range(1), "100.0 (90.0 to 130.0)");
        assert_eq!(Rounds::of([1.0, 2.0]).map(|rounds| rounds.median), Some(1.5));
        assert_eq!(Rounds::of([]), None);
    }
}
