//! Who there is at a site to be told, as rules see them.

use diesel::QueryResult;

use crate::db::AnyConnection;
use crate::db::staff::{Team, members_of};
use crate::db::touchpoints::Touchpoint;
use crate::rules::{Person, Staff};

/// The staff of a site, with whom a touchpoint belongs to.
///
/// # Errors
/// What the database says.
pub fn told_at(conn: &mut AnyConnection, site_id: i64, touchpoint: &str) -> QueryResult<Staff> {
    let people = members_of(conn, site_id)?.into_iter().map(|member| {
        let person = Person {
            email: member.email,
            has_left: member.left_at.is_some(),
            absent_from: member.absent_from,
            absent_to: member.absent_to,
            manager: member.manager_id,
        };
        (member.person_id, person)
    });
    let people = people.collect();
    let teams = Team::all(conn, site_id)?.into_iter().map(|team| (team.name, team.person_ids)).collect();
    let touchpoint = Touchpoint::find(conn, site_id, touchpoint)?;
    let (owner, owner_team) = touchpoint.map_or((None, None), |found| (found.owner_id, found.team));
    Ok(Staff { people, teams, owner, owner_team, told: Vec::new() })
}
