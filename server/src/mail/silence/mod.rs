//! The mail that tells staff of touchpoints from which nothing comes, or whose scores fall.

mod letter;

use std::collections::HashMap;
use std::sync::Arc;

use counterbell_shared::Metric;
use diesel::QueryResult;
use serde::{Deserialize, Serialize};

pub use self::letter::{Place, TouchpointContent};
use super::answered::place;
use super::compose::{compose, delivery};
use super::mailer::Mailer;
use super::marks::Marks;
use super::number::message_number;
use super::people::Sites;
use super::why::why;
use crate::db::AnyConnection;
use crate::db::outbox::OutboxRow;
use crate::db::score_days::day_of;
use crate::db::touchpoint_alerts::active;
use crate::outbox::{Deliver, ToDo};
use crate::rules::{Reason, Scores};

/// The name of the kind in the database.
pub const TOUCHPOINT_MAIL: &str = "touchpoint_mail";

/// What the payload of a message about touchpoints holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TouchpointPayload {
    /// Whom it is for.
    pub person: Option<i64>,
    /// The rule that fired.
    pub rule: Option<String>,
    /// Why they get it.
    pub why: Option<Reason>,
    /// Whether the rule is urgent.
    pub urgent: bool,
    /// How many there are.
    pub count: usize,
    /// Those of them that the mail names.
    pub touchpoints: Vec<Noticed>,
}

/// What was noticed at a touchpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// As responses name it.
    pub touchpoint: String,
    /// Of a silence: on which the last response came (days since 1970-01-01, UTC), if one did.
    pub last_day: Option<i32>,
    /// How its scores fell; `None` of a silence.
    pub fall: Option<Fall>,
}

/// Scores that fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fall {
    /// On which metric.
    pub metric: Metric,
    /// Those of some weeks.
    pub before: Scores,
    /// Those of as many next ones.
    pub now: Scores,
}

/// Sends mails about touchpoints.
pub struct TouchpointMail {
    /// With which.
    pub mailer: Arc<Mailer>,
}

impl Deliver for TouchpointMail {
    fn kind(&self) -> &'static str {
        TOUCHPOINT_MAIL
    }

    fn prepare(&self, conn: &mut AnyConnection, messages: &[&OutboxRow]) -> QueryResult<Vec<ToDo>> {
        let mut sites = Sites::default();
        let mut to_do = Vec::with_capacity(messages.len());
        for message in messages {
            to_do.push(match TouchpointContent::load(conn, &mut sites, message)? {
                None => ToDo::Withdraw,
                Some(content) => {
                    let letter = content.letter(&message.id().map(message_number).unwrap_or_default());
                    ToDo::Send(delivery(&self.mailer, message, move |heading| compose(heading, &letter)))
                }
            });
        }
        Ok(to_do)
    }
}

impl TouchpointContent {
    /// What a message about touchpoints is made of; `None` when responses came from all of them since.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, sites: &mut Sites, message: &OutboxRow) -> QueryResult<Option<Self>> {
        let Some(site) = sites.get(conn, message.site_id)? else { return Ok(None) };
        let payload: TouchpointPayload = serde_json::from_str(&message.payload).unwrap_or_default();
        let made_on = day_of(message.created_at);
        let silent = payload.touchpoints.iter().filter(|one| one.fall.is_none());
        let from = silent.map(|one| one.last_day.map_or(made_on, |day| day + 1)).min();
        let since: HashMap<String, i32> = match from {
            Some(from) => active(conn, message.site_id, from, i32::MAX)?
                .into_iter()
                .map(|one| (one.touchpoint, one.last_day))
                .collect(),
            None => HashMap::new(),
        };
        let is_over = |one: &Noticed| {
            let last_day = since.get(&one.touchpoint);
            one.fall.is_none() && last_day.is_some_and(|last| one.last_day.is_none_or(|before| before < *last))
        };
        let mut places = Vec::new();
        for noticed in payload.touchpoints.iter().filter(|one| !is_over(one)) {
            let name = place(conn, message.site_id, &noticed.touchpoint)?;
            places.push(Place { name, noticed: noticed.clone() });
        }
        let count = payload.count.saturating_sub(payload.touchpoints.len() - places.len());
        if count == 0 {
            return Ok(None);
        }
        let reader = site.reader(payload.person, &message.destination);
        let why = why(reader.language, payload.why.as_ref(), payload.rule.as_deref(), &site);
        let marks = Marks { urgent: payload.urgent, test: false };
        Ok(Some(Self { reader, marks, count, places, rule: payload.rule.unwrap_or_default(), why, site }))
    }
}
