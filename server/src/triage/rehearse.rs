//! What rules would have done: stored responses are run through them, and nothing is changed.

use std::collections::{BTreeMap, BTreeSet};

use counterbell_shared::time::{DAY_MS, UnixMillis};
use diesel::QueryResult;
use serde::Serialize;
use utoipa::ToSchema;

use super::facts::firing;
use super::tell::Tellable;
use super::watch::{self, RehearsedWatch};
use crate::db::AnyConnection;
use crate::db::responses::{ResponseFilter, ResponsePosition, ResponseRow, list};
use crate::rules::{Reason, RuleSet, When};

/// Most responses that are looked at, the newest ones.
pub const REHEARSED_MAX: usize = 20_000;
/// Responses read at once.
const PAGE: i64 = 1_000;
/// Responses of a rule that are shown.
const SAMPLES_MAX: usize = 3;

/// What would have happened.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Rehearsal {
    /// How many responses were looked at; those held back as suspected spam are left out.
    pub responses: usize,
    /// Whether there were more in that time, which were not looked at.
    pub more: bool,
    /// Rule by rule, of those about responses.
    pub rules: Vec<RehearsedRule>,
    /// Rule by rule, of those about touchpoints: which they would tell of now.
    pub watched: Vec<RehearsedWatch>,
    /// Who would have been told of how many responses, by whichever rule, the most first.
    pub people: Vec<RehearsedPerson>,
}

/// A rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct RehearsedRule {
    /// Its name.
    pub rule: String,
    /// For how many responses it would have fired.
    pub fired: usize,
    /// Whom it names of those responses, the most first.
    pub people: Vec<RehearsedPerson>,
    /// Some of them, newest first.
    pub samples: Vec<RehearsedResponse>,
}

/// Somebody who would have been told.
#[derive(Debug, Serialize, ToSchema)]
pub struct RehearsedPerson {
    /// Their number.
    pub person_id: i64,
    /// Where mail goes.
    pub email: String,
    /// Of how many responses.
    pub responses: usize,
}

/// A response, without the customer's words.
#[derive(Debug, Serialize, ToSchema)]
pub struct RehearsedResponse {
    /// When it was given.
    pub at: UnixMillis,
    /// Where.
    pub touchpoint: String,
    /// On which metric.
    pub metric: String,
    /// The score.
    pub score: i32,
    /// Who would have been told, and why.
    pub told: Vec<RehearsedTold>,
}

/// Why somebody would have been told.
#[derive(Debug, Serialize, ToSchema)]
pub struct RehearsedTold {
    /// Where mail goes.
    pub email: String,
    /// As in a message's payload.
    #[schema(value_type = Object)]
    pub why: Reason,
}

/// Runs the responses of a site of the `days` before `now` (Unix ms) through rules, the newest [`REHEARSED_MAX`] of them,
/// with the staff as it is at `now`. Takes turns from where they are, and keeps none.
///
/// # Errors
/// What the database says.
pub fn rehearse(conn: &mut AnyConnection, site_id: i64, rules: &RuleSet, days: u8, now: i64) -> QueryResult<Rehearsal> {
    let mut tellable = Tellable::load(conn, site_id)?;
    let mut count = Counts::new(rules);
    let filter = ResponseFilter { from: Some(UnixMillis(now - i64::from(days) * DAY_MS)), ..ResponseFilter::default() };
    let mut after = None;
    loop {
        let page = list(conn, &[site_id], &filter, after.as_ref(), PAGE)?;
        for response in &page {
            if count.responses == REHEARSED_MAX {
                let watched = watch::rehearse(conn, (site_id, rules), &mut tellable, now)?;
                return Ok(Rehearsal { watched, ..count.rehearsal(&tellable, true) });
            }
            count.add(conn, rules, &mut tellable, response, now)?;
        }
        match page.last() {
            Some(last) if page.len() as i64 == PAGE => after = Some(ResponsePosition::from(last)),
            _ => {
                let watched = watch::rehearse(conn, (site_id, rules), &mut tellable, now)?;
                return Ok(Rehearsal { watched, ..count.rehearsal(&tellable, false) });
            }
        }
    }
}

#[derive(Default)]
struct Counts {
    responses: usize,
    people: BTreeMap<i64, usize>,
    rules: BTreeMap<String, CountsOfRule>,
}

#[derive(Default)]
struct CountsOfRule {
    fired: usize,
    people: BTreeMap<i64, usize>,
    samples: Vec<RehearsedResponse>,
}

impl Counts {
    fn new(rules: &RuleSet) -> Self {
        let about_responses = rules.in_force().iter().filter(|one| matches!(one.rule.when, When::Response(_)));
        let of_rules = about_responses.map(|one| (one.rule.name.clone(), CountsOfRule::default()));
        Self { rules: of_rules.collect(), ..Self::default() }
    }

    fn add(
        &mut self,
        conn: &mut AnyConnection,
        rules: &RuleSet,
        tellable: &mut Tellable,
        response: &ResponseRow,
        now: i64,
    ) -> QueryResult<()> {
        self.responses += 1;
        let mut told_of_it = BTreeSet::new();
        for one in firing(conn, rules, response)? {
            let told = tellable.resolve(conn, &[one], &response.touchpoint, now)?;
            let of_rule = self.rules.entry(one.rule.name.clone()).or_default();
            of_rule.fired += 1;
            for told in &told {
                *of_rule.people.entry(told.person_id).or_default() += 1;
                told_of_it.insert(told.person_id);
            }
            if of_rule.samples.len() < SAMPLES_MAX {
                let told =
                    told.into_iter().map(|told| RehearsedTold { email: tellable.email(told.person_id), why: told.why });
                of_rule.samples.push(RehearsedResponse {
                    at: UnixMillis(response.created_at),
                    touchpoint: response.touchpoint.clone(),
                    metric: response.metric.clone(),
                    score: response.score,
                    told: told.collect(),
                });
            }
        }
        for person_id in told_of_it {
            *self.people.entry(person_id).or_default() += 1;
        }
        Ok(())
    }

    fn rehearsal(self, tellable: &Tellable, more: bool) -> Rehearsal {
        let people = |counts: BTreeMap<i64, usize>| {
            let person =
                |(person_id, responses)| RehearsedPerson { person_id, email: tellable.email(person_id), responses };
            let mut people: Vec<_> = counts.into_iter().map(person).collect();
            people.sort_by_key(|person| std::cmp::Reverse(person.responses));
            people
        };
        let rule = |(rule, counts): (String, CountsOfRule)| RehearsedRule {
            rule,
            fired: counts.fired,
            people: people(counts.people),
            samples: counts.samples,
        };
        Rehearsal {
            responses: self.responses,
            more,
            rules: self.rules.into_iter().map(rule).collect(),
            people: people(self.people),
            watched: Vec::new(),
        }
    }
}
