//! Whether somebody hears of unhappy customers, and whether people who left are still named.

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use super::Check;
use crate::counted::counted;
use crate::db::AnyConnection;
use crate::db::left_behind::count_open_cases;
use crate::db::sites::Site;
use crate::db::staff::{Member, members_of};
use crate::db::touchpoints::Touchpoint;
use crate::staff::rules_that_name;
use crate::triage::{ADVICE, gaps};

const LEFT: &str = "name others with `counterbell rules put`, `touchpoint set --owner` and `staff set --manager`; `counterbell staff remove` \
                    once more hands on cases, as soon as a server runs";

/// One check of each. Without what the database did not tell: its own checks say why.
pub(super) fn checks(conn: &mut AnyConnection) -> Vec<Check> {
    let told = who_is_told(conn);
    told.into_iter().chain(who_left(conn)).collect()
}

fn who_is_told(conn: &mut AnyConnection) -> QueryResult<Check> {
    let (name, now) = ("who is told", UnixMillis::now().0);
    let mut found = Vec::new();
    for (site_id, site) in Site::all_keys(conn)? {
        found.extend(gaps(conn, site_id, now)?.into_iter().map(|gap| format!("{site}: {gap}")));
    }
    Ok(if found.is_empty() {
        Check::ok(name, "every rule tells somebody who is there")
    } else {
        Check::warning(name, found.join(". "), ADVICE)
    })
}

fn who_left(conn: &mut AnyConnection) -> QueryResult<Check> {
    let name = "who left";
    let mut found = Vec::new();
    for (site_id, site) in Site::all_keys(conn)? {
        let members = members_of(conn, site_id)?;
        let touchpoints = Touchpoint::all(conn, site_id)?;
        for left in members.iter().filter(|member| member.left_at.is_some()) {
            let named = still_named(conn, site_id, left, &members, &touchpoints)?;
            if !named.is_empty() {
                found.push(format!("person {} of {site} has left, but is still {}", left.person_id, named.join(", ")));
            }
        }
    }
    Ok(if found.is_empty() {
        Check::ok(name, "nobody who left is named by a rule, a touchpoint, a case or as a manager")
    } else {
        Check::warning(name, found.join(". "), LEFT)
    })
}

fn still_named(
    conn: &mut AnyConnection,
    site_id: i64,
    left: &Member,
    members: &[Member],
    touchpoints: &[Touchpoint],
) -> QueryResult<Vec<String>> {
    let rules = rules_that_name(conn, site_id, left)?.into_iter().map(|rule| format!("named by the rule {rule:?}"));
    let owned = touchpoints.iter().filter(|one| one.owner_id == Some(left.person_id));
    let owned = owned.map(|one| format!("the owner of the touchpoint {:?}", one.name));
    let managed = members.iter().filter(|other| other.manager_id == Some(left.person_id) && other.left_at.is_none());
    let managed = managed.map(|other| format!("the manager of person {}", other.person_id));
    let mut named: Vec<_> = rules.chain(owned).chain(managed).collect();
    let cases = count_open_cases(conn, site_id, left.person_id)?;
    if cases > 0 {
        named.push(format!("the owner of {}", counted(cases, "open case", "open cases")));
    }
    Ok(named)
}
