//! Whether times can be shown in the zone of each site.

use diesel::QueryResult;

use super::Check;
use crate::db::AnyConnection;
use crate::db::sites::Site;
use crate::zone::Zone;

/// Sites that are named.
const NAMED_MAX: usize = 5;

/// # Errors
/// What the database says, such as that it has no zones yet.
pub(super) fn check(conn: &mut AnyConnection) -> QueryResult<Check> {
    let name = "time zones";
    let zones = Site::all_zones(conn)?;
    let unknown: Vec<_> = zones.iter().filter(|(_, zone)| zone.parse::<Zone>().is_err()).collect();
    if unknown.is_empty() {
        return Ok(Check::ok(name, "the zone of every site is known"));
    }
    let named: Vec<_> =
        unknown.iter().take(NAMED_MAX).map(|(site_key, zone)| format!("{site_key} has {zone:?}")).collect();
    let (count, named) = (unknown.len(), named.join(", "));
    let found = format!("this program does not know the zone of {count} sites, whose mails show times in UTC: {named}");
    let advice =
        "run the newer version that stored it, or choose another with `counterbell site set SITE_KEY --zone NAME`";
    Ok(Check::warning(name, found, advice))
}
