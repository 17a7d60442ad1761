//! Whom a rule tells.

use counterbell_shared::EmailAddress;
use counterbell_shared::document::{Faults, Object, quoted};
use counterbell_shared::limits::RULE_TOLD_MAX;
use serde_json::Value;

use super::read;
use crate::rules::Who;

/// Members of an entry that is told at once.
pub const AT_ONCE: &[&str] = &["person", "team", "round_robin", "owner"];
/// Of one that is told in the place of others.
pub const FALLBACK: &[&str] = &["person", "team", "owner"];
/// Of one that is told when nobody acknowledges.
pub const STEP: &[&str] = &["person", "team", "round_robin", "owner", "manager"];

/// The list "who", which has to be there.
pub fn required(faults: &mut Faults, object: Object<'_>, known: &[&str]) -> Option<Vec<Who>> {
    faults.required(object, "who")?;
    Some(list(faults, object, "who", known))
}

/// A list of entries of which one at most takes turns: there is one position for them.
pub fn list(faults: &mut Faults, object: Object<'_>, name: &str, known: &[&str]) -> Vec<Who> {
    let mut has_turns = false;
    read::list(faults, object, name, RULE_TOLD_MAX, |faults, value, at| {
        let who = who(faults, value, at, known)?;
        if matches!(who, Who::RoundRobin(_)) && std::mem::replace(&mut has_turns, true) {
            return faults.wrong(at, "must be the list's only \"round_robin\"");
        }
        Some(who)
    })
}

fn who(faults: &mut Faults, value: &Value, at: &str, known: &[&str]) -> Option<Who> {
    let before = faults.count();
    let object = faults.object(value, at, known)?;
    let mut given = known.iter().copied().filter(|name| object.members.contains_key(*name));
    let (Some(name), None) = (given.next(), given.next()) else {
        if faults.count() == before {
            faults.tell(at, format!("must have exactly one of {}", quoted(known.iter().copied())));
        }
        return None;
    };
    match name {
        "owner" => read::only_true(faults, object, name).map(|()| Who::Owner),
        "manager" => read::only_true(faults, object, name).map(|()| Who::Manager),
        "person" => {
            let email = faults.string(object, name)?.parse::<EmailAddress>();
            let email = email.map_err(|invalid| faults.tell(object.pointer(name), invalid)).ok()?;
            Some(Who::Person(email.into()))
        }
        _ => {
            let team = faults.string(object, name)?;
            let team = read::slug(faults, team, &object.pointer(name))?;
            Some(if name == "team" { Who::Team(team) } else { Who::RoundRobin(team) })
        }
    }
}
