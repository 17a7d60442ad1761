//! Times as people give them; tables and durations as people read them.

use counterbell_shared::time::UnixMillis;

/// A point in time.
///
/// # Errors
/// What to write instead.
pub fn time(text: &str) -> Result<UnixMillis, &'static str> {
    text.parse().map_err(|_| "must be an RFC 3339 time such as 2026-11-21T14:05:00Z, or a date such as 2026-11-21")
}

/// Rows below a head, each column as wide as what is in it.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(head.get(column).map(|name| name.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    let head: Vec<_> = head.iter().map(ToString::to_string).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|row| line(row))).collect()
}

/// `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`.
pub fn duration_text(ms: i64) -> String {
    let seconds = ms / 1_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0 | 1, ..) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows = [vec!["1".to_owned(), "Käse".to_owned()], vec!["1000".to_owned(), "x".to_owned()]];
        assert_eq!(table(&["case", "where"], &rows), "case  where\n1     Käse\n1000  x\n");
    }

    #[test]
    fn durations_have_two_units_at_most() {
        for (seconds, text) in [(59, "59 s"), (60, "1 min"), (7_260, "2 h 1 min"), (172_800 + 7_200, "2 d 2 h")] {
            assert_eq!(duration_text(seconds * 1_000 + 999), text);
        }
    }
}
