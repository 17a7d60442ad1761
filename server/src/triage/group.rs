//! Alerts that are too many to be told one by one.

use counterbell_shared::ResponseId;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use diesel::QueryResult;
use serde_json::json;

use super::tell::{Tellable, Told};
use crate::db::alert_groups::{ALERT_GROUP, AlertGroup};
use crate::db::journal::SiteLock;
use crate::db::outbox::{AboutGroup, MAIL_LANE, NewOutboxRow};
use crate::db::timers::Timer;
use crate::db::{AnyConnection, outbox};
use crate::ids::new_id;
use crate::mail::GROUP_MAIL;
use crate::rules::Reason;
use crate::sites::load_rules;
use crate::timers::{Handler, Next};

/// The longest window of a rule.
const LONGEST_MS: i64 = counterbell_shared::limits::RULE_MAX_DAYS as i64 * DAY_MS;

/// Takes out those who have heard enough of a rule in this window: the response waits for its end with the others. The
/// caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn group(
    conn: &mut AnyConnection,
    site_id: i64,
    (response_id, touchpoint): (ResponseId, &str),
    told: &mut Vec<Told<'_>>,
    now: i64,
) -> QueryResult<()> {
    let mut alone = Vec::with_capacity(told.len());
    for told in told.drain(..) {
        let Some(grouped) = told.grouped else {
            alone.push(told);
            continue;
        };
        let whose = (site_id, told.person_id, told.rule.rule.name.as_str());
        match AlertGroup::open_at(conn, whose, now)? {
            None => {
                let ends_at = now + grouped.window.as_ms();
                AlertGroup::open(conn, whose, new_id(UnixMillis(now)), (now, ends_at))?;
                alone.push(told);
            }
            Some(window) if i64::from(window.told) < i64::from(grouped.most) => {
                window.count_told(conn)?;
                alone.push(told);
            }
            Some(window) => window.add(conn, response_id.as_bytes(), touchpoint)?,
        }
    }
    *told = alone;
    Ok(())
}

/// Tells the rest at the end of a window.
#[derive(Clone, Copy, Debug)]
pub struct EndOfWindow;

impl Handler for EndOfWindow {
    fn kind(&self) -> &'static str {
        ALERT_GROUP
    }

    fn longest_ms(&self) -> i64 {
        LONGEST_MS
    }

    fn fire(&self, conn: &mut AnyConnection, site: &mut SiteLock, timer: &Timer, now: i64) -> QueryResult<Next> {
        let Some(group) = AlertGroup::find(conn, site.site_id(), &timer.subject)? else { return Ok(Next::Done) };
        if now < group.ends_at {
            return Ok(Next::At(group.ends_at));
        }
        if group.close(conn, now)? && group.count(conn)? > 0 {
            let messages = messages(conn, &group, now)?;
            outbox::insert(conn, &messages)?;
        }
        Ok(Next::Done)
    }
}

/// To whom the group belongs; to all whom the rule tells by then, should they have left.
fn messages(conn: &mut AnyConnection, group: &AlertGroup, now: i64) -> QueryResult<Vec<NewOutboxRow>> {
    let site_id = group.site_id;
    let mut tellable = Tellable::load(conn, site_id)?;
    let rules = load_rules(conn, site_id, None)?;
    let rule = rules.in_force().iter().find(|one| one.rule.name == group.rule);
    let people: Vec<(i64, Option<Reason>, i64)> = if tellable.staff.is_employed(group.person_id) {
        let at = rule.map_or(now, |rule| tellable.told_at(rule, group.person_id, now));
        vec![(group.person_id, None, at)]
    } else {
        let told = match rule {
            Some(rule) => tellable.resolve(conn, &[rule], group.touchpoint.as_deref().unwrap_or_default(), now)?,
            None => Vec::new(),
        };
        told.into_iter().map(|told| (told.person_id, Some(told.why), told.at)).collect()
    };
    let message = |(person_id, why, due_at): (i64, Option<Reason>, i64)| {
        let email = tellable.email(person_id);
        let mut payload = json!({ "person": person_id, "rule": group.rule });
        if let Some(why) = why {
            payload["why"] = json!(why);
        }
        let about = AboutGroup {
            kind: GROUP_MAIL,
            lane: MAIL_LANE,
            destination: &email,
            group_id: &group.group_id,
            person_id,
            payload: &payload,
            due_at,
        };
        NewOutboxRow::about_group(site_id, new_id(UnixMillis(now)), &about, now)
    };
    Ok(people.into_iter().filter_map(message).collect())
}
