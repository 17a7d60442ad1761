//! Whether touchpoints are looked after where a rule says so.

use std::collections::BTreeSet;

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use super::Check;
use crate::db::AnyConnection;
use crate::db::timers::{WATCH_TOUCHPOINTS, due_times};
use crate::sites::timed_rules;

/// So long after its time, in ms, a look is late.
const LATE_MS: i64 = 5 * 60_000;

const ADVICE: &str = "does `counterbell serve` run, and what does its log say? It looks as soon as it goes on, and sets a timer \
                      that is missing within an hour";

/// Without what the database did not tell: its own checks say why.
pub(super) fn check(conn: &mut AnyConnection) -> Option<Check> {
    look(conn, UnixMillis::now().0).ok()
}

fn look(conn: &mut AnyConnection, now: i64) -> QueryResult<Check> {
    let name = "touchpoints";
    let due = due_times(conn, WATCH_TOUCHPOINTS)?;
    let mut late = BTreeSet::new();
    for (site_key, rule) in timed_rules(conn)? {
        let when = match due.get(&site_key) {
            None => "no timer is set".to_owned(),
            Some(at) if at.saturating_add(LATE_MS) < now => format!("due since {}", UnixMillis(*at)),
            Some(_) => continue,
        };
        late.insert(format!("{rule:?} of {site_key} ({when})"));
    }
    Ok(if late.is_empty() {
        Check::ok(name, "every rule about touchpoints is looked after")
    } else {
        let late: Vec<_> = late.into_iter().collect();
        Check::warning(name, format!("nobody hears of silence or falling scores by {}", late.join(", ")), ADVICE)
    })
}
