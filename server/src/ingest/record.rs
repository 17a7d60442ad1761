//! What is stored of one response, made before the writer sees it.

use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_shared::{Metric, ResponseId, response::Response};
use strum::IntoStaticStr;

use crate::db::responses::NewResponseRow;
use crate::db::rules::Rules;
use crate::db::sites::Site;
use crate::db::triage::NewTriageRow;
use crate::db::{SharedText, purge};
use crate::ids::new_id;
use crate::rules::ScoreSet;

/// How long an alert about a response that is not complete waits for the customer to go on, in ms: long enough to write a
/// comment, short enough to reach somebody while the customer is near.
pub const SILENCE_MS: i64 = 30_000;

/// How long after its first step a response that is not complete may be replaced, in ms: a day.
pub const REVISABLE_MS: i64 = DAY_MS;

/// A response, and whether triage is to look at it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The response.
    pub response: NewResponseRow,
    /// Scores at which a rule of the site could fire: triage looks at a response that has one, or had.
    pub alarming: ScoreSet,
    /// When triage is to look at it (Unix ms).
    pub triage_at: i64,
    /// What is stored under this id is replaced when it first came at this time (Unix ms) or later, and is not complete.
    pub revisable_since: i64,
}

/// The scores of `metric` at which a rule could fire: each of them, when nobody knows of one at which.
fn firing(rules: &Rules, metric: Metric) -> ScoreSet {
    ScoreSet::of(metric, |score| !rules.unreadable.is_empty() || rules.read.iter().any(|rule| rule.fires(score)))
}

/// Why a response is held back as suspected spam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum HeldReason {
    /// It filled in the field that no customer sees.
    Honeypot,
    /// It was sent faster than anybody reads the question.
    TooFast,
}

impl HeldReason {
    fn of(site: &Site, response: &Response) -> Option<Self> {
        let least = site.limits.min_answer_ms.map_or(0, i64::from);
        if response.honeypot {
            Some(Self::Honeypot)
        } else {
            response.elapsed_ms.filter(|elapsed| *elapsed < least).map(|_| Self::TooFast)
        }
    }
}

/// When a response was given (Unix ms), as far as that is believed: a device whose clock runs ahead must not put it above all
/// later ones, and one that the site keeps no more, were it believed, would be deleted at once and counted for ever.
fn created_at(site: &Site, told: Option<UnixMillis>, now: UnixMillis) -> i64 {
    let kept_from = site.limits.retention_days.map_or(i64::MIN, |days| purge::horizon(now, days));
    told.map(|told| told.0.min(now.0)).filter(|told| *told >= kept_from).unwrap_or(now.0)
}

impl Record {
    /// The rows of `response`, sent to `site` at `now`. One that is not complete is told of after `silence_ms`, unless it is
    /// sent again before.
    pub fn new(site: &Site, response: Response, now: UnixMillis, silence_ms: i64) -> Self {
        let response_id = *response.response_id.unwrap_or_else(|| new_id(now)).as_bytes();
        let held = HeldReason::of(site, &response).map(Into::into);
        let triage_at = if response.complete { now.0 } else { now.0 + silence_ms };
        let alarming = firing(&site.rules, response.score.metric());
        let row = NewResponseRow {
            site_id: site.id,
            response_id,
            touchpoint: response.touchpoint.into(),
            survey: SharedText(response.survey.name),
            survey_version: response.survey.version,
            metric: response.score.metric().as_str(),
            score: i32::from(response.score.value()),
            comment: response.comment.map(String::from),
            order_ref: response.order_ref.map(String::from),
            customer_ref: response.customer_ref.map(String::from),
            contact_email: response.contact_email.map(String::from),
            locale: response.locale.map(String::from),
            page_url: response.page_url,
            channel: response.channel.as_str(),
            created_at: created_at(site, response.created_at, now),
            received_at: now.0,
            held,
            answers: response.answers.map(|answers| answers.to_json()),
            complete: response.complete,
            revision: i32::from(response.revision),
        };
        Self { response: row, alarming, triage_at, revisable_since: now.0 - REVISABLE_MS }
    }

    /// The same, telling nobody: for responses of the past.
    pub fn without_alerts(self) -> Self {
        Self { alarming: ScoreSet::default(), ..self }
    }

    /// Whether a rule could fire for it. One that is held back as suspected spam fires nothing until it is released.
    pub fn is_alarming(&self) -> bool {
        self.response.held.is_none() && self.alarming.contains(self.response.score)
    }

    /// Its place in the queue of triage.
    pub fn triage(&self) -> NewTriageRow {
        let NewResponseRow { site_id, response_id, revision, .. } = self.response;
        NewTriageRow { site_id, response_id, revision, due_at: self.triage_at }
    }

    /// The id it is stored under.
    pub fn response_id(&self) -> ResponseId {
        ResponseId::from_bytes(self.response.response_id)
    }
}
