//! Staff: people, what each is on a site, and teams.
//!
//! A person is one row of the installation, by address, whichever sites name them. Nobody is deleted who leaves: the history
//! names them.

mod recipients;
mod teams;
mod write;

use std::collections::HashMap;

use diesel::prelude::*;

pub use recipients::{ALERTS_TEAM, add_recipient, recipients, remove_recipient, some_recipients, tell_nobody};
pub use teams::{Team, put_team, remove_team, set_turn, turn};
pub use write::{Absence, Change, NewMember, Refused, STAFF_LEFT, add, change, delete_unnamed, leave, who_left};

use super::connection::AnyConnection;
use super::schema::{members, people, person_addresses, team_members};

/// Somebody who belongs to a site, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// In the database.
    pub person_id: i64,
    /// Where mail goes.
    pub email: String,
    /// Other addresses of theirs, by which they are known when they write.
    pub aliases: Vec<String>,
    /// Empty when nobody gave it.
    pub name: String,
    /// In which they read; `None` is the site's.
    pub language: Option<String>,
    /// IANA name of their time zone; `None` is the site's.
    pub zone: Option<String>,
    /// Of their links.
    pub link_generation: i32,
    /// Who is told in their place.
    pub manager_id: Option<i64>,
    /// Unix ms.
    pub absent_from: Option<i64>,
    /// Unix ms; no more from then on. `None` with a beginning has no end yet.
    pub absent_to: Option<i64>,
    /// Unix ms.
    pub joined_at: i64,
    /// Unix ms.
    pub left_at: Option<i64>,
    /// Names of the teams they are in, in order.
    pub teams: Vec<String>,
}

impl Member {
    /// What people call them by: their name, else their address.
    pub fn called(&self) -> &str {
        if self.name.is_empty() { &self.email } else { &self.name }
    }

    /// Whether they are away at this moment (Unix ms).
    pub fn is_absent(&self, now: i64) -> bool {
        is_absent(self.absent_from, self.absent_to, now)
    }
}

/// Whether `now` is within an absence, all in Unix ms.
fn is_absent(from: Option<i64>, to: Option<i64>, now: i64) -> bool {
    from.is_some_and(|from| from <= now) && to.is_none_or(|to| now < to)
}

/// An address as it is compared: two that differ in the case of ASCII letters are one.
pub fn key_of(email: &str) -> String {
    email.trim().to_ascii_lowercase()
}

type MemberColumns =
    (i64, String, Option<String>, Option<String>, i32, Option<i64>, Option<i64>, Option<i64>, i64, Option<i64>);

/// Everybody of a site in the order in which they joined, those who left included.
///
/// # Errors
/// What the database says.
pub fn members_of(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<Member>> {
    let rows: Vec<MemberColumns> = members::table
        .inner_join(people::table.on(people::id.eq(members::person_id)))
        .filter(members::site_id.eq(site_id))
        .order((members::joined_at, members::person_id))
        .select((
            members::person_id,
            people::name,
            people::language,
            people::zone,
            people::link_generation,
            members::manager_id,
            members::absent_from,
            members::absent_to,
            members::joined_at,
            members::left_at,
        ))
        .load(conn)?;
    let addresses: Vec<(i64, String, bool)> = person_addresses::table
        .inner_join(members::table.on(members::person_id.eq(person_addresses::person_id)))
        .filter(members::site_id.eq(site_id))
        .order(person_addresses::email_key)
        .select((person_addresses::person_id, person_addresses::email, person_addresses::main))
        .load(conn)?;
    let in_teams: Vec<(i64, String)> = team_members::table
        .filter(team_members::site_id.eq(site_id))
        .order(team_members::team)
        .select((team_members::person_id, team_members::team))
        .load(conn)?;
    let (mut mains, mut aliases) = (HashMap::new(), HashMap::<i64, Vec<String>>::new());
    for (person_id, email, main) in addresses {
        if main {
            mains.insert(person_id, email);
        } else {
            aliases.entry(person_id).or_default().push(email);
        }
    }
    let mut teams = HashMap::<i64, Vec<String>>::new();
    for (person_id, team) in in_teams {
        teams.entry(person_id).or_default().push(team);
    }
    let member = |row: MemberColumns| {
        let (person_id, name, language, zone, link_generation, manager_id, absent_from, absent_to, joined_at, left_at) =
            row;
        Member {
            person_id,
            email: mains.remove(&person_id).unwrap_or_default(),
            aliases: aliases.remove(&person_id).unwrap_or_default(),
            name,
            language,
            zone,
            link_generation,
            manager_id,
            absent_from,
            absent_to,
            joined_at,
            left_at,
            teams: teams.remove(&person_id).unwrap_or_default(),
        }
    };
    Ok(rows.into_iter().map(member).collect())
}

/// Somebody of a site, or who was.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut AnyConnection, site_id: i64, person_id: i64) -> QueryResult<Option<Member>> {
    // A site's staff are few.
    Ok(members_of(conn, site_id)?.into_iter().find(|member| member.person_id == person_id))
}

/// Whether somebody belongs to a site.
///
/// # Errors
/// What the database says.
pub fn belongs(conn: &mut AnyConnection, site_id: i64, person_id: i64) -> QueryResult<bool> {
    let there = members::table.find((site_id, person_id)).filter(members::left_at.is_null());
    diesel::select(diesel::dsl::exists(there)).get_result(conn)
}

/// Everybody who has left a site, by id.
///
/// # Errors
/// What the database says.
pub fn who_has_left(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<i64>> {
    members::table
        .filter(members::site_id.eq(site_id))
        .filter(members::left_at.is_not_null())
        .select(members::person_id)
        .load(conn)
}

/// The person of this address, on whichever site.
///
/// # Errors
/// What the database says.
pub fn person_of(conn: &mut AnyConnection, email: &str) -> QueryResult<Option<i64>> {
    person_addresses::table.find(key_of(email)).select(person_addresses::person_id).first(conn).optional()
}

/// Name of the time zone of a person, on whichever site.
///
/// # Errors
/// What the database says.
pub fn zone_of(conn: &mut AnyConnection, person_id: i64) -> QueryResult<Option<String>> {
    Ok(people::table.find(person_id).select(people::zone).first(conn).optional()?.flatten())
}

/// Whether a person belongs to another site than these.
///
/// # Errors
/// What the database says.
pub fn works_elsewhere(conn: &mut AnyConnection, person_id: i64, site_ids: &[i64]) -> QueryResult<bool> {
    let sites: Vec<i64> = members::table
        .filter(members::person_id.eq(person_id))
        .filter(members::left_at.is_null())
        .select(members::site_id)
        .load(conn)?;
    Ok(sites.iter().any(|site_id| !site_ids.contains(site_id)))
}
