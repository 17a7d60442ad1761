//! Whether the rules of a site reach anybody.

use std::fmt;

use diesel::QueryResult;

use crate::db::AnyConnection;
use crate::rules::{Reason, Rule, Staff, When, Who, names_anybody, resolve};
use crate::sites::load_rules;
use crate::staff::load_for_rules;

/// What to do about each.
pub const ADVICE: &str = "put somebody in the team \"alerts\" with `counterbell site set SITE_KEY --add-recipient EMAIL`, or name \
                          others with `counterbell rules put`";

/// Whom nobody hears of, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The site has no rule about responses.
    NoRule,
    /// A rule that tells nobody: whom it names has left, and the team "alerts" is empty.
    Nobody(String),
    /// A rule that tells the owner alone, for touchpoints without one.
    NoOwner(String),
    /// Of a rule all are away, and so are their managers.
    AllAway(String),
    /// Whom a rule names has left: the team "alerts" is told instead.
    OnlyAlerts(String),
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRule => {
                write!(f, "no alert rule about responses is in force, so nobody is told of unhappy customers")
            }
            Self::Nobody(rule) => {
                write!(
                    f,
                    "the rule {rule:?} tells nobody: none of those it names is left, and the team \"alerts\" is empty"
                )
            }
            Self::NoOwner(rule) => write!(
                f,
                "the rule {rule:?} tells nobody where a touchpoint has no owner: the team \"alerts\" is empty"
            ),
            Self::AllAway(rule) => {
                write!(f, "everybody whom the rule {rule:?} tells is away, and nobody is told in their place")
            }
            Self::OnlyAlerts(rule) => {
                write!(f, "none of those whom the rule {rule:?} names is left: the team \"alerts\" is told instead")
            }
        }
    }
}

/// What is missing of the rules of a site that are in force, at `now` (Unix ms).
///
/// # Errors
/// What the database says.
pub fn gaps(conn: &mut AnyConnection, site_id: i64, now: i64) -> QueryResult<Vec<Gap>> {
    let rules = load_rules(conn, site_id, None)?;
    let mut about_responses = rules.in_force().iter().filter(|one| matches!(one.rule.when, When::Response(_)));
    // One that cannot be read is told of by itself.
    let no_rule = about_responses.next().is_none() && rules.unreadable().is_empty();
    let staff = load_for_rules(conn, site_id)?;
    let gaps = rules.in_force().iter().filter_map(|one| gap(&one.rule, &staff, now));
    Ok(no_rule.then_some(Gap::NoRule).into_iter().chain(gaps).collect())
}

/// What is missing of one rule, whether it is in force or not.
///
/// # Errors
/// What the database says.
pub fn gap_of(conn: &mut AnyConnection, site_id: i64, rule: &Rule, now: i64) -> QueryResult<Option<Gap>> {
    Ok(gap(rule, &load_for_rules(conn, site_id)?, now))
}

fn gap(rule: &Rule, staff: &Staff, now: i64) -> Option<Gap> {
    let (told, _) = resolve(&rule.who, &rule.fallback, staff, now, 0);
    let names = || rule.who.iter().chain(&rule.fallback);
    let has_owner = names().any(|who| *who == Who::Owner);
    let all = |reason: &Reason| told.iter().all(|(_, why)| why == reason);
    let name = || rule.name.clone();
    if told.is_empty() {
        Some(if has_owner { Gap::NoOwner(name()) } else { Gap::Nobody(name()) })
    } else if all(&Reason::NobodyThere) {
        Some(Gap::AllAway(name()))
    } else if all(&Reason::AlertsTeam) && !has_owner && !names().any(|who| names_anybody(who, staff)) {
        Some(Gap::OnlyAlerts(name()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{ALERTS_TEAM, Person};

    #[test]
    fn rule_is_named_when_it_reaches_nobody_who_is_there() {
        let person =
            |left: bool, absent: Option<i64>| Person { has_left: left, absent_from: absent, ..Person::default() };
        let ann = |person| Staff { people: [(1, person)].into(), ..Staff::default() };
        let in_team = |team: &str, person| Staff { teams: [(team.to_owned(), vec![1])].into(), ..ann(person) };
        let rule = |who: Who| Rule { who: vec![who], ..Rule::unhappy() };
        let alerts = || Who::Team(ALERTS_TEAM.to_owned());
        let counter = || Who::Team("counter".to_owned());
        let name = || "unhappy".to_owned();
        for (who, staff, expected) in [
            (alerts(), in_team(ALERTS_TEAM, person(false, None)), None),
            (alerts(), in_team(ALERTS_TEAM, person(true, None)), Some(Gap::Nobody(name()))),
            (alerts(), in_team(ALERTS_TEAM, person(false, Some(5))), Some(Gap::AllAway(name()))),
            (counter(), in_team("counter", person(false, None)), None),
            (counter(), in_team(ALERTS_TEAM, person(false, None)), Some(Gap::OnlyAlerts(name()))),
            (Who::Owner, in_team(ALERTS_TEAM, person(false, None)), None),
            (Who::Owner, ann(person(false, None)), Some(Gap::NoOwner(name()))),
        ] {
            assert_eq!(gap(&rule(who.clone()), &staff, 9), expected, "{who:?}, {staff:?}");
        }
    }
}
