//! What is said of a touchpoint: a document, as docs/STAFF.md explains it.

use std::fmt;

use counterbell_shared::Reference;
use counterbell_shared::document::{Faults, Object};
use counterbell_shared::problem::FieldError;
use serde_json::Value;

use crate::calendar::{CALENDAR_MAX_BYTES, Calendar};
use crate::document;
use crate::zone::Zone;

/// Largest document of a touchpoint, in bytes: its calendar, and some more.
pub const TOUCHPOINT_MAX_BYTES: usize = CALENDAR_MAX_BYTES + 4 * 1024;

/// What is said of a touchpoint; what is not is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// For people.
    pub label: Option<String>,
    /// Who answers for it.
    pub owner: Option<Owner>,
    /// The team that does.
    pub team: Option<String>,
    /// When it is open.
    pub calendar: Option<Calendar>,
    /// In which its clocks go.
    pub zone: Option<Zone>,
}

/// Somebody of the site's staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// By an address of theirs.
    Email(String),
    /// By their id.
    Person(i64),
}

impl Owner {
    /// Where a document says it.
    pub(super) const fn pointer(&self) -> &'static str {
        match self {
            Self::Email(_) => "/owner",
            Self::Person(_) => "/owner_id",
        }
    }
}

/// Reads the document of a touchpoint.
///
/// # Errors
/// What is wrong, each with a JSON pointer.
pub fn parse_document(document: &[u8]) -> Result<Fields, Vec<FieldError>> {
    document::parse(document, TOUCHPOINT_MAX_BYTES, |document| {
        let mut faults = Faults::default();
        let fields = read(&mut faults, document);
        faults.end(fields)
    })
}

fn read(faults: &mut Faults, document: &Value) -> Option<Fields> {
    let object = faults.object(document, "", &["label", "owner", "owner_id", "team", "zone", "calendar"])?;
    let label = read_text(faults, object, "label", |text| Reference::new(text).map(String::from));
    let email = read_text(faults, object, "owner", |text| some_text(text).map(Owner::Email));
    let person = object.members.get("owner_id").and_then(|value| match value.as_i64().filter(|id| *id > 0) {
        Some(id) => Some(Owner::Person(id)),
        None => faults.wrong("/owner_id", "must be the number of a person, from 1"),
    });
    if email.is_some() && person.is_some() {
        faults.tell("/owner_id", "cannot be there beside \"owner\": name them once");
    }
    let team = read_text(faults, object, "team", some_text);
    let zone = read_text(faults, object, "zone", str::parse::<Zone>);
    let calendar =
        object.members.get("calendar").and_then(|value| match Calendar::parse(value.to_string().as_bytes()) {
            Ok(calendar) => Some(calendar),
            Err(errors) => {
                errors.into_iter().for_each(|error| faults.tell(format!("/calendar{}", error.pointer), error.detail));
                None
            }
        });
    Some(Fields { label, owner: email.or(person), team, calendar, zone })
}

fn read_text<T, E: fmt::Display>(
    faults: &mut Faults,
    object: Object<'_>,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let value = object.members.get(name)?;
    let Some(text) = value.as_str() else { return faults.wrong(object.pointer(name), "must be a text") };
    parse(text).map_err(|error| faults.tell(object.pointer(name), error)).ok()
}

fn some_text(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() { Err("must not be empty; leave the field out instead") } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::calendar::{CLOSED_MAX, SPANS_MAX};

    #[test]
    fn everything_that_is_said_is_read() {
        let document = json!({
            "label": " Till ", "owner": "ann@shop.example", "team": "counter", "zone": "europe/berlin", "calendar": "always",
        });
        let fields = Fields {
            label: Some("Till".to_owned()),
            owner: Some(Owner::Email("ann@shop.example".to_owned())),
            team: Some("counter".to_owned()),
            calendar: Some(Calendar::Always),
            zone: Some("Europe/Berlin".parse().unwrap()),
        };
        assert_eq!(parse_document(document.to_string().as_bytes()), Ok(fields));
        assert_eq!(parse_document(b"{}"), Ok(Fields::default()));
        let by_id = Fields { owner: Some(Owner::Person(7)), ..Fields::default() };
        assert_eq!(parse_document(br#"{"owner_id": 7}"#), Ok(by_id));
    }

    #[test]
    fn every_calendar_of_the_handbook_is_one() {
        let (_, section) =
            include_str!("../../../docs/STAFF.md").split_once("## Touchpoints and opening hours").unwrap();
        let section = section.split("\n## ").next().unwrap();
        let examples: Vec<_> = section.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(!examples.is_empty());
        for example in examples {
            Calendar::parse(example.as_bytes()).unwrap_or_else(|errors| panic!("{example}: {errors:?}"));
        }
        for limit in [format!("up to {SPANS_MAX} spans"), format!("up to {CLOSED_MAX} days")] {
            assert!(section.contains(&limit), "{limit}");
        }
    }

    #[test]
    fn every_fault_is_named_by_its_place() {
        for (document, expected) in [
            (json!([]), vec![""]),
            (
                json!({ "label": "", "owner": 7, "team": " ", "zone": "Mars" }),
                vec!["/label", "/owner", "/team", "/zone"],
            ),
            (json!({ "owner": "ann@shop.example", "owner_id": 1 }), vec!["/owner_id"]),
            (json!({ "owner_id": 0, "hours": {} }), vec!["/hours", "/owner_id"]),
            (json!({ "owner_id": "1" }), vec!["/owner_id"]),
            (json!({ "calendar": "never" }), vec!["/calendar"]),
            (
                json!({ "calendar": { "hours": { "mon": ["9-17"], "mo": [] }, "closed": "2026-12-25" } }),
                vec!["/calendar/hours/mo", "/calendar/hours/mon/0", "/calendar/closed"],
            ),
        ] {
            let errors = parse_document(document.to_string().as_bytes()).unwrap_err();
            let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
            assert_eq!(pointers, expected, "{document}");
        }
        let twice = parse_document(br#"{"calendar": {"hours": {"mon": ["09:00-17:00"], "mon": []}}}"#).unwrap_err();
        assert_eq!(twice[0].pointer, "/calendar/hours/mon");
    }
}
