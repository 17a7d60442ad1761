//! What is stored of one response, made before the writer sees it.

use std::sync::Arc;

use counterbell_shared::ResponseId;
use counterbell_shared::answers::Answers;
use counterbell_shared::response::Response;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use strum::IntoStaticStr;

use crate::db::responses::{NewResponseRow, ResponseRow};
use crate::db::sites::Site;
use crate::db::triage::NewTriageRow;
use crate::db::{SharedText, purge};
use crate::ids::new_id;
use crate::rules::RuleSet;

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
    /// When the site tells somebody.
    rules: Arc<RuleSet>,
    /// Whether one of the rules could fire for it.
    could_fire: bool,
    /// When triage is to look at it (Unix ms).
    pub triage_at: i64,
    /// What is stored under this id is replaced when it first came at this time (Unix ms) or later, and is not complete.
    pub revisable_since: i64,
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
    /// The rows of `response`, sent to `site` at `now`. What its `rules` say of one that is not complete is told after
    /// `silence_ms`, unless it is sent again before.
    pub fn new(site: &Site, rules: &Arc<RuleSet>, response: Response, now: UnixMillis, silence_ms: i64) -> Self {
        let response_id = *response.response_id.unwrap_or_else(|| new_id(now)).as_bytes();
        let held = HeldReason::of(site, &response).map(Into::into);
        let triage_at = if response.complete { now.0 } else { now.0 + silence_ms };
        let could_fire = rules.could_fire(response.score, response.comment.is_some(), response.answers.as_ref());
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
        let revisable_since = now.0 - REVISABLE_MS;
        Self { response: row, rules: Arc::clone(rules), could_fire, triage_at, revisable_since }
    }

    /// Whether a rule could fire for it. One that is held back as suspected spam fires nothing until it is released.
    pub fn is_alarming(&self) -> bool {
        self.response.held.is_none() && self.could_fire
    }

    /// Whether a rule could fire for it, or could for what was stored `before`: triage takes back what nobody was told of yet.
    pub fn is_or_was_alarming(&self, before: &ResponseRow) -> bool {
        let could_fire_before = || {
            let answers = before.answers.as_deref().and_then(Answers::from_json);
            let score = before.score()?;
            Some(self.rules.could_fire(score, before.comment.is_some(), answers.as_ref()))
        };
        self.could_fire || could_fire_before().unwrap_or_default()
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
