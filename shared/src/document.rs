//! Reading a document member by member, naming everything that is wrong with it at once.

use std::fmt;

use serde_json::{Map, Value};

use crate::problem::{FieldError, pointer_to};

/// Most errors told at once.
const ERRORS_MAX: usize = 50;

/// What is wrong with a document, so far.
#[derive(Default)]
pub struct Faults(Vec<FieldError>);

/// An object of the document, and where it is.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    /// What it says.
    pub members: &'a Map<String, Value>,
    /// Its JSON pointer.
    pub at: &'a str,
}

impl Object<'_> {
    /// The JSON pointer of a member.
    pub fn pointer(&self, name: &str) -> String {
        pointer_to(self.at, name)
    }
}

impl Faults {
    /// One more.
    pub fn tell(&mut self, pointer: impl Into<String>, detail: impl fmt::Display) {
        self.0.push(FieldError::new(pointer, detail));
    }

    /// As [`Self::tell`]; `None`, to be returned instead of what could not be read.
    pub fn wrong<T>(&mut self, pointer: impl Into<String>, detail: impl fmt::Display) -> Option<T> {
        self.tell(pointer, detail);
        None
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What was read, if nothing is wrong.
    ///
    /// # Errors
    /// All faults; of more than 50 the first.
    pub fn end<T>(mut self, read: Option<T>) -> Result<T, Vec<FieldError>> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            _ => {
                self.0.truncate(ERRORS_MAX);
                Err(self.0)
            }
        }
    }

    /// An object of which every member is among `known`; tells those that are not.
    pub fn object<'a>(&mut self, value: &'a Value, at: &'a str, known: &[&str]) -> Option<Object<'a>> {
        let Value::Object(members) = value else { return self.wrong(at, "must be an object") };
        let object = Object { members, at };
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            self.tell(object.pointer(name), format!("is not known here: use {}", known.join(", ")));
        }
        Some(object)
    }

    /// A member that has to be there.
    pub fn required<'a>(&mut self, object: Object<'a>, name: &str) -> Option<&'a Value> {
        match object.members.get(name) {
            Some(value) => Some(value),
            None => self.wrong(object.pointer(name), "is missing"),
        }
    }

    /// A text that has to be there.
    pub fn string<'a>(&mut self, object: Object<'a>, name: &str) -> Option<&'a str> {
        match self.required(object, name)? {
            Value::String(text) => Some(text),
            _ => self.wrong(object.pointer(name), "must be a text"),
        }
    }
}

/// Each in quotes.
pub fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
