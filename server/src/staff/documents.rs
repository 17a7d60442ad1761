//! What is sent of people and teams.

use std::fmt::Display;

use counterbell_shared::document::{Faults, Object};
use counterbell_shared::limits::{ALIASES_MAX, BODY_MAX_BYTES, TEAM_MEMBERS_MAX};
use counterbell_shared::openapi::{Day, Members, PersonId, ZoneName};
use counterbell_shared::problem::{FieldError, pointer_to};
use counterbell_shared::{EmailAddress, Locale, Reference, schema_of_members};
use jiff::civil::Date;
use serde_json::Value;

use super::absence::read_day;
use crate::document;
use crate::language::Language;
use crate::zone::Zone;

/// What is to be changed of a person; `None` is left as it is, an inner `None` taken away (JSON Merge Patch, RFC 7396).
#[derive(Clone, Debug, Default)]
pub struct PersonPatch {
    pub(super) email: Option<EmailAddress>,
    pub(super) aliases: Option<Vec<EmailAddress>>,
    pub(super) name: Option<Option<Reference>>,
    pub(super) language: Option<Option<Locale>>,
    pub(super) zone: Option<Option<Zone>>,
    pub(super) manager_id: Option<Option<i64>>,
    pub(super) absent_from: Option<Option<Date>>,
    pub(super) absent_to: Option<Option<Date>>,
}

/// Somebody who is to belong to a site.
#[derive(Clone, Debug)]
pub struct NewPerson {
    pub(super) email: EmailAddress,
    /// Without an address.
    pub(super) patch: PersonPatch,
}

/// A team as it is to be.
#[derive(Clone, Debug)]
pub struct TeamDocument {
    pub(super) label: Reference,
    pub(super) members: Vec<i64>,
}

fn patch(description: &str) -> Members {
    Members::closed(description)
        .optional::<EmailAddress>("email")
        .nullable_list::<EmailAddress>("aliases", ALIASES_MAX)
        .nullable::<Reference>("name")
        .nullable::<Locale>("language")
        .nullable::<ZoneName>("zone")
        .nullable::<PersonId>("manager_id")
        .nullable::<Day>("absent_from")
        .nullable::<Day>("absent_to")
}

schema_of_members!(
    PersonPatch,
    patch("What is changed of a person, as docs/STAFF.md explains it: what is left out stays, null takes away")
);

schema_of_members!(NewPerson, patch("A person, as docs/STAFF.md explains it").require("email"));

schema_of_members!(
    TeamDocument,
    Members::closed("A team: all who are in it, in the order in which they take turns")
        .needed::<Reference>("label")
        .list::<PersonId>("members", 0, TEAM_MEMBERS_MAX)
        .require("members")
);

const PERSON: &[&str] = &["email", "aliases", "name", "language", "zone", "manager_id", "absent_from", "absent_to"];

impl PersonPatch {
    /// Reads the JSON of a change.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<FieldError>> {
        document::parse(json, BODY_MAX_BYTES, Self::read)
    }

    fn read(document: &Value) -> Result<Self, Vec<FieldError>> {
        let mut faults = Faults::default();
        let read = faults.object(document, "", PERSON).map(|object| Self::members(&mut faults, object));
        faults.end(read)
    }

    fn members(faults: &mut Faults, object: Object<'_>) -> Self {
        let email = object.members.get("email").and_then(|value| taken(faults, "/email", address(value)));
        let aliases = object.members.get("aliases").and_then(|value| match value {
            Value::Null => Some(Vec::new()),
            _ => list(faults, "/aliases", value, ALIASES_MAX, address),
        });
        Self {
            email,
            aliases,
            name: nullable(faults, object, "name", |value| text(value, Reference::new)),
            language: nullable(faults, object, "language", |value| text(value, read_language)),
            zone: nullable(faults, object, "zone", |value| text(value, str::parse::<Zone>)),
            manager_id: nullable(faults, object, "manager_id", person_id),
            absent_from: nullable(faults, object, "absent_from", |value| text(value, read_day)),
            absent_to: nullable(faults, object, "absent_to", |value| text(value, read_day)),
        }
    }

    /// Whether it changes what the person has on every site.
    pub(super) fn is_of_all_sites(&self) -> bool {
        let Self { email, aliases, name, language, zone, .. } = self;
        email.is_some() || aliases.is_some() || name.is_some() || language.is_some() || zone.is_some()
    }
}

impl NewPerson {
    /// Reads the JSON of somebody who is to belong to a site.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<FieldError>> {
        document::parse(json, BODY_MAX_BYTES, |document| {
            let mut faults = Faults::default();
            let read = faults.object(document, "", PERSON).and_then(|object| {
                let mut patch = PersonPatch::members(&mut faults, object);
                faults.required(object, "email")?;
                let email = patch.email.take()?;
                Some(Self { email, patch })
            });
            faults.end(read)
        })
    }
}

impl TeamDocument {
    /// Reads a team's JSON.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<FieldError>> {
        document::parse(json, BODY_MAX_BYTES, |document| {
            let mut faults = Faults::default();
            let read = faults.object(document, "", &["label", "members"]).and_then(|object| {
                let label = faults.required(object, "label").map(|value| text(value, Reference::new));
                let label = label.and_then(|label| taken(&mut faults, "/label", label));
                let members = faults.required(object, "members")?;
                let members = list(&mut faults, "/members", members, TEAM_MEMBERS_MAX, person_id)?;
                Some(Self { label: label?, members })
            });
            faults.end(read)
        })
    }
}

/// What was read, unless it is wrong.
fn taken<T>(faults: &mut Faults, at: &str, read: Result<T, String>) -> Option<T> {
    read.map_err(|detail| faults.tell(at, detail)).ok()
}

fn nullable<T>(
    faults: &mut Faults,
    object: Object<'_>,
    name: &str,
    read: impl FnOnce(&Value) -> Result<T, String>,
) -> Option<Option<T>> {
    match object.members.get(name)? {
        Value::Null => Some(None),
        value => taken(faults, &object.pointer(name), read(value)).map(Some),
    }
}

fn list<T>(
    faults: &mut Faults,
    at: &str,
    value: &Value,
    max: usize,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Option<Vec<T>> {
    let Value::Array(items) = value else { return faults.wrong(at, "must be a list") };
    if items.len() > max {
        return faults.wrong(at, format!("must have at most {max} items"));
    }
    let numbered = items.iter().enumerate();
    let read = numbered.map(|(place, item)| taken(faults, &pointer_to(at, &place.to_string()), read(item)));
    // All are looked at, so that all that are wrong are told.
    read.collect::<Vec<_>>().into_iter().collect()
}

fn text<T, E: Display>(value: &Value, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, String> {
    parse(value.as_str().ok_or("must be a text")?).map_err(|error| error.to_string())
}

/// A language that there are mails in, or a variety of one.
fn read_language(tag: &str) -> Result<Locale, String> {
    let locale = Locale::new(tag).map_err(|error| error.to_string())?;
    let tags = || Language::ALL.map(Language::tag).join(", ");
    let wrong = || format!("must be a language that there are mails in ({}), or a variety such as de-AT", tags());
    Language::find(tag).map(|_| locale).ok_or_else(wrong)
}

fn address(value: &Value) -> Result<EmailAddress, String> {
    text(value, str::parse)
}

fn person_id(value: &Value) -> Result<i64, String> {
    value.as_i64().filter(|id| *id > 0).ok_or_else(|| "must be the number of a person".to_owned())
}
