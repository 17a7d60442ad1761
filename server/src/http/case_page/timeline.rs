//! The timeline in sentences.

use counterbell_shared::time::UnixMillis;
use serde_json::Value;

use super::facts::Facts;
use super::reader::Reader;
use crate::cases::{Actor, Entry};

/// An entry, as it is read.
pub struct Line {
    /// When, for programs.
    pub iso: String,
    /// When, and by which means.
    pub head: String,
    /// What happened, a sentence or more.
    pub sentences: Vec<String>,
    /// What staff wrote with it.
    pub text: Option<String>,
    /// Whether that is a note: for staff alone.
    pub is_note: bool,
}

/// The timeline of a case, the oldest entry first.
pub fn timeline(facts: &Facts, reader: &Reader) -> Vec<Line> {
    facts.entries.iter().map(|entry| Telling { entry, facts, reader }.line()).collect()
}

struct Telling<'a> {
    entry: &'a Entry,
    facts: &'a Facts,
    reader: &'a Reader,
}

impl Telling<'_> {
    fn line(&self) -> Line {
        let kind = self.entry.kind.strip_prefix("case.").unwrap_or(&self.entry.kind);
        let mut head = self.reader.time(self.entry.at);
        if let Some(means) = self.means() {
            head.push_str(" \u{b7} ");
            head.push_str(&means);
        }
        Line {
            iso: UnixMillis(self.entry.at).to_string(),
            head,
            sentences: self.sentences(kind),
            text: self.entry.text.clone().filter(|text| !text.is_empty()),
            is_note: kind == "noted",
        }
    }

    fn sentences(&self, kind: &str) -> Vec<String> {
        let texts = self.reader.texts;
        let more = &texts.more_of_events;
        // One that a newer program wrote is told as it is called.
        let mut sentences = vec![match (kind, self.word("due")) {
            ("overdue", Some("acknowledge")) => more.overdue_acknowledge.to_owned(),
            ("overdue", Some("answer")) => more.overdue_answer.to_owned(),
            _ => texts.events.named(kind).map_or_else(|| kind.to_owned(), |text| self.fill(text)),
        }];
        let mut add = |text: &str, name: &str, value: &str| sentences.push(self.reader.fill(text, &[(name, value)]));
        if let Some(number) = self.number("follows") {
            add(more.follows, "number", &number.to_string());
        }
        if let Some(from) = self.number("from") {
            add(more.taken_from, "name", self.facts.name_of(from));
        }
        if let Some(late_ms) = self.number("late_ms").filter(|late_ms| *late_ms > 0) {
            add(more.late, "duration", &self.reader.duration(late_ms));
        }
        if self.entry.data.get("mark_spam") == Some(&Value::Bool(true)) {
            add(more.marked_spam, "", "");
        }
        sentences
    }

    fn fill(&self, text: &str) -> String {
        let texts = self.reader.texts;
        let to = match (self.number("owner"), self.word("team")) {
            (Some(owner), _) => self.facts.name_of(owner),
            (None, Some(team)) => self.facts.team(team),
            (None, None) => "",
        };
        let number = ["into", "other"].iter().find_map(|name| self.number(name)).unwrap_or_default().to_string();
        let priority = self.word("priority").and_then(|name| texts.priorities.named(name)).unwrap_or_default();
        let reason = self.word("reason").and_then(|name| texts.reasons.named(name)).unwrap_or_default();
        let name = self.number("person").map(|person_id| self.facts.name_of(person_id)).unwrap_or_default();
        let time = self.number("at").map(|at| self.reader.time(at)).unwrap_or_default();
        let values = [
            ("who", &*self.who()),
            ("to", to),
            ("number", &number),
            ("name", name),
            ("priority", priority),
            ("reason", reason),
            ("time", &time),
        ];
        self.reader.fill(text, &values)
    }

    fn who(&self) -> String {
        let actors = &self.reader.texts.actors;
        match &self.entry.actor {
            Actor::Person(person_id) => self.facts.name_of(*person_id).to_owned(),
            Actor::Customer => actors.customer.to_owned(),
            Actor::Server => actors.server.to_owned(),
            Actor::Other(actor) if actor == "operator" => actors.operator.to_owned(),
            Actor::Other(actor) if actor.starts_with("key/") => actors.key.to_owned(),
            Actor::Other(actor) => actor.clone(),
        }
    }

    /// How it came; of what the server did by itself nothing.
    fn means(&self) -> Option<String> {
        if self.entry.means == "server" {
            return None;
        }
        let text = self.reader.texts.means.named(&self.entry.means)?;
        Some(self.reader.fill(text, &[("who", &self.who())]))
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.entry.data.get(name)?.as_i64()
    }

    fn word(&self, name: &str) -> Option<&str> {
        self.entry.data.get(name)?.as_str()
    }
}
