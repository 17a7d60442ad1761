//! The alert rules of a site, as they are stored and read.

mod catalog;
mod put;
mod schema;

use std::sync::Arc;

use counterbell_shared::SiteKey;
use diesel::QueryResult;

use crate::db::AnyConnection;
use crate::db::journal::By;
use crate::db::rules::{self, RuleRow};
use crate::db::sites::{NewSite, Site};
use crate::rules::{Rule, RuleSet, StoredRule, When};

pub use catalog::{RuleView, ShownRule, catalog, find_rule};
pub use put::{Put, put_rule};
pub use schema::RuleDocument;

/// Makes a site with the rules that every site starts with, at `now` (Unix ms). Call in a transaction.
///
/// # Errors
/// What the database says.
pub fn create(conn: &mut AnyConnection, site_key: &SiteKey, new: &NewSite, by: &By, now: i64) -> QueryResult<Site> {
    let site = Site::create(conn, site_key, new, by, now)?;
    for rule in [Rule::unhappy(), Rule::silent()] {
        rules::insert(conn, (site.id, &rule.name, 1), &rule.to_string(), now)?;
    }
    Ok(site)
}

/// The rules of a site that are in force; `known` are not read again as long as they are the same.
///
/// # Errors
/// What the database says.
pub fn load_rules(conn: &mut AnyConnection, site_id: i64, known: Option<&Arc<RuleSet>>) -> QueryResult<Arc<RuleSet>> {
    let stored: Vec<_> = rules::in_force(conn, site_id)?.into_iter().map(stored_rule).collect();
    Ok(match known {
        Some(known) if known.stored() == stored => Arc::clone(known),
        _ => Arc::new(RuleSet::new(stored)),
    })
}

/// Site key and name of each rule in force that cannot be read, of every site.
///
/// # Errors
/// What the database says.
pub fn unreadable_rules(conn: &mut AnyConnection) -> QueryResult<Vec<(String, String)>> {
    let all = rules::in_force_anywhere(conn)?.into_iter().map(|(site_key, row)| (site_key, stored_rule(row)));
    Ok(all.filter(|(_, rule)| rule.read().is_none()).map(|(site_key, rule)| (site_key, rule.name)).collect())
}

/// Site key and name of each rule in force about touchpoints, of every site.
///
/// # Errors
/// What the database says.
pub fn timed_rules(conn: &mut AnyConnection) -> QueryResult<Vec<(String, String)>> {
    let is_timed = |rule: Rule| !matches!(rule.when, When::Response(_));
    let all = rules::in_force_anywhere(conn)?.into_iter().map(|(site_key, row)| (site_key, stored_rule(row)));
    Ok(all
        .filter(|(_, rule)| rule.read().is_some_and(is_timed))
        .map(|(site_key, rule)| (site_key, rule.name))
        .collect())
}

fn stored_rule(row: RuleRow) -> StoredRule {
    let RuleRow { name, version, document, .. } = row;
    StoredRule { name, version, document }
}
