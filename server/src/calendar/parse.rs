//! From a document to a calendar: `"always"`, or hours for the days of a week and days that are closed.
//!
//! ```json
//! {
//!   "hours": { "mon": ["09:00-17:00"], "tue": ["08:00-12:00", "13:30-18:00"], "fri": ["21:00-02:00"] },
//!   "closed": ["2026-12-25", "2027-07-01/2027-07-14"]
//! }
//! ```

use counterbell_shared::document::{Faults, Object};
use counterbell_shared::problem::{FieldError, pointer_to};
use jiff::civil::Date;
use serde_json::Value;

use super::hours::OpeningHours;
use super::span::{InvalidSpan, Span};
use super::{CLOSED_MAX, Calendar};
use crate::document;

/// Largest document of a calendar, in bytes.
pub const CALENDAR_MAX_BYTES: usize = 16 * 1024;
/// Most spans of one day.
pub const SPANS_MAX: usize = 12;

/// The document of the clock that never stops.
pub const ALWAYS: &str = "always";
/// Days of a week as documents name them.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Calendar {
    /// Reads a document.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer; at most 50. Also that it has no open hour, or none for more than
    /// [`CLOSED_MAX_DAYS`](super::CLOSED_MAX_DAYS) on end.
    pub fn parse(document: &[u8]) -> Result<Self, Vec<FieldError>> {
        document::parse(document, CALENDAR_MAX_BYTES, |document| {
            let mut faults = Faults::default();
            let calendar = read(&mut faults, document);
            faults.end(calendar)
        })
    }
}

fn read(faults: &mut Faults, document: &Value) -> Option<Calendar> {
    if !document.is_object() {
        let always = (document.as_str() == Some(ALWAYS)).then_some(Calendar::Always);
        return always.or_else(|| faults.wrong("", format!("must be \"{ALWAYS}\" or an object with hours")));
    }
    let object = faults.object(document, "", &["hours", "closed"])?;
    let hours = faults.required(object, "hours").and_then(|week| read_hours(faults, week, &object.pointer("hours")));
    let closed = read_closed(faults, object);
    let mut calendar = Calendar::Hours(hours?);
    for (pointer, [first, last]) in closed {
        if let Err(refused) = calendar.add_closed(first, last) {
            faults.tell(pointer, refused);
        }
    }
    Some(calendar)
}

fn read_hours(faults: &mut Faults, week: &Value, at: &str) -> Option<OpeningHours> {
    let object = faults.object(week, at, &WEEKDAYS)?;
    let before = faults.count();
    let hours = OpeningHours::new(WEEKDAYS.map(|day| read_day(faults, object, day)));
    if hours.is_none() && faults.count() == before {
        faults.tell(at, "must have a span on one day at least, such as {\"mon\": [\"09:00-17:00\"]}");
    }
    hours
}

fn read_day(faults: &mut Faults, week: Object<'_>, day: &str) -> Vec<Span> {
    let (Some(value), pointer) = (week.members.get(day), week.pointer(day)) else { return Vec::new() };
    let spans = list(faults, value, &pointer, SPANS_MAX).into_iter().filter_map(|(pointer, text)| {
        let span = text.parse();
        span.map_err(|invalid: InvalidSpan| faults.tell(pointer, invalid)).ok()
    });
    spans.collect()
}

/// Closed stretches of days, each with its pointer.
fn read_closed(faults: &mut Faults, calendar: Object<'_>) -> Vec<(String, [Date; 2])> {
    let (Some(value), pointer) = (calendar.members.get("closed"), calendar.pointer("closed")) else {
        return Vec::new();
    };
    let entries = list(faults, value, &pointer, CLOSED_MAX);
    let read = |(pointer, text): (String, &str)| {
        let (first, last) = text.split_once('/').unwrap_or((text, text));
        match (day(first), day(last)) {
            (Some(first), Some(last)) => Some((pointer, [first, last])),
            _ => faults.wrong(pointer, "must be a day such as \"2026-12-25\", or two: \"2026-12-24/2027-01-01\""),
        }
    };
    entries.into_iter().filter_map(read).collect()
}

/// A day as documents write it; jiff reads many other forms.
fn day(text: &str) -> Option<Date> {
    text.parse().ok().filter(|day: &Date| day.to_string() == text)
}

/// The texts of a list of at most `max`, each with its pointer.
fn list<'a>(faults: &mut Faults, value: &'a Value, at: &str, max: usize) -> Vec<(String, &'a str)> {
    let Some(list) = value.as_array() else {
        faults.tell(at, "must be a list of texts");
        return Vec::new();
    };
    if list.len() > max {
        faults.tell(at, format!("must have at most {max} entries"));
        return Vec::new();
    }
    let texts = list.iter().enumerate().filter_map(|(place, value)| {
        let pointer = pointer_to(at, &place.to_string());
        match value.as_str() {
            Some(text) => Some((pointer, text)),
            None => faults.wrong(pointer, "must be a text"),
        }
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::calendar::CLOSED_MAX_DAYS;

    fn faults(document: &str) -> Vec<(String, String)> {
        let errors = Calendar::parse(document.as_bytes()).expect_err(document);
        errors.into_iter().map(|error| (error.pointer, error.detail)).collect()
    }

    fn pointers(document: &Value) -> Vec<String> {
        faults(&document.to_string()).into_iter().map(|(pointer, _)| pointer).collect()
    }

    fn written(document: &Value) -> String {
        let calendar = Calendar::parse(document.to_string().as_bytes()).unwrap();
        let written = serde_json::to_string(&calendar).unwrap();
        assert_eq!(Calendar::parse(written.as_bytes()), Ok(calendar));
        written
    }

    #[test]
    fn document_above_is_a_calendar() {
        let example = include_str!("parse.rs").lines().skip_while(|line| *line != "//! ```json").skip(1);
        let example: String =
            example.map_while(|line| line.strip_prefix("//! ")).take_while(|line| *line != "```").collect();
        let spaces_apart = example.split_whitespace().collect::<String>();
        assert_eq!(written(&serde_json::from_str(&example).unwrap()), spaces_apart);
    }

    #[test]
    fn calendar_is_written_as_it_is_read() {
        assert_eq!(written(&json!("always")), "\"always\"");
        let document = json!({
            "hours": { "sun": ["22:00-00:00", "00:00-03:00"], "mon": ["13:00-17:00", "09:00-14:00"], "tue": [] },
            "closed": ["2027-01-02/2027-01-05", "2026-12-25", "2027-01-01", "2026-12-25", "9999-12-31"],
        });
        assert_eq!(
            written(&document),
            r#"{"hours":{"mon":["09:00-14:00","13:00-17:00"],"sun":["00:00-03:00","22:00-24:00"]},"#.to_owned()
                + r#""closed":["2026-12-25","2027-01-01/2027-01-05","9999-12-31"]}"#
        );
    }

    #[test]
    fn each_fault_is_named_beside_the_others() {
        let open = json!({ "mon": ["09:00-17:00"] });
        for (expected, document) in [
            (vec![""], json!("sometimes")),
            (vec![""], json!([])),
            (vec!["/hours"], json!({})),
            (vec!["/hours"], json!({ "hours": "always" })),
            (vec!["/hours"], json!({ "hours": {} })),
            (vec!["/hours"], json!({ "hours": { "mon": [] } })),
            (vec!["/hours/monday", "/hours/mon"], json!({ "hours": { "monday": [], "mon": "09:00-17:00" } })),
            (vec!["/zone", "/hours/mon/1"], json!({ "hours": { "mon": ["09:00-17:00", "18-19"] }, "zone": "UTC" })),
            (
                vec!["/hours/fri/0", "/closed/1"],
                json!({ "hours": { "fri": [9] }, "closed": ["2026-12-25", "25.12.2026"] }),
            ),
            (vec!["/hours/fri/0"], json!({ "hours": { "fri": ["09:00-09:00"] } })),
            (vec!["/hours/fri"], json!({ "hours": { "fri": vec!["09:00-17:00"; SPANS_MAX + 1] } })),
            (vec!["/closed"], json!({ "hours": open, "closed": "2026-12-25" })),
            (vec!["/closed"], json!({ "hours": open, "closed": vec!["2026-12-25"; CLOSED_MAX + 1] })),
            (vec!["/closed/0"], json!({ "hours": open, "closed": ["2027-01-01/2026-12-24", "2027-02-01"] })),
            (vec!["/closed/0"], json!({ "hours": open, "closed": ["2026-12-24/2027-01-01/2027-01-02"] })),
            (vec!["/closed/1"], json!({ "hours": open, "closed": ["2027-01-01/2027-06-30", "2027-07-01/2028-02-01"] })),
        ] {
            assert_eq!(pointers(&document), expected, "{document}");
        }
        for no_day in
            ["20261225", "2026-12-25T00:00", "2026-02-29", "2026-W52-5", " 2026-12-25", "", "/", "+002026-12-25"]
        {
            assert_eq!(pointers(&json!({ "hours": open, "closed": [no_day] })), ["/closed/0"], "{no_day}");
        }
    }

    #[test]
    fn faults_say_what_to_write() {
        let told =
            |document: Value| faults(&document.to_string()).into_iter().map(|(_, detail)| detail).collect::<Vec<_>>();
        assert_eq!(
            told(json!({ "hours": { "mo": [] } }))[0],
            "is not known here: use mon, tue, wed, thu, fri, sat, sun"
        );
        let detail = "must have a span on one day at least, such as {\"mon\": [\"09:00-17:00\"]}";
        assert_eq!(told(json!({ "hours": {} })), [detail]);
        let closed = json!({ "hours": { "mon": ["09:00-17:00"] }, "closed": ["2026-12-24/2028-12-24"] });
        let detail = format!("leaves no open hour from 2026-12-22 on, for more than {CLOSED_MAX_DAYS} days");
        assert_eq!(told(closed), [detail]);
    }

    #[test]
    fn what_is_no_document_is_told_as_a_whole() {
        let pointers = |document: &str| faults(document).into_iter().map(|(pointer, _)| pointer).collect::<Vec<_>>();
        assert_eq!(pointers("{"), [""]);
        assert_eq!(pointers(&" ".repeat(CALENDAR_MAX_BYTES + 1)), [""]);
        assert_eq!(pointers(r#"{"hours": {"mon": ["09:00-17:00"], "mon": []}}"#), ["/hours/mon", "/hours"]);
    }
}
