//! Staff as rules see them.

use diesel::QueryResult;

use crate::db::AnyConnection;
use crate::db::staff::{Member, Team, members_of};
use crate::db::touchpoints::Touchpoint;
use crate::rules::{Person, Rule, Staff};
use crate::zone::Zone;

/// Everybody whom a rule of a site can tell, and its teams. Whom a touchpoint belongs to is left open.
///
/// # Errors
/// What the database says.
pub fn load_for_rules(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Staff> {
    let person = |member: Member| {
        let person = Person {
            email: member.email,
            aliases: member.aliases,
            zone: member.zone,
            has_left: member.left_at.is_some(),
            absent_from: member.absent_from,
            absent_to: member.absent_to,
            manager: member.manager_id,
        };
        (member.person_id, person)
    };
    Ok(Staff {
        people: members_of(conn, site_id)?.into_iter().map(person).collect(),
        teams: Team::all(conn, site_id)?.into_iter().map(|team| (team.name, team.person_ids)).collect(),
        ..Staff::default()
    })
}

/// Fills in whom a touchpoint of the site belongs to.
///
/// # Errors
/// What the database says.
pub fn load_owner(conn: &mut AnyConnection, site_id: i64, touchpoint: &str, staff: &mut Staff) -> QueryResult<()> {
    let registered = Touchpoint::find(conn, site_id, touchpoint)?;
    (staff.owner, staff.owner_team) = registered.map_or((None, None), |one| (one.owner_id, one.team));
    Ok(())
}

/// When somebody is told by a rule at `now` (both Unix ms): after its quiet hours, in their own zone, else in the site's.
pub fn told_at(rule: &Rule, staff: &Staff, site_zone: &Zone, person_id: i64, now: i64) -> i64 {
    let own_zone = || staff.people.get(&person_id)?.zone.as_deref()?.parse::<Zone>().ok();
    let end = rule.quiet_hours.and_then(|quiet| quiet.end(now, own_zone().as_ref().unwrap_or(site_zone).rules()));
    end.unwrap_or(now)
}
