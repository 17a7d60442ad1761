//! What rules about touchpoints find.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use counterbell_shared::Metric;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use diesel::QueryResult;

use super::quiet::quiet;
use crate::db::AnyConnection;
use crate::db::rules::in_force;
use crate::db::score_days::day_of;
use crate::db::tables::TouchpointAlertRow;
use crate::db::touchpoint_alerts::{Activity, Key, SILENCE, active, of_site, two_stretches};
use crate::db::touchpoints::Touchpoint;
use crate::mail::{Fall, Noticed};
use crate::rules::{Falling, NoResponse, RuleSet, Scores, VersionedRule, When};
use crate::sites::load_rules;
use crate::touchpoints::{Hours, SiteHours};

/// When it is looked, on the clocks of the site, or when it opens after that.
const HOUR: i8 = 9;

/// Whom a touchpoint belongs to: a person, a team.
pub type Owner = (Option<i64>, Option<String>);

/// What is to be done at a site.
pub struct Look {
    /// As they were read.
    pub rules: Arc<RuleSet>,
    /// What was told, and is over.
    pub over: Vec<Key>,
    /// What is to be told.
    pub found: Vec<Found>,
    /// Of touchpoints that have one.
    pub owners: HashMap<String, Owner>,
    /// When it is looked again (Unix ms).
    pub next: i64,
}

/// A touchpoint that somebody is to hear of.
#[derive(Clone, Debug)]
pub struct Found {
    /// By which rule.
    pub key: Key,
    /// Of the rule.
    pub version: i32,
    /// As its row has it.
    pub day: i32,
    /// What the mail says.
    pub noticed: Noticed,
    /// Whether it has no row yet.
    pub is_new: bool,
}

/// A touchpoint that a rule is about.
#[derive(Clone, Debug)]
pub struct Told {
    /// By which rule, and of what.
    pub key: Key,
    day: i32,
    /// A row of an earlier day than this is over.
    over_before: i32,
    /// What the mail says.
    pub noticed: Noticed,
    /// Whether the rule's condition holds.
    pub holds: bool,
}

impl Told {
    /// Whether what this row says goes on.
    pub fn is_still(&self, row: &TouchpointAlertRow) -> bool {
        row.day >= self.over_before
    }
}

/// What rules of a site say of its touchpoints at a moment.
pub struct Site<'c> {
    conn: &'c mut AnyConnection,
    site_id: i64,
    now: i64,
    hours: SiteHours,
    registered: HashMap<String, Touchpoint>,
}

impl Look {
    /// At a site, at `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn at(conn: &mut AnyConnection, site_id: i64, now: i64) -> QueryResult<Self> {
        let rules = load_rules(conn, site_id, None)?;
        let mut rows = of_site(conn, site_id)?;
        let mut site = Site::load(conn, site_id, now)?;
        let (owners, next) = (site.owners(), next_morning(&site.all_hours(), now));
        let mut look = Self { rules: Arc::clone(&rules), over: Vec::new(), found: Vec::new(), owners, next };
        for one in rules.in_force() {
            for told in site.told(one)? {
                let row = rows.remove(&told.key);
                let is_over =
                    row.as_ref().is_some_and(|row| !told.is_still(row) || !told.holds && row.told_at.is_none());
                let Told { key, day, noticed, holds, .. } = told;
                if is_over {
                    look.over.push(key.clone());
                }
                let is_new = row.is_none() || is_over;
                if holds && (is_new || row.is_some_and(|row| row.told_at.is_none())) {
                    look.found.push(Found { key, version: one.version, day, noticed, is_new });
                }
            }
        }
        look.over.extend(rows.into_keys());
        Ok(look)
    }
}

impl<'c> Site<'c> {
    /// At `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &'c mut AnyConnection, site_id: i64, now: i64) -> QueryResult<Self> {
        let hours = SiteHours::load(conn, site_id)?;
        let registered = Touchpoint::all(conn, site_id)?.into_iter().map(|one| (one.name.clone(), one)).collect();
        Ok(Self { conn, site_id, now, hours, registered })
    }

    /// Whom touchpoints belong to, of those that belong to somebody.
    pub fn owners(&self) -> HashMap<String, Owner> {
        let owners = self.registered.values().map(|one| (one.name.clone(), (one.owner_id, one.team.clone())));
        owners.filter(|(_, owner)| *owner != (None, None)).collect()
    }

    /// What a rule says of each touchpoint that it is about, whether or not its condition holds; of none if it is about
    /// responses.
    ///
    /// # Errors
    /// What the database says.
    pub fn told(&mut self, one: &VersionedRule) -> QueryResult<Vec<Told>> {
        let name = one.rule.name.as_str();
        match &one.rule.when {
            When::Response(_) => Ok(Vec::new()),
            When::NoResponse { no_response } => self.silent(name, no_response),
            When::Falling { falling } => self.fallen(name, falling),
        }
    }

    /// Those of the site, first, and of touchpoints that have their own.
    fn all_hours(&self) -> Vec<Hours> {
        let own = self.registered.values().filter(|one| one.calendar.is_some()).map(|one| self.hours.at(one));
        std::iter::once(self.hours.hours().clone()).chain(own).collect()
    }

    fn hours_at(&self, touchpoint: &str) -> Hours {
        self.registered.get(touchpoint).map_or_else(|| self.hours.hours().clone(), |one| self.hours.at(one))
    }

    fn silent(&mut self, rule: &str, condition: &NoResponse) -> QueryResult<Vec<Told>> {
        let today = day_of(self.now);
        let active = active(self.conn, self.site_id, today - condition.looked_back_days(), today)?;
        let mut active: BTreeMap<String, Activity> =
            active.into_iter().map(|activity| (activity.touchpoint.clone(), activity)).collect();
        // Of one that had no response it is silence since somebody named it.
        let stored = in_force(self.conn, self.site_id)?.into_iter().find(|stored| stored.name == rule);
        let since = stored.map_or(self.now, |stored| stored.created_at);
        let mut places: Vec<(String, Option<Activity>)> = Vec::new();
        for name in &condition.touchpoints {
            places.push((name.clone(), active.remove(name)));
        }
        if condition.touchpoints.is_empty() {
            places.extend(active.into_iter().map(|(name, activity)| (name, Some(activity))));
        }
        let told = |(touchpoint, activity): (String, Option<Activity>)| {
            let quiet = quiet(&self.hours_at(&touchpoint), activity.as_ref(), since, self.now);
            let last_day = activity.map(|activity| activity.last_day);
            let day = last_day.unwrap_or(0);
            let noticed = Noticed { touchpoint: touchpoint.clone(), last_day, fall: None };
            let key = Key { rule: rule.to_owned(), touchpoint, metric: SILENCE };
            Told { key, day, over_before: day, noticed, holds: condition.holds(quiet) }
        };
        Ok(places.into_iter().map(told).collect())
    }

    fn fallen(&mut self, rule: &str, condition: &Falling) -> QueryResult<Vec<Told>> {
        let (today, days) = (day_of(self.now), condition.days());
        let named: HashSet<&String> = condition.touchpoints.iter().collect();
        let mut all = Vec::new();
        for metric in Metric::ALL {
            for stretches in two_stretches(self.conn, (self.site_id, metric), today, days)? {
                let touchpoint = stretches.touchpoint;
                if !named.is_empty() && !named.contains(&touchpoint) {
                    continue;
                }
                let before = Scores { sum: stretches.before_sum, count: stretches.before_count };
                let now = Scores { sum: stretches.now_sum, count: stretches.now_count };
                let over_before = if condition.is_over(before, now) { i32::MAX } else { today - days + 1 };
                let fall = Some(Fall { metric, before, now });
                let noticed = Noticed { touchpoint: touchpoint.clone(), last_day: None, fall };
                let key = Key { rule: rule.to_owned(), touchpoint, metric: metric.as_str() };
                all.push(Told { key, day: today, over_before, noticed, holds: condition.holds(before, now) });
            }
        }
        Ok(all)
    }
}

/// The first nine o'clock after `now` (both Unix ms) on the clocks of the first of these, or when one of them opens after that.
pub fn next_morning(all: &[Hours], now: i64) -> i64 {
    let Some(Hours { zone, .. }) = all.first() else { return now.saturating_add(DAY_MS) };
    let today = zone.day_of(UnixMillis(now));
    let nine = [today, today.tomorrow().unwrap_or(today)].into_iter().find_map(|day| {
        let nine = day.at(HOUR, 0, 0, 0).to_zoned(zone.rules().clone()).ok()?.timestamp().as_millisecond();
        (nine > now).then_some(nine)
    });
    let nine = nine.unwrap_or(now.saturating_add(DAY_MS));
    let opens = all.iter().filter_map(|hours| hours.calendar.next_open(hours.rules(), nine).ok());
    opens.min().unwrap_or(nine)
}
