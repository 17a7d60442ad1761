//! What an alert mail is made of.

use std::collections::HashMap;
use std::sync::Arc;

use counterbell_shared::{Metric, Touchpoint};
use diesel::QueryResult;
use serde::Deserialize;

use crate::cases::Kept;
use crate::db::AnyConnection;
use crate::db::outbox::OutboxRow;
use crate::db::responses::{self, ResponseRow};
use crate::db::told;
use crate::mail::answered::{Earlier, place, read_answers};
use crate::mail::links::CaseLink;
use crate::mail::lookups::{earlier, kept_of};
use crate::mail::marks::Marks;
use crate::mail::people::{Reader, Site, Sites};
use crate::mail::why::{also_told, why};
use crate::rules::Reason;

/// What the payload of an alert mail holds. One of an earlier version holds no more than the rule.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Payload {
    /// By which it was told.
    pub rule: Option<String>,
    /// Whom it is for.
    pub person: Option<i64>,
    /// Why them.
    pub why: Option<Reason>,
    /// Number of the case.
    pub case: Option<i64>,
    /// Somebody is to act before all else.
    pub urgent: bool,
    /// Nobody is unhappy.
    pub test: bool,
    /// Of a test: as if it came from this touchpoint.
    pub touchpoint: Option<String>,
}

/// What is sent so soon after it was made has not waited, in ms.
const MOMENT_MS: i64 = 60_000;

/// What is known of a message about a response.
pub enum Found {
    /// A mail is to be made of it.
    Mail(Box<AlertContent>),
    /// Nobody wants it any more: while it waited, the case ended, the reader took it, or the response was taken for spam.
    Over,
    /// The response is no longer stored.
    Gone,
}

/// What an alert mail is made of.
#[derive(Clone, Debug)]
pub struct AlertContent {
    /// Where the response belongs.
    pub site: Arc<Site>,
    /// Whom it is for.
    pub reader: Reader,
    /// What has to be seen first.
    pub marks: Marks,
    /// What it is about.
    pub response: ResponseRow,
    /// What its touchpoint is called.
    pub place: Option<String>,
    /// Its answers to further questions, as people read them: question and answer.
    pub answers: Vec<(String, String)>,
    /// What the same customer said before.
    pub earlier: Vec<Earlier>,
    /// The case it belongs to.
    pub case: Option<CaseLink>,
    /// By when somebody has to take that, and the customer has to be answered (Unix ms).
    pub due: [Option<i64>; 2],
    /// Why the reader gets it, and who else does.
    pub why: [String; 2],
}

impl AlertContent {
    /// What each of the messages' mails is made of, at `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, messages: &[&OutboxRow], now: i64) -> QueryResult<Vec<Found>> {
        let keys: Vec<_> = messages.iter().map(|message| (message.site_id, message.subject_id.clone())).collect();
        let rows = responses::find_all(conn, &keys)?;
        let found: HashMap<_, _> = rows.into_iter().map(|row| ((row.site_id, row.response_id.clone()), row)).collect();
        let mut sites = Sites::default();
        let mut contents = Vec::with_capacity(messages.len());
        for (message, key) in messages.iter().zip(&keys) {
            let site = sites.get(conn, message.site_id)?;
            let payload: Payload = serde_json::from_str(&message.payload).unwrap_or_default();
            // Of a test no response is stored.
            let response = found.get(key).cloned().or_else(|| payload.test.then(|| test_response(message, &payload)));
            contents.push(match site.zip(response) {
                Some((site, response)) => {
                    let kept = kept_of(conn, &response)?;
                    let is_theirs = |owner: Option<i64>| owner.is_some() && owner == payload.person;
                    let case = kept.as_ref().map(|kept| &kept.case);
                    let is_over = case.is_some_and(|case| case.state.is_ended() || is_theirs(case.owner));
                    // One that was tried may have arrived, and others went out at once.
                    let has_waited = message.attempts <= 1 && message.created_at < now - MOMENT_MS;
                    if has_waited && (is_over || response.held.is_some()) {
                        Found::Over
                    } else {
                        let content = Self::of(conn, message, payload, site, (response, kept.as_ref()))?;
                        Found::Mail(Box::new(content))
                    }
                }
                None => Found::Gone,
            });
        }
        Ok(contents)
    }

    fn of(
        conn: &mut AnyConnection,
        message: &OutboxRow,
        payload: Payload,
        site: Arc<Site>,
        (mut response, kept): (ResponseRow, Option<&Kept>),
    ) -> QueryResult<Self> {
        let reader = site.reader(payload.person, &message.destination);
        let named = payload.case.map(|number| CaseLink { number, target: None });
        let case = kept.map(CaseLink::of).or(named);
        let told = told::of_kind(conn, (message.site_id, &message.kind), (&message.subject_kind, &message.subject_id))?;
        let others = told.iter().filter(|told| told.message_id != message.message_id);
        let others: Vec<_> = others.map(|told| site.name_of_told(told)).collect();
        let language = reader.language;
        let mut place = place(conn, site.id, &response.touchpoint)?;
        if payload.test {
            place = place.or_else(|| Some(language.texts().test_place.to_owned()));
            response.comment = Some(language.texts().test_comment.to_owned());
        }
        Ok(Self {
            marks: Marks { urgent: payload.urgent, test: payload.test },
            place,
            due: kept.map_or([None; 2], |kept| [kept.case.acknowledge_by, kept.case.answer_by]),
            answers: read_answers(conn, &response, language)?,
            earlier: earlier(conn, &response)?,
            case,
            why: [why(language, payload.why.as_ref(), payload.rule.as_deref(), &site), also_told(language, &others)],
            site,
            reader,
            response,
        })
    }
}

/// What a test tells of: nobody answered anything.
fn test_response(message: &OutboxRow, payload: &Payload) -> ResponseRow {
    let named = payload.touchpoint.clone().filter(|touchpoint| !touchpoint.is_empty());
    ResponseRow {
        site_id: message.site_id,
        response_id: message.subject_id.clone(),
        touchpoint: named.unwrap_or_else(|| Touchpoint::DEFAULT.to_owned()),
        survey: "csat".to_owned(),
        survey_version: 1,
        metric: Metric::Csat.as_str().to_owned(),
        score: 1,
        comment: None,
        order_ref: None,
        customer_ref: None,
        contact_email: None,
        locale: None,
        page_url: None,
        channel: "web".to_owned(),
        created_at: message.created_at,
        received_at: message.created_at,
        held: None,
        answers: None,
        complete: true,
        revision: 0,
    }
}
