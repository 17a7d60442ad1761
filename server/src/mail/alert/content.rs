//! What an alert mail is made of.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::QueryResult;
use serde::Deserialize;

use crate::db::AnyConnection;
use crate::db::outbox::OutboxRow;
use crate::db::responses::{self, ResponseRow};
use crate::db::staff::key_of;
use crate::db::told;
use crate::mail::answered::{Earlier, place, read_answers};
use crate::mail::links::CaseLink;
use crate::mail::lookups::{case_of, earlier};
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
    /// Why the reader gets it, and who else does.
    pub why: [String; 2],
}

impl AlertContent {
    /// What each of the messages' mails is made of; `None` when the response is no longer stored.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, messages: &[&OutboxRow]) -> QueryResult<Vec<Option<Self>>> {
        let keys: Vec<_> = messages.iter().map(|message| (message.site_id, message.subject_id.clone())).collect();
        let rows = responses::find_all(conn, &keys)?;
        let found: HashMap<_, _> = rows.into_iter().map(|row| ((row.site_id, row.response_id.clone()), row)).collect();
        let mut sites = Sites::default();
        let mut contents = Vec::with_capacity(messages.len());
        for (message, key) in messages.iter().zip(&keys) {
            let site = sites.get(conn, message.site_id)?;
            contents.push(match site.zip(found.get(key).cloned()) {
                Some((site, response)) => Some(Self::of(conn, message, site, response)?),
                None => None,
            });
        }
        Ok(contents)
    }

    fn of(conn: &mut AnyConnection, message: &OutboxRow, site: Arc<Site>, response: ResponseRow) -> QueryResult<Self> {
        let payload: Payload = serde_json::from_str(&message.payload).unwrap_or_default();
        let reader = site.reader(payload.person, &message.destination);
        let case = match payload.case {
            Some(number) => Some(case_of(conn, &response)?.unwrap_or(CaseLink { number, target: None })),
            None => None,
        };
        let own = key_of(&message.destination);
        let told = told::of_kind(conn, (message.site_id, &message.kind), (&message.subject_kind, &message.subject_id))?;
        let others = told.iter().map(|told| &told.destination).filter(|address| key_of(address) != own);
        let others: Vec<_> = others.map(|address| site.name_at(address)).collect();
        let language = reader.language;
        Ok(Self {
            marks: Marks { urgent: payload.urgent, test: payload.test },
            place: place(conn, site.id, &response.touchpoint)?,
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
