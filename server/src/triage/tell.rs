//! Who is told of a response, by which rule, and when.

use std::collections::BTreeMap;

use counterbell_shared::ResponseId;
use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde_json::json;

use crate::db::alert_groups::{self, GroupKind, InGroup};
use crate::db::outbox::{About, NewOutboxRow, Subject};
use crate::db::sites::Site;
use crate::db::staff::{set_turn, turn};
use crate::db::told::AboutResponse;
use crate::db::{AnyConnection, told};
use crate::ids::new_id;
use crate::mail::{ALERT_MAIL, MAIL_LANE};
use crate::rules::{Grouped, Reason, Rule, RuleSet, Soon, Staff, VersionedRule, Who, resolve, team_in_turn};
use crate::staff::{load_for_rules, load_owner, told_at};
use crate::zone::Zone;

/// Whom a site can tell, and in which zone it is.
pub struct Tellable {
    site_id: i64,
    /// Everybody, and whom the touchpoint belongs to that was asked about last.
    pub staff: Staff,
    zone: Zone,
    /// Of each team that was asked about: whose turn was next when it was read, and is now.
    pub turns: BTreeMap<String, (i64, i64)>,
}

/// A response that rules fire for, and who hears of it.
pub struct Alert<'a> {
    /// In the database.
    pub site_id: i64,
    /// Of the response.
    pub response_id: ResponseId,
    /// Number of the case that was opened for it.
    pub case: Option<i64>,
    /// There is no such response, and the mail says that it is a test, as if it came from this touchpoint.
    pub test_at: Option<&'a str>,
    /// Who is told now, and was not before.
    pub told: Vec<Told<'a>>,
}

/// Somebody who is told.
pub struct Told<'a> {
    /// Who.
    pub person_id: i64,
    /// The first rule that names them.
    pub rule: &'a VersionedRule,
    /// Why it does.
    pub why: Reason,
    /// When, Unix ms.
    pub at: i64,
    /// How many of these they hear of alone, unless a rule that names them tells each at once.
    pub grouped: Option<Grouped>,
}

impl Tellable {
    /// Those of a site.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Self> {
        let zone = Site::find_zone(conn, site_id)?.map_or(Zone::UTC, |zone| Zone::or_utc(&zone));
        Ok(Self { site_id, staff: load_for_rules(conn, site_id)?, zone, turns: BTreeMap::new() })
    }

    /// Everybody whom these rules name for a response to this touchpoint, at `now` (Unix ms): each once, by the first rule
    /// that names them, and when the first of them allows. Takes turns, which [`Self::save_turns`] keeps.
    ///
    /// # Errors
    /// What the database says.
    pub fn resolve<'a>(
        &mut self,
        conn: &mut AnyConnection,
        rules: &[&'a VersionedRule],
        touchpoint: &str,
        now: i64,
    ) -> QueryResult<Vec<Told<'a>>> {
        let has_owner =
            |one: &&VersionedRule| one.rule.who.iter().chain(&one.rule.fallback).any(|who| *who == Who::Owner);
        if rules.iter().any(has_owner) {
            load_owner(conn, self.site_id, touchpoint, &mut self.staff)?;
        }
        let mut told: Vec<Told<'a>> = Vec::new();
        for one in rules.iter().copied() {
            let team = team_in_turn(&one.rule.who);
            let next = team.map_or(Ok(0), |team| self.next_turn(conn, team))?;
            let (people, after) = resolve(&one.rule.who, &one.rule.fallback, &self.staff, now, next);
            if let Some((_, next)) = team.and_then(|team| self.turns.get_mut(team)) {
                *next = after;
            }
            for (person_id, why) in people {
                let at = self.told_at(one, person_id, now);
                let grouped = match one.rule.soon {
                    Soon::Now => None,
                    Soon::Grouped(grouped) => Some(grouped),
                };
                match told.iter_mut().find(|before| before.person_id == person_id) {
                    Some(before) => {
                        before.at = before.at.min(at);
                        before.grouped = before.grouped.and(grouped);
                    }
                    None => told.push(Told { person_id, rule: one, why, at, grouped }),
                }
            }
        }
        Ok(told)
    }

    fn next_turn(&mut self, conn: &mut AnyConnection, team: &str) -> QueryResult<i64> {
        if let Some((_, next)) = self.turns.get(team) {
            return Ok(*next);
        }
        let next = turn(conn, self.site_id, team)?;
        self.turns.insert(team.to_owned(), (next, next));
        Ok(next)
    }

    /// Keeps whose turns are next. The caller has had the site locked since the first of them was taken.
    ///
    /// # Errors
    /// What the database says.
    pub fn save_turns(&self, conn: &mut AnyConnection) -> QueryResult<()> {
        for (team, (_, next)) in self.turns.iter().filter(|(_, (read, next))| read != next) {
            set_turn(conn, self.site_id, team, *next)?;
        }
        Ok(())
    }

    /// Whether there is staff, or was.
    pub fn had_staff(&self) -> bool {
        !self.staff.people.is_empty()
    }

    /// When somebody is told by a rule that fires at `now` (both Unix ms): after its quiet hours, in their own zone.
    pub fn told_at(&self, one: &VersionedRule, person_id: i64, now: i64) -> i64 {
        told_at(&one.rule, &self.staff, &self.zone, person_id, now)
    }

    /// Where somebody's mail goes; empty when they are nobody of the site.
    pub fn email(&self, person_id: i64) -> String {
        self.staff.people.get(&person_id).map(|person| person.email.clone()).unwrap_or_default()
    }

    /// Who was told of a response by these messages, or will be, and by which.
    pub fn told_before<'m>(&self, messages: &'m [AboutResponse]) -> BTreeMap<i64, &'m AboutResponse> {
        // Those of an earlier version name no person.
        let person = |message: &AboutResponse| message.person_id().or_else(|| self.staff.find(&message.destination));
        messages.iter().filter_map(|message| Some((person(message)?, message))).collect()
    }
}

/// The rule of this name as it is in force; when there is none any more, one that tells the team "alerts".
pub fn rule_or_alerts(rules: &RuleSet, name: &str) -> VersionedRule {
    let in_force = rules.named(name).cloned();
    let to_alerts = || Rule { name: name.to_owned(), ..Rule::unhappy() };
    in_force.unwrap_or_else(|| VersionedRule { version: 0, rule: to_alerts() })
}

impl Alert<'_> {
    /// A message to each, made at `now` (Unix ms).
    pub fn messages(&self, tellable: &Tellable, now: i64) -> Vec<NewOutboxRow> {
        let message = |told: &Told<'_>| {
            let person = tellable.staff.people.get(&told.person_id)?;
            let Told { person_id, rule: VersionedRule { rule, .. }, why, at, .. } = told;
            let mut payload = json!({
                "rule": rule.name, "person": person_id, "why": why, "urgent": rule.urgent, "test": self.test_at.is_some()
            });
            if let Some(touchpoint) = self.test_at {
                payload["touchpoint"] = json!(touchpoint);
            }
            if let Some(number) = self.case {
                payload["case"] = json!(number);
            }
            let about = About {
                kind: ALERT_MAIL,
                lane: MAIL_LANE,
                destination: &person.email,
                subject: Subject::Response(*self.response_id.as_bytes()),
                person_id: *person_id,
                payload: &payload,
                due_at: *at,
            };
            Some(NewOutboxRow::new(self.site_id, new_id(UnixMillis(now)), &about, now))
        };
        self.told.iter().filter_map(message).collect()
    }
}

/// What somebody has of a response already.
#[derive(Default)]
pub struct Before<'m> {
    /// Messages to people.
    pub messages: BTreeMap<i64, &'m AboutResponse>,
    /// People who wait for the end of a window, or waited.
    pub groups: Vec<InGroup>,
}

impl Before<'_> {
    /// Takes out whoever was told before. What still waits for the end of quiet hours, or of a window, is told when they are
    /// told now; whether a message is due earlier. The caller has locked the site.
    ///
    /// # Errors
    /// What the database says.
    pub fn leave_out(
        &self,
        conn: &mut AnyConnection,
        (site_id, response_id): (i64, ResponseId),
        told_now: &mut Vec<Told<'_>>,
    ) -> QueryResult<bool> {
        let mut moved = false;
        for told in &*told_now {
            if let Some(message) = self.messages.get(&told.person_id).filter(|message| message.due_at > told.at) {
                moved |= told::send_at(conn, site_id, message, told.at)?;
            }
        }
        told_now.retain(|told| !self.messages.contains_key(&told.person_id));
        for group in self.groups.iter().filter(|group| group.kind == <&str>::from(GroupKind::Alert)) {
            let Some(place) = told_now.iter().position(|told| told.person_id == group.person_id) else { continue };
            if told_now[place].grouped.is_none() && group.closed_at.is_none() {
                alert_groups::take_out(conn, site_id, &group.group_id, response_id.as_bytes())?;
            } else {
                told_now.remove(place);
            }
        }
        Ok(moved)
    }
}
