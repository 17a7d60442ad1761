//! What the leaving of somebody touches.

use diesel::QueryResult;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::AnyConnection;
use crate::db::left_behind::count_open_cases;
use crate::db::rules::in_force;
use crate::db::staff::{Member, find, key_of, members_of};
use crate::db::touchpoints::Touchpoint;
use crate::rules::{Rule, Who};

/// What the leaving of somebody touches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeavingView {
    /// How many cases that are not ended go back: nobody has them, and others are told.
    pub open_cases: i64,
    /// Names of rules in force that name them by an address: they tell nobody by that any more.
    pub rules: Vec<String>,
    /// Names of touchpoints that they owned, which have no owner now.
    pub touchpoints: Vec<String>,
    /// Numbers of people whose manager they were, who have none now.
    pub manager_of: Vec<i64>,
    /// Names of teams that they were in.
    pub teams: Vec<String>,
}

/// What it touches that somebody of a site leaves; `None` when nobody of that number belongs to it, or did.
///
/// # Errors
/// What the database says.
pub fn leaving(conn: &mut AnyConnection, site_id: i64, person_id: i64) -> QueryResult<Option<LeavingView>> {
    let Some(member) = find(conn, site_id, person_id)? else { return Ok(None) };
    let touchpoints = Touchpoint::all(conn, site_id)?.into_iter().filter(|one| one.owner_id == Some(person_id));
    let managed = members_of(conn, site_id)?.into_iter().filter(|other| other.manager_id == Some(person_id));
    Ok(Some(LeavingView {
        open_cases: count_open_cases(conn, site_id, person_id)?,
        touchpoints: touchpoints.map(|one| one.name).collect(),
        manager_of: managed.map(|other| other.person_id).collect(),
        rules: rules_that_name(conn, site_id, &member)?,
        teams: member.teams,
    }))
}

/// Names of the rules in force that name somebody by any of their addresses, whoever else they name.
///
/// # Errors
/// What the database says.
pub fn rules_that_name(conn: &mut AnyConnection, site_id: i64, member: &Member) -> QueryResult<Vec<String>> {
    let theirs = |who: &Who| match who {
        Who::Person(email) => member.aliases.iter().chain([&member.email]).any(|one| key_of(one) == key_of(email)),
        _ => false,
    };
    let names_them = |rule: &Rule| {
        let steps = rule.steps.iter().flat_map(|step| &step.who);
        rule.who.iter().chain(&rule.fallback).chain(steps).any(theirs)
    };
    let rules = in_force(conn, site_id)?.into_iter();
    let read = rules.filter(|row| Rule::parse(row.document.as_bytes()).is_ok_and(|rule| names_them(&rule)));
    Ok(read.map(|row| row.name).collect())
}
