//! What rules a site has, for its staff.

use std::collections::BTreeMap;

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{RuleDocument, stored_rule};
use crate::db::AnyConnection;
use crate::db::rules::{self, RuleState};

/// A rule, and every version of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleView {
    /// Its name.
    pub name: String,
    /// The version that counts; `None` when it is retired.
    pub in_force: Option<i32>,
    /// Oldest first.
    pub versions: Vec<RuleVersionView>,
}

/// A version of a rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleVersionView {
    /// Its number.
    pub version: i32,
    /// When it was put in force.
    pub created_at: UnixMillis,
    /// From when on it counts no more.
    pub retired_at: Option<UnixMillis>,
}

/// A version with its document.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownRule {
    /// Name of the rule.
    pub name: String,
    /// Its number.
    pub version: i32,
    /// Whether it counts.
    pub in_force: bool,
    /// Whether the program can read it; while one that is in force cannot be read, nobody is told of any response.
    pub readable: bool,
    /// As docs/ALERTS.md explains it, with every default; `None` when it is not even JSON.
    #[schema(value_type = Option<RuleDocument>)]
    pub document: Option<Value>,
}

/// Every rule of a site, by name.
///
/// # Errors
/// What the database says.
pub fn catalog(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<RuleView>> {
    let mut views: BTreeMap<String, RuleView> = BTreeMap::new();
    for RuleState { name, version, created_at, retired_at } in rules::list(conn, site_id)? {
        let new = || RuleView { name: name.clone(), in_force: None, versions: Vec::new() };
        let view = views.entry(name.clone()).or_insert_with(new);
        if retired_at.is_none() {
            view.in_force = Some(version);
        }
        let (created_at, retired_at) = (UnixMillis(created_at), retired_at.map(UnixMillis));
        view.versions.push(RuleVersionView { version, created_at, retired_at });
    }
    Ok(views.into_values().collect())
}

/// A version of a rule; when none is named, the one in force, else the newest.
///
/// # Errors
/// What the database says.
pub fn find_rule(
    conn: &mut AnyConnection,
    site_id: i64,
    name: &str,
    version: Option<i32>,
) -> QueryResult<Option<ShownRule>> {
    let Some(row) = rules::find(conn, site_id, name, version)? else { return Ok(None) };
    let (version, in_force) = (row.version, row.retired_at.is_none());
    let stored = stored_rule(row);
    let (readable, document) = (stored.read().is_some(), serde_json::from_str(&stored.document).ok());
    Ok(Some(ShownRule { name: stored.name, version, in_force, readable, document }))
}
