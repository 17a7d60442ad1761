//! Who is told of what became of a case.

use std::collections::BTreeMap;

use counterbell_shared::time::UnixMillis;
use serde_json::json;

use super::{By, Effect, Kept, Message, Whom};
use crate::db::outbox::{About, MAIL_LANE, NewOutboxRow, Subject};
use crate::ids::new_id;
use crate::rules::{ALERTS_TEAM, Reason, Rule, Staff, Who, resolve};

/// The kind of messages about a case.
pub const CASE_MAIL: &str = "case_mail";

/// What the occasion of a message about a step of escalation begins with.
pub(super) const STEP: &str = "step/";

/// Who could be told, and what says who is.
pub(super) struct Told<'a> {
    pub staff: Staff,
    pub rule: Rule,
    pub by: &'a By,
    pub now: i64,
}

impl Told<'_> {
    /// The messages that follow from the effects of a command: one to each person, the first that there is.
    pub fn messages(&mut self, kept: &Kept, effects: &[Effect]) -> Vec<NewOutboxRow> {
        let mut told: BTreeMap<i64, (Message, Reason, Option<usize>)> = BTreeMap::new();
        for effect in effects {
            let Effect::Tell { whom, except, message } = effect else { continue };
            let step = if let Whom::Step(step) = whom { Some(*step) } else { None };
            for (person, why) in self.people(kept, whom) {
                if Some(person) != *except {
                    told.entry(person).or_insert((*message, why, step));
                }
            }
        }
        told.into_iter()
            .filter_map(|(person, (message, why, step))| self.message(kept, person, message, &why, step))
            .collect()
    }

    fn people(&mut self, kept: &Kept, whom: &Whom) -> Vec<(i64, Reason)> {
        let found = |told: &Self, who: &[Who]| resolve(who, &told.rule.fallback, &told.staff, told.now, 0).0;
        match whom {
            Whom::Person(person) => vec![(*person, Reason::Named)],
            Whom::Team(team) => found(self, &[Who::Team(team.clone())]),
            Whom::Rule => found(self, &self.rule.who),
            Whom::Step(step) => {
                // Managers are those of everybody who was told up to here.
                let earlier = self.rule.steps.iter().take(*step).flat_map(|step| &step.who);
                let earlier: Vec<_> = self.rule.who.iter().chain(earlier).cloned().collect();
                let mut people: Vec<_> = found(self, &earlier).into_iter().map(|(person, _)| person).collect();
                people.extend(kept.case.owner);
                self.staff.told = people;
                match self.rule.steps.get(*step) {
                    Some(step) => found(self, &step.who),
                    None => found(self, &[Who::Team(ALERTS_TEAM.to_owned())]),
                }
            }
        }
    }

    fn message(
        &self,
        kept: &Kept,
        person_id: i64,
        message: Message,
        why: &Reason,
        step: Option<usize>,
    ) -> Option<NewOutboxRow> {
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
            due_at: self.now,
        };
        Some(NewOutboxRow::new(kept.site_id, new_id(UnixMillis(self.now)), &about, self.now))
    }
}
