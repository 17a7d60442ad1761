//! Real reviews, as a shop's page would send them.

use counterbell_shared::response::Response;
use counterbell_shared::survey::DEFAULT_SURVEY;
use counterbell_shared::time::UnixMillis;

use super::super::CliError;
use crate::db::sites::Site;
use crate::demo::{REVIEWS_MAP, dated_reviews};
use crate::import::{ImportError, ImportOptions, RowParser};
use crate::surveys::TEMPLATES_ONLY;

/// Page all of them name.
pub const PAGE_URL: &str = "https://shop.example/checkout/thank-you";
/// Language all of them name.
pub const LOCALE: &str = "en";

/// The name of the order that row `at` is about.
pub fn order_ref(at: u64) -> String {
    format!("A-{}", 1_000_001 + at)
}

/// The demo's reviews; a few are longer than a comment may be, and left out.
///
/// # Errors
/// The embedded file cannot be read.
pub fn load(site: &Site) -> Result<Vec<Response>, CliError> {
    let reviews = dated_reviews(UnixMillis::now()).map_err(ImportError::from)?;
    let options = ImportOptions {
        mapping: REVIEWS_MAP.parse().map_err(CliError::Usage)?,
        survey: TEMPLATES_ONLY.version(DEFAULT_SURVEY).map_err(CliError::Usage)?,
        touchpoint: None,
        dry_run: false,
        alert: false,
        rejects: None,
    };
    let mut reader = csv::Reader::from_reader(reviews.as_slice());
    let header = reader.byte_headers().map_err(ImportError::from)?.clone();
    let mut parser = RowParser::new(site, &options, UnixMillis(0), &header)?;
    let mut responses = Vec::new();
    for row in reader.byte_records() {
        responses.extend(parser.parse(&row.map_err(ImportError::from)?).ok());
    }
    Ok(responses)
}
