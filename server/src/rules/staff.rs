//! Who there is at a site to be told.

use std::collections::BTreeMap;

/// What is known of a site's staff, and of one alert.
#[derive(Clone, Debug, Default)]
pub struct Staff {
    /// By id.
    pub people: BTreeMap<i64, Person>,
    /// Ids of each team's members by the team's name, in the order of their turns.
    pub teams: BTreeMap<String, Vec<i64>>,
    /// Whom the touchpoint belongs to.
    pub owner: Option<i64>,
    /// The team that it belongs to when it has no owner.
    pub owner_team: Option<String>,
    /// Who was told of this alert so far.
    pub told: Vec<i64>,
}

/// A member of a site's staff.
#[derive(Clone, Default)]
pub struct Person {
    /// The main address, as it is stored.
    pub email: String,
    /// Other addresses of theirs.
    pub aliases: Vec<String>,
    /// IANA name of their time zone; `None` is the site's.
    pub zone: Option<String>,
    /// No longer on the site's staff: never told of anything.
    pub has_left: bool,
    /// First moment of an absence (Unix ms); `None` with an end: it has begun.
    pub absent_from: Option<i64>,
    /// First moment after an absence (Unix ms); `None` with a beginning: nobody knows.
    pub absent_to: Option<i64>,
    /// Whom to tell in their place.
    pub manager: Option<i64>,
}

impl Person {
    /// Whether they can be told at `now` (Unix ms).
    pub fn is_there(&self, now: i64) -> bool {
        let is_absent = (self.absent_from.is_some() || self.absent_to.is_some())
            && self.absent_from.is_none_or(|from| from <= now)
            && self.absent_to.is_none_or(|to| now < to);
        !self.has_left && !is_absent
    }
}

/// Never the address: a debug print may end in a log.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { has_left, absent_from, absent_to, manager, .. } = self;
        write!(f, "Person(left {has_left}, absent {absent_from:?} to {absent_to:?}, manager {manager:?})")
    }
}

impl Staff {
    /// Whether this person is known and can be told at `now` (Unix ms).
    pub fn is_there(&self, id: i64, now: i64) -> bool {
        self.people.get(&id).is_some_and(|person| person.is_there(now))
    }

    /// Whether this person is known and has not left.
    pub fn is_employed(&self, id: i64) -> bool {
        self.people.get(&id).is_some_and(|person| !person.has_left)
    }

    /// A person by any address; mail servers that tell letters by their case are unheard of.
    pub fn find(&self, email: &str) -> Option<i64> {
        let email = email.to_lowercase();
        let has_address = |person: &Person| {
            std::iter::once(&person.email).chain(&person.aliases).any(|address| address.to_lowercase() == email)
        };
        self.people.iter().find(|(_, person)| has_address(person)).map(|(id, _)| *id)
    }

    /// Members of a team in the order of their turns; none of a team that is not there.
    pub(super) fn members(&self, team: &str) -> &[i64] {
        self.teams.get(team).map_or(&[], Vec::as_slice)
    }

    /// The manager, the manager's manager and so on, less those who have left; ends where it comes round in a circle.
    pub(super) fn managers(&self, id: i64) -> impl Iterator<Item = i64> {
        let manager = |id: i64| self.people.get(&id)?.manager;
        let chain = std::iter::successors(manager(id), move |id| manager(*id));
        chain.take(self.people.len()).filter(move |one| *one != id && self.is_employed(*one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_may_be_open_at_either_end() {
        for (from, to, there) in [
            (None, None, [true, true, true]),
            (Some(10), Some(20), [true, false, true]),
            (Some(10), None, [true, false, false]),
            (None, Some(20), [false, false, true]),
        ] {
            let person = Person { absent_from: from, absent_to: to, ..Person::default() };
            assert_eq!([9, 10, 20].map(|now| person.is_there(now)), there, "{from:?} {to:?}");
            assert!(!Person { has_left: true, ..person }.is_there(9));
        }
    }

    #[test]
    fn managers_end_where_they_come_round() {
        let person = |manager| Person { manager, ..Person::default() };
        let people = [(1, person(Some(2))), (2, person(Some(3))), (3, person(Some(2))), (4, person(Some(4)))];
        let mut staff = Staff { people: people.into(), ..Staff::default() };
        let managers = |staff: &Staff, id| staff.managers(id).take(2).collect::<Vec<_>>();
        assert_eq!(managers(&staff, 1), [2, 3]);
        assert!(managers(&staff, 4).is_empty() && managers(&staff, 9).is_empty());
        staff.people.insert(2, Person { has_left: true, ..person(Some(3)) });
        assert_eq!(managers(&staff, 1)[0], 3);
    }
}
