//! What is known of a case itself.

use super::facts::{Facts, Other};
use super::reader::Reader;
use crate::cases::{Case, DueTime, Priority, State};

/// The head of the page.
pub struct HeadView {
    /// `Case 7: in progress`.
    pub heading: String,
    /// Who has it, in a sentence; `None` where it has ended and was nobody's.
    pub owner: Option<String>,
    /// Whether it is urgent.
    pub is_urgent: bool,
    /// That it was merged, and the address of the case that goes on.
    pub merged: Option<(String, Option<String>)>,
    /// Other cases, with their addresses.
    pub linked: Vec<(String, Option<String>)>,
    /// Name and value of each fact, and whether it is one that is late.
    pub rows: Vec<(&'static str, String, bool)>,
}

impl HeadView {
    /// Of a case.
    pub fn new(facts: &Facts, reader: &Reader) -> Self {
        let case = &facts.kept.case;
        let texts = &reader.texts.page;
        let late = |due: DueTime| case.late_ms(due, reader.now, &facts.hours);
        let mut rows = Vec::new();
        let mut row = |name, value: Option<String>| rows.extend(value.map(|value| (name, value, false)));
        row(texts.touchpoint, facts.place.clone());
        row(texts.team, case.team.as_deref().map(|team| facts.team(team).to_owned()));
        row(texts.priority, reader.texts.priorities.named(case.priority.as_str()).map(str::to_owned));
        row(texts.opened, Some(reader.time(case.opened_at)));
        for (name, due) in [(texts.acknowledge_by, DueTime::Acknowledge), (texts.answer_by, DueTime::Answer)] {
            rows.extend(due_text(case, due, late(due), reader).map(|(value, is_late)| (name, value, is_late)));
        }
        let mut row = |name, value: Option<String>| rows.extend(value.map(|value| (name, value, false)));
        row(texts.remind_at, case.remind_at.map(|at| reader.time(at)));
        row(texts.resolved, case.resolved_at.map(|at| reader.time(at)));
        row(texts.root_cause, case.root_cause.as_deref().map(|name| root_cause(facts, name).to_owned()));
        row(texts.action_taken, case.action_taken.clone());
        row(texts.closed, case.closed_at.map(|at| reader.time(at)));
        let reason = case.nothing_to_do.and_then(|reason| reader.texts.reasons.named(reason.as_str()));
        row(texts.nothing_to_do, reason.map(str::to_owned));
        let named = |text: &str, other: &Other| {
            (reader.fill(text, &[("number", &other.number.to_string())]), other.href.clone())
        };
        Self {
            heading: heading(case, reader),
            owner: owner(&facts.kept.case, |person_id| facts.name_of(person_id), reader),
            is_urgent: case.priority == Priority::Urgent,
            merged: facts.goes_on_in.as_ref().map(|other| named(texts.merged, other)),
            linked: facts.linked.iter().map(|other| named(texts.number, other)).collect(),
            rows,
        }
    }
}

fn heading(case: &Case, reader: &Reader) -> String {
    let state = reader.texts.states.named(case.state.as_str()).unwrap_or_default();
    reader.fill(reader.texts.page.heading, &[("number", &case.number.to_string()), ("state", state)])
}

/// Who has it and since when, or that nobody has; `None` where it has ended and was nobody's.
pub fn owner<'a>(case: &Case, called: impl FnOnce(i64) -> &'a str, reader: &Reader) -> Option<String> {
    let texts = &reader.texts.page;
    let Some(owner) = case.owner else { return (!case.state.is_ended()).then(|| texts.nobody.to_owned()) };
    let (is_reader, is_taken) = (owner == reader.person_id, case.state != State::Open);
    let text = match (is_reader, is_taken) {
        (true, true) => texts.yours,
        (false, true) => texts.taken,
        (true, false) => texts.assigned_to_you,
        (false, false) => texts.assigned,
    };
    let since = reader.time(case.owned_since.unwrap_or(case.opened_at));
    Some(reader.fill(text, &[("name", called(owner)), ("time", &since)]))
}

/// By when something has to be done, and whether that is over.
fn due_text(case: &Case, due: DueTime, late_ms: Option<i64>, reader: &Reader) -> Option<(String, bool)> {
    let texts = &reader.texts.page;
    if let (DueTime::Answer, None, Some(left_ms)) = (due, case.due(due), case.answer_left_ms) {
        let left = reader.duration(left_ms);
        return (case.state == State::Waiting).then(|| (reader.fill(texts.paused, &[("duration", &left)]), false));
    }
    let time = reader.time(case.due(due)?);
    Some(match late_ms {
        Some(late_ms) => (reader.fill(texts.late, &[("time", &time), ("duration", &reader.duration(late_ms))]), true),
        None => (time, false),
    })
}

fn root_cause<'a>(facts: &'a Facts, name: &'a str) -> &'a str {
    facts.root_causes.iter().find(|(known, _)| known == name).map_or(name, |(_, label)| label)
}
