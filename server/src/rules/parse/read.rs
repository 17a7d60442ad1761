//! Members of any object of the document.

use std::ops::RangeInclusive;

use counterbell_shared::document::{Faults, Object, quoted};
use counterbell_shared::limits::SLUG_MAX_CHARS;
use counterbell_shared::survey::is_slug;
use serde_json::Value;

/// The valid items of a list that may be left out, but not be empty; no item twice.
pub fn list<T: PartialEq>(
    faults: &mut Faults,
    object: Object<'_>,
    name: &str,
    max: usize,
    mut item: impl FnMut(&mut Faults, &Value, &str) -> Option<T>,
) -> Vec<T> {
    let Some(value) = object.members.get(name) else { return Vec::new() };
    let at = object.pointer(name);
    let mut read = Vec::new();
    match value {
        Value::Array(values) if values.is_empty() => faults.tell(at, "must have at least one item, or be left out"),
        Value::Array(values) if values.len() > max => faults.tell(at, format!("must have at most {max} items")),
        Value::Array(values) => {
            for (place, value) in values.iter().enumerate() {
                let at = format!("{at}/{place}");
                match item(faults, value, &at) {
                    Some(item) if read.contains(&item) => faults.tell(at, "is in the list already"),
                    item => read.extend(item),
                }
            }
        }
        _ => faults.tell(at, "must be a list"),
    }
    read
}

pub fn text<'a>(faults: &mut Faults, value: &'a Value, at: &str) -> Option<&'a str> {
    value.as_str().or_else(|| faults.wrong(at, "must be a text"))
}

/// A value that has one of these names.
pub fn named<T>(
    faults: &mut Faults,
    value: &Value,
    at: &str,
    known: &[&str],
    find: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let found = value.as_str().and_then(find);
    found.or_else(|| faults.wrong(at, format!("must be one of {}", quoted(known.iter().copied()))))
}

pub fn slug(faults: &mut Faults, text: &str, at: &str) -> Option<String> {
    let rule = "lowercase letters and digits, with hyphens between words";
    let wrong = || format!("must be {rule}, at most {SLUG_MAX_CHARS} characters");
    if is_slug(text) { Some(text.to_owned()) } else { faults.wrong(at, wrong()) }
}

pub fn flag(faults: &mut Faults, object: Object<'_>, name: &str) -> Option<bool> {
    let value = object.members.get(name)?;
    value.as_bool().or_else(|| faults.wrong(object.pointer(name), "must be true or false"))
}

/// A member that is there to say that something is so.
pub fn only_true(faults: &mut Faults, object: Object<'_>, name: &str) -> Option<()> {
    let value = object.members.get(name)?;
    let is_true = (value == &Value::Bool(true)).then_some(());
    is_true.or_else(|| faults.wrong(object.pointer(name), "must be true, or be left out"))
}

/// A whole number that has to be there.
pub fn number<T>(faults: &mut Faults, object: Object<'_>, name: &str, range: RangeInclusive<T>) -> Option<T>
where
    T: TryFrom<u64> + PartialOrd + std::fmt::Display,
{
    let value = faults.required(object, name)?;
    let number = value.as_u64().and_then(|value| T::try_from(value).ok()).filter(|number| range.contains(number));
    let detail = || format!("must be a whole number from {} to {}", range.start(), range.end());
    number.or_else(|| faults.wrong(object.pointer(name), detail()))
}
