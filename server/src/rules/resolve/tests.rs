//! Whom a rule tells: cases, and what holds for any staff.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::rules::{Person, strategies};

const NOW: i64 = 100;

/// Ann 1, Bob 2, Cleo 3 (their manager), Dan 4; the counter is Ann, Bob, Cleo.
fn staff() -> Staff {
    let person = |email: &str, manager| Person { email: email.to_owned(), manager, ..Person::default() };
    Staff {
        people: [
            (1, person("ann@shop.example", Some(3))),
            (2, person("bob@shop.example", Some(3))),
            (3, person("cleo@shop.example", None)),
            (4, person("dan@shop.example", None)),
        ]
        .into(),
        teams: [("counter".to_owned(), vec![1, 2, 3]), (ALERTS_TEAM.to_owned(), vec![4])].into(),
        ..Staff::default()
    }
}

fn absent(ids: &[i64]) -> Staff {
    let mut staff = staff();
    for id in ids {
        staff.people.get_mut(id).unwrap().absent_from = Some(NOW);
    }
    staff
}

fn gone(id: i64) -> Staff {
    let mut staff = staff();
    staff.people.get_mut(&id).unwrap().has_left = true;
    staff
}

fn team(name: &str) -> Who {
    Who::Team(name.to_owned())
}

fn person(name: &str) -> Who {
    Who::Person(format!("{name}@Shop.example"))
}

fn told(who: &[Who], fallback: &[Who], staff: &Staff) -> Vec<(i64, Reason)> {
    resolve(who, fallback, staff, NOW, 0).0
}

fn in_counter() -> Reason {
    Reason::Team("counter".to_owned())
}

#[test]
fn each_is_told_once_with_the_first_reason() {
    let staff = Staff { owner: Some(2), ..staff() };
    let who = [person("ANN"), Who::Owner, team("counter")];
    assert_eq!(told(&who, &[], &staff), [(1, Reason::Named), (2, Reason::Owner), (3, in_counter())]);
}

#[test]
fn manager_is_told_in_the_place_of_somebody_absent() {
    assert_eq!(told(&[person("ann")], &[person("dan")], &absent(&[1])), [(3, Reason::InPlaceOf(1))]);
    assert_eq!(told(&[team("counter")], &[], &absent(&[1])), [(3, Reason::InPlaceOf(1)), (2, in_counter())]);
    let back = Staff { people: absent(&[1]).people, ..staff() };
    let (told, _) = resolve(&[person("ann")], &[], &back, NOW - 1, 0);
    assert_eq!(told, [(1, Reason::Named)], "the absence has not begun");
}

#[test]
fn fallback_is_told_where_no_manager_is_there() {
    let fallback = [person("dan")];
    assert_eq!(told(&[person("ann")], &fallback, &absent(&[1, 3])), [(4, Reason::Fallback)]);
    let who = [person("bob"), person("ann")];
    let both = [(2, Reason::Named), (4, Reason::Fallback)];
    assert_eq!(told(&who, &fallback, &absent(&[1, 3])), both);
    assert_eq!(told(&[person("cleo")], &fallback, &gone(3)), [(4, Reason::Fallback)]);
    assert_eq!(told(&[team("nobodys"), Who::Owner], &fallback, &staff()), [(4, Reason::Fallback)]);
    assert_eq!(told(&[person("bob")], &fallback, &staff()), [(2, Reason::Named)]);
}

#[test]
fn team_alerts_is_told_when_nobody_else_is_there() {
    assert_eq!(told(&[Who::Owner], &[], &staff()), [(4, Reason::AlertsTeam)]);
    assert_eq!(told(&[Who::Owner], &[person("cleo")], &absent(&[3])), [(4, Reason::AlertsTeam)]);
    assert_eq!(told(&[team("gone"), person("bob")], &[], &staff()), [(2, Reason::Named)]);
}

#[test]
fn those_who_are_away_are_told_when_nobody_is_there_at_all() {
    let all_away = absent(&[1, 2, 3, 4]);
    assert_eq!(told(&[person("bob")], &[person("ann")], &all_away), [(2, Reason::NobodyThere)]);
    assert_eq!(told(&[Who::Owner], &[], &all_away), [(4, Reason::NobodyThere)]);
    assert!(told(&[person("bob")], &[], &Staff::default()).is_empty());
}

#[test]
fn touchpoint_without_an_owner_is_its_teams() {
    let owner_team = Some("counter".to_owned());
    let ids = |staff: &Staff| told(&[Who::Owner], &[], staff).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(ids(&Staff { owner_team: owner_team.clone(), ..staff() }), [1, 2, 3]);
    assert_eq!(ids(&Staff { owner: Some(2), owner_team, ..staff() }), [2]);
}

#[test]
fn step_tells_the_managers_of_those_who_were_told() {
    let with_told = |told: &[i64], staff: Staff| Staff { told: told.to_vec(), ..staff };
    let managers = |staff: &Staff| told(&[Who::Manager], &[], staff);
    assert_eq!(managers(&with_told(&[1, 2], staff())), [(3, Reason::ManagerOf(1))]);
    assert_eq!(managers(&with_told(&[1, 3], staff())), [(3, Reason::ManagerOf(1))]);
    assert_eq!(managers(&with_told(&[3], staff())), [(4, Reason::AlertsTeam)], "Cleo has none");
    assert_eq!(managers(&with_told(&[1], absent(&[3]))), [(4, Reason::AlertsTeam)]);
    let mut staff = absent(&[3]);
    staff.people.get_mut(&3).unwrap().manager = Some(4);
    assert_eq!(managers(&with_told(&[1], staff)), [(4, Reason::InPlaceOf(3))]);
}

#[test]
fn turns_go_round_and_pass_over_who_is_absent() {
    let who = [Who::RoundRobin("counter".to_owned())];
    assert_eq!(team_in_turn(&who), Some("counter"));
    let turns = |staff: &Staff, first: i64| {
        let mut turn = first;
        let mut take = || {
            let (told, next) = resolve(&who, &[], staff, NOW, turn);
            turn = next;
            told
        };
        let turns: Vec<_> = (0..4).flat_map(|_| take()).map(|(id, _)| id).collect();
        turns
    };
    assert_eq!(turns(&staff(), 0), [1, 2, 3, 1]);
    assert_eq!(turns(&absent(&[2]), 0), [1, 3, 1, 3]);
    assert_eq!(turns(&staff(), 7), [2, 3, 1, 2]);
    assert_eq!(turns(&staff(), i64::MIN).len(), 4);
    assert_eq!(turns(&absent(&[1, 2, 3]), 1), [4, 4, 4, 4], "no manager stands in for a turn");
    assert_eq!(resolve(&who, &[], &absent(&[1, 2, 3]), NOW, 7).1, 7);
}

fn ids(told: &[(i64, Reason)]) -> Vec<i64> {
    told.iter().map(|(id, _)| *id).collect()
}

proptest! {
    #[test]
    fn nobody_is_told_twice_or_after_leaving(
        rule in strategies::rule(), staff in strategies::staff(), turn: i64,
    ) {
        for who in std::iter::once(&rule.who).chain(rule.steps.iter().map(|step| &step.who)) {
            let (told, next) = resolve(who, &rule.fallback, &staff, NOW, turn);
            let told = ids(&told);
            prop_assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len());
            prop_assert!(told.iter().all(|id| staff.people.get(id).is_some_and(|person| !person.has_left)));
            prop_assert!(next == turn || staff.teams.values().any(|team| (0..team.len() as i64).contains(&next)));
        }
    }

    #[test]
    fn somebody_who_is_there_is_told_while_there_is_anybody(
        rule in strategies::rule(), staff in strategies::staff(), turn: i64,
    ) {
        let (told, _) = resolve(&rule.who, &rule.fallback, &staff, NOW, turn);
        let meant = |who: &[Who]| -> Vec<i64> {
            let named: Vec<_> = who.iter().flat_map(|who| staff.named_by(who)).collect();
            ids(&named)
        };
        let meant = [meant(&rule.who), meant(&rule.fallback), staff.members(ALERTS_TEAM).to_vec()].concat();
        if meant.iter().any(|id| staff.is_there(*id, NOW)) {
            prop_assert!(!told.is_empty());
            prop_assert!(told.iter().all(|(id, _)| staff.is_there(*id, NOW)));
        }
        if meant.iter().any(|id| staff.is_employed(*id)) {
            prop_assert!(!told.is_empty());
        }
    }

    #[test]
    fn everybody_who_is_named_and_there_is_told(rule in strategies::rule(), staff in strategies::staff(), turn: i64) {
        let told = ids(&resolve(&rule.who, &rule.fallback, &staff, NOW, turn).0);
        let all = rule.who.iter().filter(|who| !matches!(who, Who::RoundRobin(_)));
        for (id, _) in all.flat_map(|who| staff.named_by(who)) {
            prop_assert!(told.contains(&id) || !staff.is_there(id, NOW));
        }
    }

    #[test]
    fn turns_are_shared_equally(staff in strategies::staff(), rounds in 1..5usize, first: i64) {
        let who = [Who::RoundRobin("counter".to_owned())];
        let there: Vec<_> = staff.members("counter").iter().filter(|id| staff.is_there(**id, NOW)).collect();
        let mut turn = first;
        let mut taken = Vec::new();
        for _ in 0..rounds * there.len() {
            let (told, next) = resolve(&who, &[], &staff, NOW, turn);
            taken.extend(ids(&told));
            turn = next;
        }
        for id in there {
            prop_assert_eq!(taken.iter().filter(|one| *one == id).count(), rounds);
        }
    }
}
