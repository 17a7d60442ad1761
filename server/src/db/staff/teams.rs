//! Teams of a site.

use diesel::prelude::*;

use super::ALERTS_TEAM;
use crate::db::connection::AnyConnection;
use crate::db::journal::{By, Event, SiteLock};
use crate::db::schema::{members, team_members, teams, touchpoints};

/// People who are told together, or one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// By which rules name it.
    pub name: String,
    /// For people.
    pub label: String,
    /// Unix ms.
    pub created_at: i64,
    /// Who is in it, in the order in which they joined it, which is the order of the round robin.
    pub person_ids: Vec<i64>,
}

impl Team {
    /// The teams of a site, by name.
    ///
    /// # Errors
    /// What the database says.
    pub fn all(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<Self>> {
        let rows: Vec<(String, String, i64)> = teams::table
            .filter(teams::site_id.eq(site_id))
            .filter(teams::removed_at.is_null())
            .order(teams::name)
            .select((teams::name, teams::label, teams::created_at))
            .load(conn)?;
        let of_member = members::site_id.eq(team_members::site_id).and(members::person_id.eq(team_members::person_id));
        let people: Vec<(String, i64)> = team_members::table
            .inner_join(members::table.on(of_member))
            .filter(team_members::site_id.eq(site_id))
            .filter(members::left_at.is_null())
            .order((team_members::joined_at, team_members::person_id))
            .select((team_members::team, team_members::person_id))
            .load(conn)?;
        let team = |(name, label, created_at): (String, String, i64)| {
            let person_ids = people.iter().filter(|(team, _)| *team == name).map(|(_, person_id)| *person_id).collect();
            Self { name, label, created_at, person_ids }
        };
        Ok(rows.into_iter().map(team).collect())
    }
}

/// Makes a team, or changes it, at `now` (Unix ms). `person_ids` are all who are in it from now on, in the
/// order of the round robin; each belongs to the site.
///
/// # Errors
/// What the database says.
pub fn put_team(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    (name, label): (&str, &str),
    person_ids: &[i64],
    by: &By,
    now: i64,
) -> QueryResult<()> {
    let site_id = site.site_id();
    let is_so = |team: Team| team.name == name && team.label == label && team.person_ids == person_ids;
    if Team::all(conn, site_id)?.into_iter().any(is_so) {
        return Ok(());
    }
    let there = teams::table.find((site_id, name));
    if diesel::update(there).set((teams::label.eq(label), teams::removed_at.eq(None::<i64>))).execute(conn)? == 0 {
        let row = (teams::site_id.eq(site_id), teams::name.eq(name), teams::label.eq(label), teams::created_at.eq(now));
        diesel::insert_into(teams::table).values(row).execute(conn)?;
    }
    let of_team = team_members::table.filter(team_members::site_id.eq(site_id)).filter(team_members::team.eq(name));
    diesel::delete(of_team).execute(conn)?;
    for (place, person_id) in (0..).zip(person_ids) {
        // One after the other.
        enter(conn, (site_id, name), *person_id, now + place)?;
    }
    site.append(conn, by, now, &[Event::TeamStored { name: name.to_owned() }])
}

/// Puts somebody in a team of a site, at `now` (Unix ms), unless they are in it. The caller has locked the site.
pub(super) fn enter(
    conn: &mut AnyConnection,
    (site_id, team): (i64, &str),
    person_id: i64,
    now: i64,
) -> QueryResult<()> {
    let there = team_members::table.find((site_id, team, person_id));
    if diesel::select(diesel::dsl::exists(there)).get_result(conn)? {
        return Ok(());
    }
    let row = (
        team_members::site_id.eq(site_id),
        team_members::team.eq(team),
        team_members::person_id.eq(person_id),
        team_members::joined_at.eq(now),
    );
    diesel::insert_into(team_members::table).values(row).execute(conn)?;
    Ok(())
}

/// Takes a team away, at `now` (Unix ms); whether there was one. Every site keeps the team "alerts".
///
/// # Errors
/// What the database says.
pub fn remove_team(conn: &mut AnyConnection, site: &mut SiteLock, name: &str, by: &By, now: i64) -> QueryResult<bool> {
    debug_assert_ne!(name, ALERTS_TEAM);
    let site_id = site.site_id();
    let team = teams::table.find((site_id, name)).filter(teams::removed_at.is_null());
    if diesel::update(team).set(teams::removed_at.eq(now)).execute(conn)? == 0 {
        return Ok(false);
    }
    let of_team = team_members::table.filter(team_members::site_id.eq(site_id)).filter(team_members::team.eq(name));
    diesel::delete(of_team).execute(conn)?;
    let of_touchpoint = touchpoints::table.filter(touchpoints::site_id.eq(site_id)).filter(touchpoints::team.eq(name));
    diesel::update(of_touchpoint).set(touchpoints::team.eq(None::<String>)).execute(conn)?;
    site.append(conn, by, now, &[Event::TeamRemoved { name: name.to_owned() }])?;
    Ok(true)
}

/// The position of the member whose turn is next in a team of a site; 0 of one that is not there.
///
/// # Errors
/// What the database says.
pub fn turn(conn: &mut AnyConnection, site_id: i64, team: &str) -> QueryResult<i64> {
    Ok(teams::table.find((site_id, team)).select(teams::turn).first(conn).optional()?.unwrap_or(0))
}

/// Keeps whose turn is next. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn set_turn(conn: &mut AnyConnection, site_id: i64, team: &str, turn: i64) -> QueryResult<()> {
    diesel::update(teams::table.find((site_id, team))).set(teams::turn.eq(turn)).execute(conn)?;
    Ok(())
}
