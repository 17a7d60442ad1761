//! Cases of somebody who leaves the site, and what they were still to be told of cases.

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde_json::{Value, json};

use super::heard::Heard;
use super::told::{CASE_MAIL, Telling, Told};
use super::write::Desk;
use super::{By, Command, Kept, Message, Whom};
use crate::db::AnyConnection;
use crate::db::journal::SiteLock;
use crate::db::outbox::{About, MAIL_LANE, NewOutboxRow, Subject, WaitingFor};
use crate::ids::new_id;
use crate::rules::{Reason, Rule};

/// What becomes of a message to somebody who has left.
#[derive(Debug)]
pub enum Instead {
    /// These are sent in its place; none when everybody else heard of it already, or nobody needs to.
    Messages(Vec<NewOutboxRow>),
    /// Somebody has to be told, and nobody is left.
    Nobody,
}

/// Takes a case from somebody who has left, at `now` (Unix ms); whether they had it. Tells nobody. The caller has locked the
/// site.
///
/// # Errors
/// What the database says.
pub fn give_back(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    kept: &mut Kept,
    person_id: i64,
    now: i64,
) -> QueryResult<bool> {
    let command = Command::OwnerLeft { person: person_id };
    Ok(Desk { conn, site, by: &By::SERVER, now }.send(kept, command)?.unwrap_or(false))
}

/// Who hears at `now` (Unix ms) that nobody has a case: its team, else whom its rule names, as it is `in_force`, else as it fired.
///
/// # Errors
/// What the database says.
pub fn whom_to_tell(
    conn: &mut AnyConnection,
    kept: &Kept,
    in_force: Option<&Rule>,
    now: i64,
) -> QueryResult<Vec<(i64, Reason)>> {
    Ok(load(conn, kept, in_force, now)?.people(kept, &whom_without_owner(kept)))
}

/// The message that nobody has a case, since who had it left.
///
/// # Errors
/// What the database says.
pub fn left_message(
    conn: &mut AnyConnection,
    kept: &Kept,
    (person_id, why): (i64, Reason),
    now: i64,
) -> QueryResult<Option<NewOutboxRow>> {
    let telling = Telling { person_id, message: Message::OwnerLeft, why, step: None };
    Ok(load(conn, kept, None, now)?.message(kept, &telling))
}

/// What others are told at `now` (Unix ms) in the place of somebody who has left.
///
/// # Errors
/// What the database says.
pub fn instead_of(
    conn: &mut AnyConnection,
    (site_id, person_id): (i64, i64),
    waiting: &WaitingFor,
    in_force: &[&Rule],
    now: i64,
) -> QueryResult<Instead> {
    let payload: Value = serde_json::from_str(&waiting.payload).unwrap_or_default();
    let kept = Kept::find_by_id(conn, site_id, &waiting.subject_id)?;
    let (Some(kept), Some(occasion)) = (kept, waiting.occasion()) else { return Ok(Instead::Messages(Vec::new())) };
    let Some(whom) = whom_instead(&kept, person_id, &payload) else { return Ok(Instead::Messages(Vec::new())) };
    let rule = in_force.iter().find(|rule| rule.name == kept.rule.0);
    let mut told = load(conn, &kept, rule.copied(), now)?;
    let mut people = told.people(&kept, &whom);
    if people.is_empty() {
        return Ok(Instead::Nobody);
    }
    // Nobody is told about what they did themselves.
    people.retain(|(person_id, _)| payload.get("by").and_then(Value::as_i64) != Some(*person_id));
    let message = |(person_id, why): (i64, Reason)| {
        let mut payload = payload.clone();
        payload["person"] = json!(person_id);
        payload["why"] = json!(why);
        let about = About {
            kind: CASE_MAIL,
            lane: MAIL_LANE,
            destination: &told.staff.people.get(&person_id)?.email,
            subject: Subject::Case(kept.id, occasion),
            person_id,
            payload: &payload,
            due_at: now,
        };
        Some(NewOutboxRow::new(kept.site_id, new_id(UnixMillis(now)), &about, now))
    };
    Ok(Instead::Messages(people.into_iter().filter_map(message).collect()))
}

fn load<'a>(conn: &mut AnyConnection, kept: &Kept, in_force: Option<&Rule>, now: i64) -> QueryResult<Told<'a>> {
    let mut told = Told::load(conn, kept, &By::SERVER, now)?;
    told.heard = Heard::load(conn, kept, &told.staff, now)?;
    if let Some(rule) = in_force {
        told.rule = rule.clone();
    }
    Ok(told)
}

fn whom_without_owner(kept: &Kept) -> Whom {
    kept.case.team.clone().map_or(Whom::Rule, Whom::Team)
}

/// Who has to hear of it now that this person does not; `None` when it was for them alone.
fn whom_instead(kept: &Kept, person_id: i64, payload: &Value) -> Option<Whom> {
    let number = |name: &str| payload.get(name)?.as_i64();
    let owner = kept.case.owner.filter(|owner| *owner != person_id);
    match payload.get("message")?.as_str()? {
        "escalated" if number("since").is_some_and(|since| kept.case.wants_step(since)) => {
            Some(Whom::Step(usize::try_from(number("step")?).ok()?))
        }
        "assigned" => Some(Whom::Team(payload.pointer("/why/team")?.as_str()?.to_owned())),
        "given_back" | "owner_left" if owner.is_none() => Some(whom_without_owner(kept)),
        "customer_answered" | "response_joined" | "urgent" | "overdue" | "reopened" | "reminder" => {
            Some(owner.map_or_else(|| whom_without_owner(kept), Whom::Person))
        }
        _ => None,
    }
}
