//! Which touchpoints rules would tell of now: nothing is changed.

use counterbell_shared::Metric;
use counterbell_shared::time::day_to_date;
use diesel::QueryResult;
use serde::Serialize;
use utoipa::ToSchema;

use super::look::{Site, Told};
use super::tell::people;
use crate::db::AnyConnection;
use crate::db::touchpoint_alerts::of_site;
use crate::mail::Fall;
use crate::rules::{Reason, RuleSet, When};
use crate::triage::tell::Tellable;

/// Touchpoints of a rule that are shown.
const SHOWN_MAX: usize = 200;

/// What a rule about touchpoints finds now.
#[derive(Debug, Serialize, ToSchema)]
pub struct RehearsedWatch {
    /// Its name.
    pub rule: String,
    /// How many touchpoints.
    pub count: usize,
    /// Up to 200 of them, by name.
    pub touchpoints: Vec<RehearsedTouchpoint>,
    /// Who would be told of those of which nobody was told yet.
    pub people: Vec<RehearsedReader>,
}

/// A touchpoint from which nothing comes, or whose scores fall.
#[derive(Debug, Serialize, ToSchema)]
pub struct RehearsedTouchpoint {
    /// As responses name it.
    pub touchpoint: String,
    /// Of a silence: the day (UTC) of the last response; `null` without any.
    pub last_day: Option<String>,
    /// Of a fall.
    pub fall: Option<RehearsedFall>,
    /// Whether somebody was told of it: nobody is again.
    pub was_told: bool,
}

/// Scores that fell.
#[derive(Debug, Serialize, ToSchema)]
pub struct RehearsedFall {
    /// On which metric.
    pub metric: Metric,
    /// Their mean before.
    pub before: f64,
    /// From how many responses.
    pub before_responses: i64,
    /// Their mean now.
    pub now: f64,
    /// From how many responses.
    pub now_responses: i64,
}

/// Somebody who would be told.
#[derive(Debug, Serialize, ToSchema)]
pub struct RehearsedReader {
    /// Where mail goes.
    pub email: String,
    /// As in a message's payload.
    #[schema(value_type = Object)]
    pub why: Reason,
    /// Of how many touchpoints.
    pub touchpoints: usize,
}

/// What each rule about touchpoints finds at a site at `now` (Unix ms). Keeps no turns.
///
/// # Errors
/// What the database says.
pub fn rehearse(
    conn: &mut AnyConnection,
    (site_id, rules): (i64, &RuleSet),
    tellable: &mut Tellable,
    now: i64,
) -> QueryResult<Vec<RehearsedWatch>> {
    let mut watched = Vec::new();
    if rules.in_force().iter().all(|one| matches!(one.rule.when, When::Response(_))) {
        return Ok(watched);
    }
    let rows = of_site(conn, site_id)?;
    let was_told = |told: &Told| rows.get(&told.key).is_some_and(|row| told.is_still(row));
    for one in rules.in_force().iter().filter(|one| !matches!(one.rule.when, When::Response(_))) {
        let mut site = Site::load(conn, site_id, now)?;
        let mut found: Vec<_> = site.told(one)?.into_iter().filter(|told| told.holds).collect();
        let owners = site.owners();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        let new: Vec<_> = found.iter().filter(|told| !was_told(told)).map(|told| &told.noticed).collect();
        let readers = people(conn, tellable, one, &new, &owners, now)?.into_iter();
        let reader = |(person_id, (why, _, noticed)): (i64, (Reason, i64, Vec<_>))| RehearsedReader {
            email: tellable.email(person_id),
            why,
            touchpoints: noticed.len(),
        };
        watched.push(RehearsedWatch {
            rule: one.rule.name.clone(),
            count: found.len(),
            people: readers.map(reader).collect(),
            touchpoints: found
                .iter()
                .take(SHOWN_MAX)
                .map(|told| RehearsedTouchpoint::of(told, was_told(told)))
                .collect(),
        });
    }
    Ok(watched)
}

impl RehearsedTouchpoint {
    fn of(told: &Told, was_told: bool) -> Self {
        let noticed = &told.noticed;
        let fall = |fall: Fall| RehearsedFall {
            metric: fall.metric,
            before: fall.before.mean(),
            before_responses: fall.before.count,
            now: fall.now.mean(),
            now_responses: fall.now.count,
        };
        Self {
            touchpoint: noticed.touchpoint.clone(),
            last_day: noticed.last_day.map(|day| day_to_date(day.into())),
            fall: noticed.fall.map(fall),
            was_told,
        }
    }
}
