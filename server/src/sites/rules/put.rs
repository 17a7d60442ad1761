//! Storing rules.

use std::collections::BTreeSet;

use counterbell_shared::limits::RULES_MAX;
use counterbell_shared::problem::FieldError;
use diesel::QueryResult;

use crate::db::journal::{By, SiteLock};
use crate::db::rules::{in_force, store};
use crate::db::staff::{Team, key_of, members_of};
use crate::db::{AnyConnection, alert_groups};
use crate::rules::{Grouped, Rule, Soon, Who};

/// What became of a rule that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Put {
    /// The version that is in force.
    pub version: i32,
    /// Whether it was stored now; else the version in force says the same.
    pub is_new: bool,
}

/// Puts a rule in force, at `now` (Unix ms), unless the version in force says the same. The caller has locked the site.
///
/// # Errors
/// What the database says; inside, what is refused of it, each with a JSON pointer.
pub fn put_rule(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    rule: &Rule,
    by: &By,
    now: i64,
) -> QueryResult<Result<Put, Vec<FieldError>>> {
    let site_id = site.site_id();
    let refused = refused(conn, site_id, rule)?;
    if !refused.is_empty() {
        return Ok(Err(refused));
    }
    let known = in_force(conn, site_id)?;
    let document = rule.to_string();
    match known.iter().find(|known| known.name == rule.name) {
        Some(same) if same.document == document => Ok(Ok(Put { version: same.version, is_new: false })),
        None if known.len() >= RULES_MAX => {
            let detail = format!("would be one more than the {RULES_MAX} that a site can have in force: retire one");
            Ok(Err(vec![FieldError::new("/name", detail)]))
        }
        _ => {
            let version = store(conn, site, (&rule.name, &document), by, now)?;
            let window_ms = if let Soon::Grouped(Grouped { window, .. }) = rule.soon { window.as_ms() } else { 0 };
            alert_groups::shorten(conn, site_id, &rule.name, window_ms)?;
            Ok(Ok(Put { version, is_new: true }))
        }
    }
}

/// What a rule says that this site does not have.
fn refused(conn: &mut AnyConnection, site_id: i64, rule: &Rule) -> QueryResult<Vec<FieldError>> {
    let mut refused = Vec::new();
    if rule.name == "test" {
        refused.push(FieldError::new("/name", "must be another name: the API has something else at this address"));
    }
    let staff: BTreeSet<String> = members_of(conn, site_id)?
        .into_iter()
        .filter(|member| member.left_at.is_none())
        .flat_map(|member| member.aliases.into_iter().chain([member.email]))
        .map(|email| key_of(&email))
        .collect();
    let teams: BTreeSet<String> = Team::all(conn, site_id)?.into_iter().map(|team| team.name).collect();
    let steps = rule.steps.iter().enumerate().map(|(place, step)| (format!("/steps/{place}/who"), &step.who));
    let lists = [("/who".to_owned(), &rule.who), ("/fallback".to_owned(), &rule.fallback)];
    for (list, all) in lists.into_iter().chain(steps) {
        for (place, who) in all.iter().enumerate() {
            let (member, is_there, detail) = match who {
                Who::Person(email) => {
                    ("person", staff.contains(&key_of(email)), "is nobody of the site's staff: add them first")
                }
                Who::Team(team) => ("team", teams.contains(team), "is no team of the site: make it first"),
                Who::RoundRobin(team) => ("round_robin", teams.contains(team), "is no team of the site: make it first"),
                Who::Owner | Who::Manager => continue,
            };
            if !is_there {
                refused.push(FieldError::new(format!("{list}/{place}/{member}"), detail));
            }
        }
    }
    Ok(refused)
}
