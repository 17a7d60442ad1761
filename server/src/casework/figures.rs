//! How fast cases are taken, answered and resolved.

use std::collections::{BTreeMap, HashMap};

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use super::quantile::quantile;
use super::view::{CasePersonView, People};
use crate::db::AnyConnection;
use crate::db::case_figures::CaseTimes;
use crate::db::cases::root_causes;
use crate::db::staff::Team;

/// Cases that are read at a time.
const CHUNK: i64 = 5_000;
/// Most groups that are told of.
const GROUPS_MAX: usize = 200;

/// What figures are split by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "named after what they split by")]
pub enum By {
    #[default]
    None,
    Touchpoint,
    Team,
    RootCause,
    Owner,
}

/// Figures of the cases that were opened in a time.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoopView {
    /// Opened at or after; `null` is from the first on.
    pub from: Option<UnixMillis>,
    /// Opened before; `null` is until now.
    pub to: Option<UnixMillis>,
    /// `none`, `touchpoint`, `team`, `root_cause` or `owner`.
    pub by: &'static str,
    /// Of all of them.
    pub total: LoopFigures,
    /// Those with most cases first; none when `by` is `none`.
    pub groups: Vec<LoopGroupView>,
    /// How many groups there are beyond the first 200.
    pub groups_left_out: usize,
}

/// Figures of a part of the cases.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoopGroupView {
    /// Of the touchpoint, team or root cause; `null` for those that have none, and for owners.
    pub name: Option<String>,
    /// For people, where it has one.
    pub label: Option<String>,
    /// The owner; `null` when nobody has them, and for all else.
    pub owner: Option<CasePersonView>,
    /// What they come to.
    pub figures: LoopFigures,
}

/// What a set of cases comes to. Cases that were merged count as the one that goes on in their place.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct LoopFigures {
    /// How many were opened.
    pub opened: i64,
    /// How many of those are not ended now.
    pub open: i64,
    /// How many of those nobody has acknowledged, and should have.
    pub overdue_acknowledge: i64,
    /// In how many of those the customer should have been answered.
    pub overdue_answer: i64,
    /// How many are resolved now.
    pub resolved: i64,
    /// How many were resolved, and opened again.
    pub reopened: i64,
    /// How many ended with nothing to do: they stay out of the times to answer and to resolve, and of root causes.
    pub nothing_to_do: i64,
    /// How many were merged into others, which nothing else counts.
    pub merged: i64,
    /// From opening until somebody first said "I have this".
    pub acknowledge: ClockFigures,
    /// From opening until the customer was first answered. In time is also what was resolved in time.
    pub first_answer: ClockFigures,
    /// From opening until it was first resolved.
    pub resolve: SpanFigures,
}

/// How long something took, in ms by the wall clock, as the customer waited.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct SpanFigures {
    /// In how many cases it was done.
    pub count: usize,
    /// Half of them took as long or less; `null` without any. Between two values by linear interpolation, as PostgreSQL's
    /// `percentile_cont` and NumPy do it.
    pub median_ms: Option<i64>,
    /// Nine in ten took as long or less.
    pub p90_ms: Option<i64>,
}

/// How long something took, and whether it was in time by the opening hours.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct ClockFigures {
    /// How long.
    #[serde(flatten)]
    pub span: SpanFigures,
    /// How many were in time.
    pub in_time: i64,
    /// How many were late, or are overdue now.
    pub late: i64,
    /// The share of those in time in both, 0 to 100; `null` without any.
    pub in_time_percent: Option<f64>,
}

#[derive(Default)]
struct Sums {
    opened: i64,
    open: i64,
    resolved: i64,
    reopened: i64,
    nothing_to_do: i64,
    merged: i64,
    acknowledge: ClockSums,
    answer: ClockSums,
    resolve_ms: Vec<i64>,
}

#[derive(Default)]
struct ClockSums {
    took_ms: Vec<i64>,
    in_time: i64,
    late: i64,
    overdue: i64,
}

impl ClockSums {
    fn add(&mut self, took_ms: Option<i64>, late_ms: Option<i64>, is_overdue: bool) {
        self.took_ms.extend(took_ms);
        match late_ms {
            Some(0) => self.in_time += 1,
            Some(_) => self.late += 1,
            // The first time counts: one that is overdue after it was opened again had its own.
            None if is_overdue => self.late += 1,
            None => {}
        }
        self.overdue += i64::from(is_overdue);
    }

    fn figures(self) -> ClockFigures {
        let Self { took_ms, in_time, late, .. } = self;
        let share = |both: i64| ((1_000_000.0 * in_time as f64 / both as f64).round()) / 10_000.0;
        let in_time_percent = Some(in_time + late).filter(|both| *both > 0).map(share);
        ClockFigures { span: SpanFigures::of(took_ms), in_time, late, in_time_percent }
    }
}

impl SpanFigures {
    fn of(mut took_ms: Vec<i64>) -> Self {
        let (median_ms, p90_ms) = (quantile(&mut took_ms, 0.5), quantile(&mut took_ms, 0.9));
        Self { count: took_ms.len(), median_ms, p90_ms }
    }
}

impl Sums {
    fn add(&mut self, case: &CaseTimes, now: i64) {
        if case.merged_into.is_some() {
            self.merged += 1;
            return;
        }
        let took = |at: Option<i64>| at.map(|at| at.saturating_sub(case.opened_at).max(0));
        let is_overdue = |by: Option<i64>| by.is_some_and(|by| by < now);
        self.opened += 1;
        self.open += i64::from(case.resolved_at.is_none() && case.closed_at.is_none());
        let taken_ms = took(case.first_acknowledged_at);
        self.acknowledge.add(taken_ms, case.acknowledge_late_ms, is_overdue(case.acknowledge_by));
        if case.nothing_to_do.is_some() {
            self.nothing_to_do += 1;
            return;
        }
        self.answer.add(took(case.first_answer_at), case.answer_late_ms, is_overdue(case.answer_by));
        self.resolve_ms.extend(took(case.first_resolved_at));
        self.resolved += i64::from(case.resolved_at.is_some());
        self.reopened += i64::from(case.first_resolved_at.is_some() && case.resolved_at != case.first_resolved_at);
    }

    fn figures(self) -> LoopFigures {
        LoopFigures {
            opened: self.opened,
            open: self.open,
            overdue_acknowledge: self.acknowledge.overdue,
            overdue_answer: self.answer.overdue,
            resolved: self.resolved,
            reopened: self.reopened,
            nothing_to_do: self.nothing_to_do,
            merged: self.merged,
            acknowledge: self.acknowledge.figures(),
            first_answer: self.answer.figures(),
            resolve: SpanFigures::of(self.resolve_ms),
        }
    }
}

/// Figures of the cases of `site_ids` that were opened from `from` to before `to`, at `now` (Unix ms). Reads them once, in parts;
/// keeps 48 bytes a case.
///
/// # Errors
/// What the database says.
pub fn loop_figures(
    conn: &mut AnyConnection,
    site_ids: &[i64],
    (from, to): (Option<UnixMillis>, Option<UnixMillis>),
    by: By,
    now: i64,
) -> QueryResult<LoopView> {
    let span = (from.map_or(i64::MIN, |from| from.0), to.map_or(i64::MAX, |to| to.0));
    let (mut total, mut groups) = (Sums::default(), BTreeMap::<Key, Sums>::new());
    for site_id in site_ids {
        let mut after = None;
        loop {
            let cases = CaseTimes::load(conn, *site_id, span, after, CHUNK)?;
            let Some(last) = cases.last().map(|last| (last.opened_at, last.number)) else { break };
            for case in &cases {
                total.add(case, now);
                if let Some(key) = Key::of(case, by) {
                    groups.entry(key).or_default().add(case, now);
                }
            }
            after = Some(last);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.opened));
    let groups_left_out = groups.len().saturating_sub(GROUPS_MAX);
    groups.truncate(GROUPS_MAX);
    let labels = Labels::load(conn, site_ids, by)?;
    let groups = groups.into_iter().map(|(key, sums)| labels.view(key, sums)).collect();
    Ok(LoopView { from, to, by: by.into(), total: total.figures(), groups, groups_left_out })
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Name(Option<String>),
    Owner(Option<i64>),
}

impl Key {
    /// The group of a case; none for one that belongs in no group.
    fn of(case: &CaseTimes, by: By) -> Option<Self> {
        match by {
            By::None => None,
            By::Touchpoint => Some(Self::Name(Some(case.touchpoint.clone()))),
            By::Team => Some(Self::Name(case.team.clone())),
            By::RootCause if case.nothing_to_do.is_some() => None,
            By::RootCause => Some(Self::Name(case.root_cause.clone())),
            By::Owner => Some(Self::Owner(case.owner_id)),
        }
    }
}

#[derive(Default)]
struct Labels {
    names: HashMap<String, String>,
    people: Vec<People>,
}

impl Labels {
    fn load(conn: &mut AnyConnection, site_ids: &[i64], by: By) -> QueryResult<Self> {
        let mut labels = Self::default();
        for site_id in site_ids {
            match by {
                By::Team => {
                    labels.names.extend(Team::all(conn, *site_id)?.into_iter().map(|one| (one.name, one.label)))
                }
                By::RootCause => labels.names.extend(root_causes(conn, *site_id)?),
                By::Owner => labels.people.push(People::load(conn, *site_id)?),
                By::None | By::Touchpoint => {}
            }
        }
        Ok(labels)
    }

    fn view(&self, key: Key, sums: Sums) -> LoopGroupView {
        let figures = sums.figures();
        match key {
            Key::Name(name) => {
                let label = name.as_ref().and_then(|name| self.names.get(name)).cloned();
                LoopGroupView { name, label, owner: None, figures }
            }
            Key::Owner(owner) => {
                let person = |id: i64| {
                    let mut known = self.people.iter().map(|people| people.person(id));
                    known.find(|person| !person.email.is_empty()).unwrap_or_else(|| People::default().person(id))
                };
                let owner = owner.map(person);
                let label = owner.as_ref().map(|owner| owner.called().to_owned());
                LoopGroupView { name: None, label, owner, figures }
            }
        }
    }
}
