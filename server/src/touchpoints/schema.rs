//! What the documents may hold, as their readers take it.

use counterbell_shared::limits::{EMAIL_MAX_BYTES, REFERENCE_MAX_CHARS, SLUG_MAX_CHARS};
use counterbell_shared::openapi::{Members, one_of, words};
use counterbell_shared::schema_of_members;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::calendar::{ALWAYS, CLOSED_MAX, SPANS_MAX, WEEKDAYS};

/// What [`parse_document`](super::parse_document) reads.
#[derive(Debug)]
pub struct TouchpointDocument;

/// What [`Calendar::parse`](crate::calendar::Calendar::parse) reads.
#[derive(Debug)]
pub struct CalendarDocument;

/// Spans for the days of a week.
struct WeekHours;

/// Longest name of a zone of the IANA list, and some more.
const ZONE_MAX_CHARS: usize = 64;

schema_of_members!(
    TouchpointDocument,
    Members::closed("A touchpoint, as docs/STAFF.md explains it")
        .with(
            "label",
            words(REFERENCE_MAX_CHARS).min_length(Some(1)).description(Some("For people; the name when left out"))
        )
        .with(
            "owner",
            words(EMAIL_MAX_BYTES)
                .min_length(Some(1))
                .description(Some("An e-mail address of somebody of the site's staff"))
        )
        .with(
            "owner_id",
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(1))
                .description(Some("The same by their number, in place of `owner`"))
        )
        .with("team", words(SLUG_MAX_CHARS).min_length(Some(1)).description(Some("The name of a team of the site")))
        .with(
            "zone",
            words(ZONE_MAX_CHARS).min_length(Some(1)).description(Some("An IANA name; the site's when left out"))
        )
        .optional::<CalendarDocument>("calendar")
);

schema_of_members!(WeekHours, {
    let spans = || list(SPANS_MAX, r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$");
    WEEKDAYS
        .iter()
        .fold(Members::closed("Spans such as `09:00-17:00`, day by day"), |week, day| week.with(day, spans()))
});

fn list(max: usize, pattern: &str) -> ArrayBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    ArrayBuilder::new().items(text).max_items(Some(max))
}

fn hours() -> Members {
    Members::closed("Opening hours, and days or stretches of days that are closed")
        .needed::<WeekHours>("hours")
        .with("closed", list(CLOSED_MAX, r"^\d{4}-\d\d-\d\d(/\d{4}-\d\d-\d\d)?$"))
}

impl PartialSchema for CalendarDocument {
    fn schema() -> RefOr<Schema> {
        let calendar = OneOfBuilder::new().description(Some("A calendar, as docs/STAFF.md explains it"));
        calendar.item(one_of(&[ALWAYS])).item(hours().into_schema()).into()
    }
}

impl ToSchema for CalendarDocument {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend(hours().into_schemas());
    }
}
