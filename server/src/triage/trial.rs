//! A mail that says that it is a test, to everybody whom a rule tells.

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use super::tell::{Alert, Tellable};
use crate::db::journal::{By, Event, SiteLock};
use crate::db::{AnyConnection, outbox};
use crate::ids::new_id;
use crate::rules::{Reason, VersionedRule};

/// Puts a test message to each whom a rule tells about a touchpoint in the outbox, at `now` (Unix ms); to whom, and why.
/// Nothing is counted, no turn is taken, and quiet hours do not hold it back. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn send_trial(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    (rule, touchpoint): (&VersionedRule, &str),
    by: &By,
    now: i64,
) -> QueryResult<Vec<(String, Reason)>> {
    let site_id = site.site_id();
    let mut tellable = Tellable::load(conn, site_id)?;
    let mut told = tellable.resolve(conn, &[rule], touchpoint, now)?;
    told.iter_mut().for_each(|told| told.at = now);
    let response_id = new_id(UnixMillis(now));
    let alert = Alert { site_id, response_id, case: None, test_at: Some(touchpoint), told };
    outbox::insert(conn, &alert.messages(&tellable, now))?;
    site.append(conn, by, now, &[Event::AlertTested { rule: rule.rule.name.clone(), version: rule.version }])?;
    Ok(alert.told.into_iter().map(|told| (tellable.email(told.person_id), told.why)).collect())
}
