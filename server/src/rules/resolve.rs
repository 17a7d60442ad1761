//! Who is told, of all whom a rule names.

use serde::{Deserialize, Serialize};

use super::{ALERTS_TEAM, Staff, Who};

/// Why somebody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The rule names them.
    Named,
    /// They are in this team.
    Team(String),
    /// It is their turn in this team.
    Turn(String),
    /// The touchpoint is theirs, or their team's.
    Owner,
    /// They are the manager of this person, who was told.
    ManagerOf(i64),
    /// This person is absent, and has them as manager.
    InPlaceOf(i64),
    /// The rule names them for when others are absent.
    Fallback,
    /// Nobody else is there, and they are in the team [`ALERTS_TEAM`].
    AlertsTeam,
    /// Nobody is there at all: they hear of it when they are back.
    NobodyThere,
}

/// The team whose turn a list of `who` takes, if it does.
pub fn team_in_turn(who: &[Who]) -> Option<&str> {
    who.iter().find_map(|who| if let Who::RoundRobin(team) = who { Some(team.as_str()) } else { None })
}

/// Who is told at `now` (Unix ms), each with the first reason there is, and the position of the next turn.
///
/// Turns pass over whoever is absent. Elsewhere the first manager up the line who is there is told in the place of
/// somebody absent. For whoever has neither, or is not known, the fallback is told beside the others; when that leaves
/// nobody, the team [`ALERTS_TEAM`]; when nobody of all these is there, they are told nevertheless. The result is empty
/// only when the site has none of them.
///
/// `turn` is a position in the team of [`team_in_turn`], any number: the team may have changed since. It stays as it is
/// when nobody takes a turn.
pub fn resolve(who: &[Who], fallback: &[Who], staff: &Staff, now: i64, turn: i64) -> (Vec<(i64, Reason)>, i64) {
    let mut told = Told { staff, now, people: Vec::new() };
    let mut next_turn = turn;
    // Not `all`, which would stop at the first.
    let is_somebody_missing = who.iter().fold(false, |missing, one| {
        let found = match one {
            Who::RoundRobin(team) => told.take_turn(team, turn).map(|next| next_turn = next).is_some(),
            one => told.tell_each(staff.named_by(one)),
        };
        missing || !found
    });
    if is_somebody_missing {
        fallback.iter().for_each(|one| {
            let named = staff.named_by(one);
            told.tell_each(named.into_iter().map(|(id, _)| (id, Reason::Fallback)).collect());
        });
    }
    if told.people.is_empty() {
        let alerts = staff.members(ALERTS_TEAM).iter();
        told.tell_each(alerts.map(|id| (*id, Reason::AlertsTeam)).collect());
    }
    if told.people.is_empty() {
        told.tell_absent([who, fallback, &[Who::Team(ALERTS_TEAM.to_owned())]]);
    }
    (told.people, next_turn)
}

/// Whether this means anybody who has not left, absent or not.
pub fn names_anybody(who: &Who, staff: &Staff) -> bool {
    staff.named_by(who).iter().any(|(id, _)| staff.is_employed(*id))
}

impl Staff {
    /// All who are meant, absent or not, each with the reason; in turns that is the whole team.
    fn named_by(&self, who: &Who) -> Vec<(i64, Reason)> {
        let all = |ids: &[i64], reason: Reason| ids.iter().map(|id| (*id, reason.clone())).collect();
        match who {
            Who::Person(email) => all(self.find(email).as_slice(), Reason::Named),
            Who::Team(team) | Who::RoundRobin(team) => all(self.members(team), Reason::Team(team.clone())),
            Who::Owner => match (self.owner, &self.owner_team) {
                (None, Some(team)) => all(self.members(team), Reason::Owner),
                (owner, _) => all(owner.as_slice(), Reason::Owner),
            },
            Who::Manager => {
                let manager = |id: &i64| Some((self.managers(*id).next()?, Reason::ManagerOf(*id)));
                self.told.iter().filter_map(manager).collect()
            }
        }
    }
}

struct Told<'a> {
    staff: &'a Staff,
    now: i64,
    people: Vec<(i64, Reason)>,
}

impl Told<'_> {
    fn tell(&mut self, id: i64, reason: Reason) {
        if self.people.iter().all(|(told, _)| *told != id) {
            self.people.push((id, reason));
        }
    }

    /// Tells each of them, or a manager in their place. Whether there was anybody, and somebody for each.
    fn tell_each(&mut self, named: Vec<(i64, Reason)>) -> bool {
        let employed: Vec<_> = named.into_iter().filter(|(id, _)| self.staff.is_employed(*id)).collect();
        employed.iter().fold(!employed.is_empty(), |found, (id, reason)| self.tell_or_manager(*id, reason) && found)
    }

    fn tell_or_manager(&mut self, id: i64, reason: &Reason) -> bool {
        let (staff, now) = (self.staff, self.now);
        if staff.is_there(id, now) {
            self.tell(id, reason.clone());
            return true;
        }
        let manager = staff.managers(id).find(|manager| staff.is_there(*manager, now));
        manager.map(|manager| self.tell(manager, Reason::InPlaceOf(id))).is_some()
    }

    /// Tells the first member from position `turn` on who is there, and gives the position after that.
    fn take_turn(&mut self, team: &str, turn: i64) -> Option<i64> {
        let members = self.staff.members(team);
        let count = i64::try_from(members.len()).ok().filter(|count| *count > 0)?;
        let first = turn.rem_euclid(count);
        let turns = (first..first + count).map(|turn| turn % count);
        let mut turns = turns.filter_map(|turn| Some((turn, *members.get(usize::try_from(turn).ok()?)?)));
        let (turn, id) = turns.find(|(_, id)| self.staff.is_there(*id, self.now))?;
        self.tell(id, Reason::Turn(team.to_owned()));
        Some((turn + 1) % count)
    }

    /// Tells those of the first list that has somebody who has not left.
    fn tell_absent(&mut self, lists: [&[Who]; 3]) {
        for list in lists {
            let named: Vec<_> = list.iter().flat_map(|who| self.staff.named_by(who)).collect();
            for (id, _) in named.into_iter().filter(|(id, _)| self.staff.is_employed(*id)) {
                self.tell(id, Reason::NobodyThere);
            }
            if !self.people.is_empty() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
