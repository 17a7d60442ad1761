//! Teams of a site.

use std::collections::HashSet;

use counterbell_shared::limits::TEAMS_MAX;
use counterbell_shared::problem::FieldError;
use diesel::QueryResult;

use super::documents::TeamDocument;
use super::views::TeamView;
use super::{Asker, Refused, Stored};
use crate::db::staff::{self, ALERTS_TEAM, Team};
use crate::db::{AnyConnection, journal};

/// The teams of a site, by name.
///
/// # Errors
/// What the database says.
pub fn list_teams(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<TeamView>> {
    Ok(Team::all(conn, site_id)?.into_iter().map(TeamView::from).collect())
}

/// The team of this name.
///
/// # Errors
/// What the database says.
pub fn find_team(conn: &mut AnyConnection, site_id: i64, name: &str) -> QueryResult<Option<TeamView>> {
    Ok(list_teams(conn, site_id)?.into_iter().find(|team| team.name == name))
}

/// Stores a team of a site in the place of the one of this name, at `now` (Unix ms). Call in a transaction that writes.
///
/// # Errors
/// What the database says.
pub fn put_team(
    conn: &mut AnyConnection,
    site_id: i64,
    name: &str,
    team: &TeamDocument,
    asker: &Asker,
    now: i64,
) -> QueryResult<Result<Stored<TeamView>, Refused>> {
    let mut site = journal::lock(conn, site_id)?;
    let teams = Team::all(conn, site_id)?;
    let is_new = teams.iter().all(|known| known.name != name);
    let mut errors = wrong_members(conn, site_id, &team.members)?;
    if is_new && teams.len() >= TEAMS_MAX {
        errors.push(FieldError::new("", format!("the site has {TEAMS_MAX} teams, which is the most")));
    }
    if !errors.is_empty() {
        return Ok(Err(Refused::InvalidTeam(errors)));
    }
    staff::put_team(conn, &mut site, (name, team.label.as_str()), &team.members, &asker.by, now)?;
    let stored = find_team(conn, site_id, name)?.ok_or(diesel::result::Error::NotFound)?;
    Ok(Ok(Stored { is_new, view: stored }))
}

/// All who cannot be in a team of this site, or are named again.
fn wrong_members(conn: &mut AnyConnection, site_id: i64, person_ids: &[i64]) -> QueryResult<Vec<FieldError>> {
    let staff = staff::members_of(conn, site_id)?.into_iter().filter(|member| member.left_at.is_none());
    let staff: HashSet<_> = staff.map(|member| member.person_id).collect();
    let mut named = HashSet::new();
    let fault = |(place, id): (usize, &i64)| {
        let detail = match (staff.contains(id), named.insert(*id)) {
            (false, _) => "does not belong to the site",
            (true, false) => "is in the team already",
            (true, true) => return None,
        };
        Some(FieldError::new(format!("/members/{place}"), detail))
    };
    Ok(person_ids.iter().enumerate().filter_map(fault).collect())
}

/// Takes a team of a site away, at `now` (Unix ms); whether there was one. Call in a transaction that writes.
///
/// # Errors
/// What the database says.
pub fn remove_team(
    conn: &mut AnyConnection,
    site_id: i64,
    name: &str,
    asker: &Asker,
    now: i64,
) -> QueryResult<Result<bool, Refused>> {
    if name == ALERTS_TEAM {
        return Ok(Err(Refused::TeamNeeded));
    }
    let mut site = journal::lock(conn, site_id)?;
    staff::remove_team(conn, &mut site, name, &asker.by, now).map(Ok)
}
