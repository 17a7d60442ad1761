//! Who is told of unhappy customers when no rule says otherwise: the team "alerts", which every site has.

use diesel::prelude::*;

use super::{key_of, person_of, teams, write};
use crate::db::connection::AnyConnection;
use crate::db::journal::{By, SiteLock};
use crate::db::schema::{members, person_addresses, team_members};

/// Its name.
pub const ALERTS_TEAM: &str = "alerts";

/// Their addresses, in order.
///
/// # Errors
/// What the database says.
pub fn recipients(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<String>> {
    told()
        .filter(team_members::site_id.eq(site_id))
        .order(person_addresses::email)
        .select(person_addresses::email)
        .load(conn)
}

/// Up to `limit` of them, of any site; each once.
///
/// # Errors
/// What the database says.
pub fn some_recipients(conn: &mut AnyConnection, limit: i64) -> QueryResult<Vec<String>> {
    told().distinct().order(person_addresses::email).limit(limit).select(person_addresses::email).load(conn)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn told() -> _ {
    let name: &'static str = ALERTS_TEAM;
    let of_member = members::site_id.eq(team_members::site_id).and(members::person_id.eq(team_members::person_id));
    let address = person_addresses::person_id.eq(team_members::person_id).and(person_addresses::main);
    team_members::table
        .inner_join(members::table.on(of_member))
        .inner_join(person_addresses::table.on(address))
        .filter(team_members::team.eq(name))
        .filter(members::left_at.is_null())
}

/// Has whoever reads this address told from `now` (Unix ms) on, and makes them staff.
///
/// # Errors
/// What the database says.
pub fn add_recipient(conn: &mut AnyConnection, site: &mut SiteLock, email: &str, by: &By, now: i64) -> QueryResult<()> {
    let person_id = write::join(conn, site, email, by, now)?;
    teams::enter(conn, (site.site_id(), ALERTS_TEAM), person_id, now)
}

/// Has whoever reads this address told no more; they stay staff.
///
/// # Errors
/// What the database says.
pub fn remove_recipient(conn: &mut AnyConnection, site_id: i64, email: &str) -> QueryResult<()> {
    if let Some(person_id) = person_of(conn, &key_of(email))? {
        diesel::delete(team_members::table.find((site_id, ALERTS_TEAM, person_id))).execute(conn)?;
    }
    Ok(())
}

/// Nobody of a site is told any more.
///
/// # Errors
/// What the database says.
pub fn tell_nobody(conn: &mut AnyConnection, site_id: i64) -> QueryResult<usize> {
    diesel::delete(team_members::table.filter(team_members::site_id.eq(site_id))).execute(conn)
}
