//! What is sent to act on cases: one document for each action, which `action` names.

use std::fmt::Display;

use counterbell_shared::EmailAddress;
use counterbell_shared::document::{Faults, Object, quoted};
use counterbell_shared::limits::BODY_MAX_BYTES;
use counterbell_shared::problem::{FieldError, pointer_to};
use counterbell_shared::survey::is_slug;
use counterbell_shared::time::UnixMillis;
use serde_json::Value;
use strum::VariantArray as _;

use crate::cases::{Action, Denied, EntryId, NOTE_MAX_CHARS, NothingToDo, Priority, read_words};
use crate::document;

/// Most people that a note names.
pub const MENTIONS_MAX: usize = 20;
/// Most cases of one request.
pub const NUMBERS_MAX: usize = 1_000;

/// What somebody wants of a case.
#[derive(Clone, Debug)]
pub struct CaseAction {
    /// Who does it.
    pub person: Named,
    /// The id of what is written, so that the same again changes nothing.
    pub entry_id: Option<EntryId>,
    /// What.
    pub wanted: Wanted,
}

/// What somebody wants of many cases.
#[derive(Clone, Debug)]
pub struct ManyCasesAction {
    /// Of which, each once.
    pub numbers: Vec<i64>,
    /// What, of each by itself.
    pub action: CaseAction,
}

/// Who does something.
#[derive(Clone, Debug)]
pub struct WhoDocument {
    pub(super) person: Named,
}

/// Somebody of the staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By their number.
    Person(i64),
    /// By an address of theirs.
    Address(String),
}

/// An action, in which people may still be named by their addresses.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// To give it to a person.
    AssignTo {
        /// To whom.
        to: Named,
        /// Why.
        reason: Option<String>,
    },
    /// Any other.
    Do(Action),
}

/// The members that an action has beside `action`, `person` and `person_id`.
pub(super) const ACTIONS: [(&str, &[&str]); 20] = [
    ("acknowledge", &[]),
    ("take_over", &[]),
    ("assign", &["to", "to_id", "team", "reason"]),
    ("not_for_me", &["reason"]),
    ("unacknowledge", &[]),
    ("note", &["text", "mentions"]),
    ("spoke", &["text"]),
    ("wait", &[]),
    ("customer_answered", &["text"]),
    ("dismiss_answer", &[]),
    ("priority", &["priority"]),
    ("remind", &["at"]),
    ("resolve", &["root_cause", "action_taken"]),
    ("nothing_to_do", &["reason", "mark_spam"]),
    ("close", &[]),
    ("reopen", &[]),
    ("merge", &["into"]),
    ("split", &["response_id"]),
    ("link", &["other"]),
    ("revoke_links", &[]),
];

/// Those that can be done to many cases at once.
pub(super) const MANY: [&str; 6] = ["acknowledge", "assign", "priority", "resolve", "nothing_to_do", "close"];

/// Of every action.
const WHO: [&str; 2] = ["person", "person_id"];

impl CaseAction {
    /// Reads the JSON of an action.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<FieldError>> {
        document::parse(json, BODY_MAX_BYTES, |document| {
            let mut faults = Faults::default();
            let known: Vec<_> = ACTIONS.iter().map(|(name, _)| *name).collect();
            let read = read(&mut faults, document, &known, "entry_id").and_then(|(object, action)| {
                let entry_id = optional(&mut faults, object, "entry_id", uuid);
                let (person, wanted) = (person(&mut faults, object), wanted(&mut faults, object, action));
                Some(Self { person: person?, entry_id, wanted: wanted? })
            });
            faults.end(read)
        })
    }
}

impl ManyCasesAction {
    /// Reads the JSON of an action on many cases.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<FieldError>> {
        document::parse(json, BODY_MAX_BYTES, |document| {
            let mut faults = Faults::default();
            let read = read(&mut faults, document, &MANY, "numbers").and_then(|(object, action)| {
                let numbers = numbers(&mut faults, object);
                let (person, wanted) = (person(&mut faults, object), wanted(&mut faults, object, action));
                let action = CaseAction { person: person?, entry_id: None, wanted: wanted? };
                Some(Self { numbers: numbers?, action })
            });
            faults.end(read)
        })
    }
}

impl WhoDocument {
    /// Somebody of this address.
    pub fn address(email: &str) -> Self {
        Self { person: Named::Address(email.to_owned()) }
    }

    /// Reads the JSON.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<FieldError>> {
        document::parse(json, BODY_MAX_BYTES, |document| {
            let mut faults = Faults::default();
            let read = faults.object(document, "", &WHO).and_then(|object| person(&mut faults, object));
            faults.end(read.map(|person| Self { person }))
        })
    }
}

/// The document, and which of the `known` actions it names. Beside the members of that it may have `also`.
fn read<'a>(
    faults: &mut Faults,
    document: &'a Value,
    known: &[&str],
    also: &'static str,
) -> Option<(Object<'a>, &'static str)> {
    let Value::Object(members) = document else { return faults.wrong("", "must be an object") };
    let Some(named) = members.get("action") else { return faults.wrong("/action", "is missing") };
    let Some((name, own)) =
        ACTIONS.iter().find(|(name, _)| known.contains(name) && named.as_str() == Some(*name)).copied()
    else {
        return faults.wrong("/action", format!("must be one of {}", quoted(known.iter().copied())));
    };
    let mut all: Vec<_> = ["action", also].into_iter().chain(WHO).chain(own.iter().copied()).collect();
    all.sort_unstable();
    faults.object(document, "", &all).map(|object| (object, name))
}

fn wanted(faults: &mut Faults, object: Object<'_>, action: &str) -> Option<Wanted> {
    let optional_words = |faults: &mut Faults, name| optional(faults, object, name, |value| words(value, false));
    Some(Wanted::Do(match action {
        "acknowledge" => Action::Acknowledge,
        "take_over" => Action::TakeOver,
        "assign" => return assign(faults, object),
        "not_for_me" => Action::NotForMe { reason: optional_words(faults, "reason") },
        "unacknowledge" => Action::Unacknowledge,
        "note" => {
            let mentions = optional(faults, object, "mentions", people);
            let text = required(faults, object, "text", |value| words(value, true));
            Action::Note { text: text?, mentions: mentions.unwrap_or_default() }
        }
        "spoke" => Action::Spoke { text: optional_words(faults, "text") },
        "wait" => Action::Wait,
        "customer_answered" => Action::CustomerAnswered { text: optional_words(faults, "text") },
        "dismiss_answer" => Action::DismissAnswer,
        "priority" => Action::SetPriority(required(faults, object, "priority", |value| {
            one_of(value, Priority::VARIANTS, |priority| priority.as_str())
        })?),
        "remind" => Action::Remind { at: required(faults, object, "at", time)? },
        "resolve" => {
            let root_cause = required(faults, object, "root_cause", slug);
            let action_taken = required(faults, object, "action_taken", |value| words(value, true));
            Action::Resolve { root_cause: root_cause?, action_taken: action_taken? }
        }
        "nothing_to_do" => {
            let mark_spam =
                optional(faults, object, "mark_spam", |value| value.as_bool().ok_or("must be true or false"));
            let reason = required(faults, object, "reason", |value| {
                one_of(value, &NothingToDo::OF_STAFF, |reason| reason.as_str())
            });
            Action::NothingToDo { reason: reason?, mark_spam: mark_spam.unwrap_or(false) }
        }
        "close" => Action::Close,
        "reopen" => Action::Reopen,
        "merge" => Action::Merge { into: required(faults, object, "into", number)? },
        "split" => Action::Split { response_id: required(faults, object, "response_id", uuid)? },
        "link" => Action::Link { other: required(faults, object, "other", number)? },
        _ => Action::RevokeLinks,
    }))
}

fn assign(faults: &mut Faults, object: Object<'_>) -> Option<Wanted> {
    let reason = optional(faults, object, "reason", |value| words(value, false));
    let by_address = optional(faults, object, "to", address).map(Named::Address);
    let by_id = optional(faults, object, "to_id", person_id).map(Named::Person);
    let team = optional(faults, object, "team", slug);
    let given: Vec<_> = ["to", "to_id", "team"].into_iter().filter(|name| object.members.contains_key(*name)).collect();
    match given.as_slice() {
        [_] => {}
        [] => return faults.wrong("/to", "is missing: give \"to\", \"to_id\" or \"team\""),
        [.., last] => return faults.wrong(object.pointer(last), "is one too many: give \"to\", \"to_id\" or \"team\""),
    }
    match (by_address.or(by_id), team) {
        (Some(to), _) => Some(Wanted::AssignTo { to, reason }),
        (None, team) => Some(Wanted::Do(Action::Assign { to: crate::cases::Assignee::Team(team?), reason })),
    }
}

/// Whoever does it: an API key names nobody.
fn person(faults: &mut Faults, object: Object<'_>) -> Option<Named> {
    let by_address = optional(faults, object, "person", address).map(Named::Address);
    let by_id = optional(faults, object, "person_id", person_id).map(Named::Person);
    match WHO.map(|name| object.members.contains_key(name)) {
        [false, false] => faults.wrong(
            "/person",
            "is missing: say which member of staff does this, by \"person\" (an address) or \"person_id\"",
        ),
        [true, true] => faults.wrong("/person_id", "cannot be there beside \"person\": name them once"),
        _ => by_address.or(by_id),
    }
}

fn numbers(faults: &mut Faults, object: Object<'_>) -> Option<Vec<i64>> {
    let at = object.pointer("numbers");
    let Value::Array(items) = faults.required(object, "numbers")? else { return faults.wrong(at, "must be a list") };
    if !(1..=NUMBERS_MAX).contains(&items.len()) {
        return faults.wrong(at, format!("must have from 1 to {NUMBERS_MAX} items"));
    }
    let mut numbers = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        match number(item) {
            Ok(number) => numbers.push(number),
            Err(detail) => faults.tell(pointer_to(&at, &place.to_string()), detail),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    numbers.retain(|number| seen.insert(*number));
    Some(numbers)
}

fn optional<T, E: Display>(
    faults: &mut Faults,
    object: Object<'_>,
    name: &str,
    read: impl FnOnce(&Value) -> Result<T, E>,
) -> Option<T> {
    let value = object.members.get(name)?;
    read(value).map_err(|detail| faults.tell(object.pointer(name), detail)).ok()
}

fn required<T, E: Display>(
    faults: &mut Faults,
    object: Object<'_>,
    name: &str,
    read: impl FnOnce(&Value) -> Result<T, E>,
) -> Option<T> {
    faults.required(object, name)?;
    optional(faults, object, name, read)
}

fn text(value: &Value) -> Result<&str, &'static str> {
    value.as_str().ok_or("must be a text")
}

fn words(value: &Value, is_needed: bool) -> Result<String, String> {
    match read_words(text(value)?) {
        Ok(words) if words.is_empty() && is_needed => Err("must not be empty".to_owned()),
        Ok(words) => Ok(words),
        Err(Denied::TooLong) => Err(format!("must have at most {NOTE_MAX_CHARS} characters")),
        Err(denied) => Err(denied.to_string()),
    }
}

fn slug(value: &Value) -> Result<String, &'static str> {
    let name = text(value)?;
    is_slug(name).then(|| name.to_owned()).ok_or("must be lowercase letters and digits, with hyphens between words")
}

fn address(value: &Value) -> Result<String, String> {
    text(value)?.parse::<EmailAddress>().map(|email| email.as_str().to_owned()).map_err(|error| error.to_string())
}

fn person_id(value: &Value) -> Result<i64, &'static str> {
    number(value).map_err(|_| "must be the number of a person")
}

fn number(value: &Value) -> Result<i64, &'static str> {
    value.as_i64().filter(|number| *number > 0).ok_or("must be the number of a case, from 1")
}

fn people(value: &Value) -> Result<Vec<i64>, String> {
    let items = value.as_array().ok_or("must be a list")?;
    if items.len() > MENTIONS_MAX {
        return Err(format!("must have at most {MENTIONS_MAX} items"));
    }
    Ok(items.iter().map(person_id).collect::<Result<_, _>>()?)
}

fn uuid(value: &Value) -> Result<EntryId, &'static str> {
    text(value)?.parse().map_err(|_| "must be a UUID")
}

fn time(value: &Value) -> Result<i64, &'static str> {
    text(value)?
        .parse::<UnixMillis>()
        .map(|at| at.0)
        .map_err(|_| "must be an RFC 3339 time such as 2026-11-21T14:05:00Z")
}

fn one_of<T: Copy>(value: &Value, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().copied().find(|one| value.as_str() == Some(name(*one)));
    found.ok_or_else(|| format!("must be one of {}", quoted(all.iter().map(|one| name(*one)))))
}
