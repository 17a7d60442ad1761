//! Whether times can be shown in the zone of each site, and opening hours can be read.

use diesel::QueryResult;

use super::Check;
use crate::counted::counted;
use crate::db::sites::Site;
use crate::db::{AnyConnection, calendars};
use crate::touchpoints::is_readable;
use crate::zone::Zone;

/// Sites and touchpoints that are named.
const NAMED_MAX: usize = 5;

/// One check of zones, one of opening hours. Without what the database did not tell, such as that it has none yet: its own
/// checks say why.
pub(super) fn checks(conn: &mut AnyConnection) -> Vec<Check> {
    let zones = zones(conn);
    zones.into_iter().chain(opening_hours(conn)).collect()
}

fn zones(conn: &mut AnyConnection) -> QueryResult<Check> {
    let name = "time zones";
    let of_sites = Site::all_zones(conn)?;
    let of_touchpoints =
        calendars::own_zones(conn)?.into_iter().map(|(site_key, name, zone)| (touchpoint(&name, &site_key), zone));
    let unknown = of_sites.into_iter().chain(of_touchpoints).filter(|(_, zone)| zone.parse::<Zone>().is_err());
    let unknown: Vec<_> = unknown.map(|(whose, zone)| format!("{whose} has {zone:?}")).collect();
    if unknown.is_empty() {
        return Ok(Check::ok(name, "the zone of every site and touchpoint is known"));
    }
    let (zones, named) = (counted(unknown.len(), "zone", "zones"), some(&unknown));
    let found = format!(
        "this program does not know {zones}: mails of such a site show times in UTC, and such a touchpoint has the zone \
         of its site: {named}"
    );
    let advice = "run the newer version that stored it, or choose another with `counterbell site set SITE_KEY --zone NAME` or \
                  `counterbell touchpoint set NAME --zone ZONE`";
    Ok(Check::warning(name, found, advice))
}

fn opening_hours(conn: &mut AnyConnection) -> QueryResult<Check> {
    let name = "opening hours";
    let unreadable = calendars::all(conn)?.into_iter().filter(|(_, _, document)| !is_readable(document));
    let whose = |(site_key, of, _): (String, Option<String>, String)| match of {
        Some(name) => touchpoint(&name, &site_key),
        None => site_key,
    };
    let unreadable: Vec<_> = unreadable.map(whose).collect();
    if unreadable.is_empty() {
        return Ok(Check::ok(name, "every calendar can be read"));
    }
    let calendars = counted(unreadable.len(), "calendar", "calendars");
    let named = some(&unreadable);
    let found = format!("{calendars} cannot be read, and all time counts as open instead: {named}");
    let advice =
        "store them again with `counterbell site calendar` or `counterbell touchpoint set NAME --calendar FILE`";
    Ok(Check::warning(name, found, advice))
}

fn touchpoint(name: &str, site_key: &str) -> String {
    format!("{name:?} of {site_key}")
}

fn some(all: &[String]) -> String {
    all[..all.len().min(NAMED_MAX)].join(", ")
}
