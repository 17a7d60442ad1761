//! The timeline of a case: what happened, who did it, when, by which means.

use std::collections::HashMap;

use diesel::QueryResult;
use serde_json::Value;

use super::Kept;
use super::entry::KEY;
use crate::db::AnyConnection;
use crate::db::cases::NoteRow;
use crate::db::journal::{case_subject, of_subject};

/// Most entries that are read of one case; a case that has more is shown from its beginning.
const ENTRIES_MAX: i64 = 2_000;

/// An entry of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the journal of the site.
    pub seq: i64,
    /// When, in Unix ms.
    pub at: i64,
    /// Who it was.
    pub actor: Actor,
    /// How it came: `link`, `api`, `cli`, `server` ...
    pub means: String,
    /// What happened, as the journal names it: `case.acknowledged` ...
    pub kind: String,
    /// What else the journal keeps of it.
    pub data: Value,
    /// What staff wrote with it.
    pub text: Option<String>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A member of staff, by the id of the person.
    Person(i64),
    /// The customer.
    Customer,
    /// The server by itself.
    Server,
    /// Somebody else, as the journal names them: `operator`, `key/..`.
    Other(String),
}

impl Actor {
    fn read(text: String) -> Self {
        match text.strip_prefix("person/").map(str::parse) {
            Some(Ok(person_id)) => Self::Person(person_id),
            _ if text == "customer" => Self::Customer,
            _ if text == "server" => Self::Server,
            _ => Self::Other(text),
        }
    }
}

/// The timeline of a case, the oldest entry first.
///
/// # Errors
/// What the database says.
pub fn history(conn: &mut AnyConnection, kept: &Kept) -> QueryResult<Vec<Entry>> {
    let entries = of_subject(conn, kept.site_id, &case_subject(kept.case.number), 0, ENTRIES_MAX)?;
    let notes = NoteRow::of_case(conn, kept.site_id, &kept.id)?;
    let mut words: HashMap<String, String> = notes
        .into_iter()
        .filter(|note| note.kind != KEY)
        .filter_map(|note| Some((note.id()?.to_string(), note.text)))
        .collect();
    let entry = |row: crate::db::journal::EntryRow| {
        let data: Value = serde_json::from_str(&row.data).unwrap_or_default();
        let note = ["note_id", "reason", "message_id"].iter().find_map(|name| data.get(name)?.as_str());
        let text = note.and_then(|id| words.remove(id));
        let (seq, at, actor, means, kind) = (row.seq, row.at, Actor::read(row.actor), row.means, row.kind);
        Entry { seq, at, actor, means, kind, data, text }
    };
    Ok(entries.into_iter().map(entry).collect())
}
