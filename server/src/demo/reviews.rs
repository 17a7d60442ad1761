//! The demo's past responses.

use counterbell_shared::time::{DAY_MS, UnixMillis};

/// 1,000 real reviews, without dates.
const REVIEWS: &[u8] = include_bytes!("../../demo/reviews.csv");
/// The reviews are spread over this many days up to now, so that the summary has days to show.
const DAYS: i64 = 90;

/// The reviews as CSV, with a column `Date`: the set has none, so they are spread evenly, in file order.
///
/// # Errors
/// When the embedded file is not CSV.
pub fn dated_reviews(now: UnixMillis) -> csv::Result<Vec<u8>> {
    let mut reader = csv::Reader::from_reader(REVIEWS);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = reader.byte_headers()?.clone();
    header.push_field(b"Date");
    writer.write_byte_record(&header)?;
    let rows = reader.into_byte_records().collect::<csv::Result<Vec<_>>>()?;
    let step = DAYS * DAY_MS / i64::try_from(rows.len().max(1)).unwrap_or(i64::MAX);
    for (at, mut row) in (0..).zip(rows) {
        let date = UnixMillis(now.0 - DAYS * DAY_MS + step * at);
        row.push_field(date.to_string().as_bytes());
        writer.write_byte_record(&row)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
