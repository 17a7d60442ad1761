//! From a document to a rule, naming everything that is wrong with it at once.

mod check;
mod read;
#[cfg(test)]
mod tests;
mod when;
mod who;

use counterbell_shared::document::{Faults, Object};
use counterbell_shared::limits::{RULE_GROUPED_MAX, RULE_MAX_BYTES, RULE_STEPS_MAX};
use counterbell_shared::problem::FieldError;
use serde_json::Value;

use super::rule::due_within;
use super::{Grouped, How, Period, QuietHours, Rule, Soon, Step, StepAt, TimeOfDay, When};
use crate::document;

const RULE: &[&str] = &[
    "name",
    "when",
    "who",
    "fallback",
    "how",
    "soon",
    "quiet_hours",
    "urgent",
    "acknowledge_within",
    "answer_within",
    "steps",
    "case",
];

impl Rule {
    /// Reads a document of at most [`RULE_MAX_BYTES`].
    ///
    /// Left out, `how` is by mail, `soon` is grouped with its defaults (of an urgent rule, and of one about touchpoints: now), and `case` is true of a
    /// rule about responses.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer; at most 50 beside members that are given twice.
    pub fn parse(document: &[u8]) -> Result<Self, Vec<FieldError>> {
        document::parse(document, RULE_MAX_BYTES, |document| {
            let mut faults = Faults::default();
            let rule = rule(&mut faults, document);
            faults.end(rule)
        })
    }
}

fn rule(faults: &mut Faults, document: &Value) -> Option<Rule> {
    let object = faults.object(document, "", RULE)?;
    let name = faults.string(object, "name").and_then(|name| read::slug(faults, name, "/name"));
    let when = faults.required(object, "when").and_then(|value| when::when(faults, value, "/when"));
    let who_list = who::required(faults, object, who::AT_ONCE);
    let fallback = who::list(faults, object, "fallback", who::FALLBACK);
    let how = read::list(faults, object, "how", How::ALL.len(), |faults, value, at| {
        read::named(faults, value, at, &How::ALL.map(|(name, _)| name), |name| {
            How::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, how)| how)
        })
    });
    let urgent = read::flag(faults, object, "urgent");
    let quiet_hours = quiet_hours(faults, object);
    let before = faults.count();
    let acknowledge_within = period(faults, object, "acknowledge_within");
    let answer_within = period(faults, object, "answer_within");
    let steps = read::list(faults, object, "steps", RULE_STEPS_MAX, step);
    // What cannot be read cannot be compared.
    if faults.count() == before {
        check::check_steps(faults, due_within(acknowledge_within, answer_within), &steps);
    }
    let case = read::flag(faults, object, "case");
    let is_about_response = when.as_ref().is_none_or(|when| matches!(when, When::Response(_)));
    let soon = soon(faults, object, urgent == Some(true), is_about_response);
    let when = when?;
    check::check_fires(faults, &when);
    check::check_case(faults, object, case, &when);
    Some(Rule {
        name: name?,
        case: case.unwrap_or(matches!(when, When::Response(_))),
        when,
        who: who_list?,
        fallback,
        how: if how.is_empty() { vec![How::Mail] } else { how },
        soon: soon?,
        quiet_hours,
        urgent: urgent.unwrap_or(false),
        acknowledge_within,
        answer_within,
        steps,
    })
}

fn soon(faults: &mut Faults, object: Object<'_>, urgent: bool, is_about_response: bool) -> Option<Soon> {
    let default = if urgent || !is_about_response { Soon::Now } else { Soon::Grouped(Grouped::default()) };
    let Some(value) = object.members.get("soon") else { return Some(default) };
    if value.as_str() == Some("now") {
        return Some(Soon::Now);
    }
    if !value.is_object() {
        return faults.wrong("/soon", "must be \"now\" or such as {\"grouped\": {\"most\": 5, \"in\": \"15m\"}}");
    }
    if !is_about_response {
        return faults.wrong("/soon", "must be \"now\": one mail lists all touchpoints anyway");
    }
    if urgent {
        faults.tell("/soon", "must be \"now\": an urgent alert is not kept back for a group");
    }
    let object = faults.object(value, "/soon", &["grouped"])?;
    let value = faults.required(object, "grouped")?;
    let object = faults.object(value, "/soon/grouped", &["most", "in"])?;
    let default = Grouped::default();
    let most = match object.members.contains_key("most") {
        true => read::number(faults, object, "most", 1..=RULE_GROUPED_MAX),
        false => Some(default.most),
    };
    let window = period(faults, object, "in").unwrap_or(default.window);
    Some(Soon::Grouped(Grouped { most: most?, window }))
}

fn quiet_hours(faults: &mut Faults, object: Object<'_>) -> Option<QuietHours> {
    let value = object.members.get("quiet_hours")?;
    let object = faults.object(value, "/quiet_hours", &["from", "to"])?;
    let mut time = |name| {
        let text = faults.string(object, name)?;
        let time = TimeOfDay::read(text);
        time.or_else(|| faults.wrong(object.pointer(name), "must be a time of day such as \"07:00\" or \"20:30\""))
    };
    let (from, to) = (time("from"), time("to"));
    let (from, to) = (from?, to?);
    if from == to {
        return faults.wrong("/quiet_hours/to", "must be another time than \"from\": nobody would ever be told");
    }
    Some(QuietHours { from, to })
}

fn period(faults: &mut Faults, object: Object<'_>, name: &str) -> Option<Period> {
    object.members.get(name)?;
    let text = faults.string(object, name)?;
    text.parse().map_err(|invalid| faults.tell(object.pointer(name), invalid)).ok()
}

fn step(faults: &mut Faults, value: &Value, at: &str) -> Option<Step> {
    let object = faults.object(value, at, &["after", "before_due", "who"])?;
    let times = ["after", "before_due"].map(|name| object.members.contains_key(name));
    let step_at = match times {
        [true, false] => period(faults, object, "after").map(StepAt::After),
        [false, true] => period(faults, object, "before_due").map(StepAt::BeforeDue),
        _ => faults.wrong(at, "must have either \"after\" or \"before_due\", such as {\"after\": \"30m\"}"),
    };
    let who = who::required(faults, object, who::STEP);
    Some(Step { at: step_at?, who: who? })
}
