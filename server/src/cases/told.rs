//! Who is told of what became of a case.

use std::collections::BTreeMap;

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde_json::json;

use super::heard::Heard;
use super::rule::of_version;
use super::{By, Effect, Kept, Message, Whom};
use crate::db::AnyConnection;
use crate::db::outbox::{About, MAIL_LANE, NewOutboxRow, Subject};
use crate::db::sites::Site;
use crate::ids::new_id;
use crate::rules::{ALERTS_TEAM, Reason, Rule, Staff, Who, resolve};
use crate::staff::{load_for_rules, load_owner, told_at};
use crate::zone::Zone;

/// The kind of messages about a case.
pub const CASE_MAIL: &str = "case_mail";

/// What the occasion of a message about a step of escalation begins with.
pub(super) const STEP: &str = "step/";

/// Who could be told, and what says who is.
pub(super) struct Told<'a> {
    pub staff: Staff,
    pub rule: Rule,
    pub by: &'a By,
    pub heard: Heard,
    pub zone: Zone,
    pub now: i64,
}

/// Somebody who is told.
pub(super) struct Telling {
    pub person_id: i64,
    pub message: Message,
    pub why: Reason,
    pub step: Option<usize>,
}

/// Of what needs nothing done nobody is told in the place of somebody absent.
fn is_for_them_alone(message: Message) -> bool {
    matches!(message, Message::TakenOver | Message::Ended | Message::Merged | Message::Mentioned { .. })
}

impl<'a> Told<'a> {
    /// What tells of a case, by its rule in the version that fired; who has heard of it so far is not read.
    pub fn load(conn: &mut AnyConnection, kept: &Kept, by: &'a By, now: i64) -> QueryResult<Self> {
        let rule = of_version(conn, kept.site_id, (&kept.rule.0, kept.rule.1))?;
        let mut staff = load_for_rules(conn, kept.site_id)?;
        load_owner(conn, kept.site_id, &kept.about.touchpoint, &mut staff)?;
        let zone = Site::find_zone(conn, kept.site_id)?.map_or(Zone::UTC, |zone| Zone::or_utc(&zone));
        Ok(Self { staff, rule, by, heard: Heard::default(), zone, now })
    }
}

impl Told<'_> {
    /// Who is told what follows from the effects of a command: of each person the first that there is.
    pub fn tellings(&mut self, kept: &Kept, effects: &[Effect]) -> Vec<Telling> {
        let mut told: BTreeMap<i64, Telling> = BTreeMap::new();
        for effect in effects {
            let Effect::Tell { whom, except, message } = effect else { continue };
            let step = if let Whom::Step(step) = whom { Some(*step) } else { None };
            let mut people = match whom {
                Whom::Person(person) if is_for_them_alone(*message) => vec![(*person, Reason::Named)],
                whom => self.people(kept, whom),
            };
            people.retain(|(person, _)| Some(*person) != *except);
            if let (Whom::Person(person), true) = (whom, people.is_empty()) {
                // Whoever stands in for them did it: they hear of it themselves.
                people.push((*person, Reason::Named));
            }
            for (person_id, why) in people {
                told.entry(person_id).or_insert(Telling { person_id, message: *message, why, step });
            }
        }
        told.into_values().collect()
    }

    /// Who is told at this moment, and why: in the place of whoever is absent their manager, and so on, as of a rule.
    pub fn people(&mut self, kept: &Kept, whom: &Whom) -> Vec<(i64, Reason)> {
        let found = |told: &Self, who: &[Who]| resolve(who, &told.rule.fallback, &told.staff, told.now, 0).0;
        match whom {
            Whom::Person(person) => {
                let person = self.staff.people.get(person).map(|person| Who::Person(person.email.clone()));
                found(self, person.as_slice())
            }
            Whom::Team(team) => found(self, &[Who::Team(team.clone())]),
            Whom::Rule => found(self, &self.rule.who),
            Whom::Step(step) => {
                // Managers are those of everybody who was told up to here; when that was deleted, of whom the rule names.
                let mut people = self.heard.people.clone();
                if self.heard.is_unknown {
                    let earlier = self.rule.steps.iter().take(*step).flat_map(|step| &step.who);
                    let earlier: Vec<_> = self.rule.who.iter().chain(earlier).cloned().collect();
                    people = found(self, &earlier).into_iter().map(|(person, _)| person).collect();
                }
                people.extend(kept.case.owner);
                self.staff.told = people;
                match self.rule.steps.get(*step) {
                    Some(step) => found(self, &step.who),
                    None => found(self, &[Who::Team(ALERTS_TEAM.to_owned())]),
                }
            }
        }
    }

    /// The message to one of them, unless they have left.
    pub fn message(&self, kept: &Kept, telling: &Telling) -> Option<NewOutboxRow> {
        let Telling { person_id, message, ref why, step } = *telling;
        let mut due_at = self.now;
        let person = self.staff.people.get(&person_id).filter(|person| !person.has_left)?;
        let mut payload = json!({ "message": message.as_str(), "person": person_id, "why": why });
        if let Some(by) = self.by.person_id() {
            payload["by"] = json!(by);
        }
        let mut occasion = format!("{}/{}", kept.case.version, message.as_str());
        match message {
            Message::Escalated { since } => {
                let step = step.unwrap_or_default();
                occasion = format!("{STEP}{since}/{step}");
                payload["since"] = json!(since);
                payload["step"] = json!(step);
                due_at = told_at(&self.rule, &self.staff, &self.zone, person_id, self.now);
            }
            Message::Mentioned { note_id } | Message::Noted { note_id } => {
                payload["note_id"] = json!(note_id.to_string())
            }
            Message::ResponseJoined { response_id } => payload["response_id"] = json!(response_id.to_string()),
            Message::CaseJoined { other } => payload["other"] = json!(other),
            _ => {}
        }
        let about = About {
            kind: CASE_MAIL,
            lane: MAIL_LANE,
            destination: &person.email,
            subject: Subject::Case(kept.id, &occasion),
            person_id,
            payload: &payload,
            due_at,
        };
        Some(NewOutboxRow::new(kept.site_id, new_id(UnixMillis(self.now)), &about, self.now))
    }
}
