//! All rows one response needs, made before the writer sees it.

use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_shared::{ResponseId, Score, response::Response};

use crate::db::SharedText;
use crate::db::outbox::{KIND_ALERT_MAIL, NewAlertRow, NewOutboxRow, OutboxState};
use crate::db::responses::NewResponseRow;
use crate::db::sites::Site;

/// How long an alert about a response that is not complete waits for the customer to go on, in ms: long enough to write a
/// comment, short enough to reach somebody while the customer is near.
pub const SILENCE_MS: i64 = 30_000;

/// How long after its first step a response that is not complete may be replaced, in ms: a day.
pub const REVISABLE_MS: i64 = DAY_MS;

/// A response, the alerts it fires and the messages they send: stored together or not at all.
#[derive(Clone, Debug)]
pub struct Record {
    /// The response.
    pub response: NewResponseRow,
    /// Fired rules; stored when the response is new, or has not fired before.
    pub alerts: Vec<NewAlertRow>,
    /// One message per recipient; stored for those who are not told of the response yet.
    pub outbox: Vec<NewOutboxRow>,
    /// What is stored under this id is replaced when it first came at this time (Unix ms) or later, and is not complete.
    pub revisable_since: i64,
}

/// Why a response is held back as suspected spam.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldReason {
    /// It filled in the field that no customer sees.
    Honeypot,
    /// It was sent faster than anybody reads the question.
    TooFast,
}

impl HeldReason {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Honeypot => "honeypot",
            Self::TooFast => "too_fast",
        }
    }

    fn of(site: &Site, response: &Response) -> Option<Self> {
        let least = site.limits.min_answer_ms.map_or(0, i64::from);
        if response.honeypot {
            Some(Self::Honeypot)
        } else {
            response.elapsed_ms.filter(|elapsed| *elapsed < least).map(|_| Self::TooFast)
        }
    }
}

/// The alerts that a score fires at `now`, and the messages they send, due at `due_at` (Unix ms).
///
/// Nobody is told twice of the same thing: one message per recipient, whichever rule fired first.
pub fn fired(
    site: &Site,
    response_id: [u8; 16],
    score: Score,
    now: UnixMillis,
    due_at: i64,
) -> (Vec<NewAlertRow>, Vec<NewOutboxRow>) {
    let fired = site.rules.iter().filter(|rule| rule.fires(score));
    let alerts: Vec<_> = fired
        .map(|rule| NewAlertRow { site_id: site.id, response_id, rule: rule.name.clone(), fired_at: now.0 })
        .collect();
    let outbox = alerts.first().map(|alert| {
        site.recipients.iter().map(|recipient| NewOutboxRow {
            site_id: site.id,
            message_id: *new_id(now).as_bytes(),
            kind: KIND_ALERT_MAIL,
            recipient: recipient.clone(),
            response_id,
            rule: alert.rule.clone(),
            state: OutboxState::Pending.as_str(),
            attempts: 0,
            next_attempt_at: due_at,
            created_at: now.0,
        })
    });
    let outbox = outbox.into_iter().flatten().collect();
    (alerts, outbox)
}

impl Record {
    /// The rows of `response`, sent to `site` at `now`. One that is held back fires nothing yet; one that is not complete
    /// is told of after `silence_ms`, unless it is sent again before.
    pub fn new(site: &Site, response: Response, now: UnixMillis, silence_ms: i64) -> Self {
        let response_id = *response.response_id.unwrap_or_else(|| new_id(now)).as_bytes();
        let held = HeldReason::of(site, &response).map(HeldReason::as_str);
        let due_at = if response.complete { now.0 } else { now.0 + silence_ms };
        let (alerts, outbox) =
            if held.is_none() { fired(site, response_id, response.score, now, due_at) } else { Default::default() };
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
            // A device whose clock runs ahead must not put its response above all later ones.
            created_at: response.created_at.map_or(now.0, |created| created.0.min(now.0)),
            received_at: now.0,
            held,
            answers: response.answers.map(|answers| answers.to_json()),
            complete: response.complete,
            revision: i32::from(response.revision),
        };
        Self { response: row, alerts, outbox, revisable_since: now.0 - REVISABLE_MS }
    }

    /// The same, telling nobody: for responses of the past.
    pub fn without_alerts(self) -> Self {
        Self { alerts: Vec::new(), outbox: Vec::new(), ..self }
    }

    /// The id it is stored under.
    pub fn response_id(&self) -> ResponseId {
        ResponseId::from_bytes(self.response.response_id)
    }
}

/// A fresh UUIDv7 from the system's generator: whoever can guess the id of a response may add to it.
pub fn new_id(now: UnixMillis) -> ResponseId {
    let mut random = [0; 10];
    if getrandom::fill(&mut random).is_err() {
        // Not on any system we know once it is up; better a weaker id than no response.
        fastrand::fill(&mut random);
    }
    ResponseId::v7(u64::try_from(now.0).unwrap_or(0), random)
}
