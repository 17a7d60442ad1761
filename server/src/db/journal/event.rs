//! What the journal keeps.

use counterbell_shared::ResponseId;
use serde_json::{Value, json};

/// What happened. It names rows by their ids, and holds no words of a customer and no address.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "named after what they refer to")]
pub enum Event {
    /// A site was made.
    SiteCreated,
    /// Name, origins, recipients or limits were changed: which of them.
    SiteChanged { fields: Vec<&'static str> },
    /// A site was deleted with all that was its own. Written under [`NO_SITE`].
    SiteDeleted { site_key: String },
    /// Somebody belongs to the site from now on.
    StaffAdded { person_id: i64 },
    /// What is known of somebody was changed: which of it.
    StaffChanged { person_id: i64, fields: Vec<&'static str> },
    /// Somebody belongs to the site no more.
    StaffLeft { person_id: i64 },
    /// A team was made, or changed.
    TeamStored { name: String },
    /// A team is no more.
    TeamRemoved { name: String },
    /// A touchpoint was registered, or changed.
    TouchpointStored { name: String },
    /// A touchpoint is registered no more.
    TouchpointRemoved { name: String },
    /// Opening hours of the site were stored, or taken away.
    CalendarChanged { cleared: bool },
    /// An API key was made.
    KeyCreated { key_id: String },
    /// An API key opens nothing any more.
    KeyRevoked { key_id: String },
    /// A key was made that links are signed with from now on.
    LinkKeyMade { key_id: i64 },
    /// A version of a survey was stored, a draft.
    SurveyStored { name: String, version: i32 },
    /// A version of a survey was put in force.
    SurveyPublished { name: String, version: i32 },
    /// A version of an alert rule was put in force.
    RuleStored { name: String, version: i32 },
    /// A version of an alert rule counts no more, and none in its place.
    RuleRetired { name: String, version: i32 },
    /// The theme was stored, or taken away.
    ThemeChanged { cleared: bool },
    /// The site's words were stored, or taken away.
    WordsChanged { cleared: bool },
    /// A response that was held back counts from now on.
    ResponseReleased { response_id: ResponseId },
    /// A response was deleted with all that belongs to it.
    ResponseDeleted { response_id: ResponseId },
    /// A rule fired for a response.
    AlertFired { response_id: ResponseId, rule: String, version: i32 },
    /// A test message was put in the outbox for each whom a rule tells.
    AlertTested { rule: String, version: i32 },
    /// A rule fired for a touchpoint: nothing comes from it, or its scores fall.
    TouchpointAlerted { touchpoint: String, rule: String, version: i32 },
    /// What fired for a response was taken back before anybody was told.
    AlertWithdrawn { response_id: ResponseId },
    /// The receiving server took a message, at this attempt.
    MessageDelivered { message_id: ResponseId, attempt: i32 },
    /// A message was given up, after this attempt.
    MessageParked { message_id: ResponseId, attempt: i32 },
    /// A message was taken back before it was sent: what it was to tell of is over.
    MessageWithdrawn { message_id: ResponseId },
    /// Somebody was to be told of a response at the end of a window, and what they were to be told of is over.
    WaitWithdrawn { response_id: ResponseId, person_id: i64, rule: String },
    /// A message is to be sent again, or now.
    MessageResent { message_id: ResponseId },
    /// A root cause was made, or its label was changed.
    RootCauseStored { name: String },
    /// Cases are resolved with a root cause no more.
    RootCauseRemoved { name: String },
    /// What a command made of a case: its kind, and what else is to be known of it.
    Case { number: i64, kind: &'static str, data: Value },
}

impl Event {
    /// Its kind, what it is about, and what else is to be known of it.
    pub(super) fn parts(&self) -> (&'static str, String, Value) {
        let none = || json!({});
        match self {
            Self::SiteCreated => ("site.created", "site".to_owned(), none()),
            Self::SiteChanged { fields } => ("site.changed", "site".to_owned(), json!({ "fields": fields })),
            Self::SiteDeleted { site_key } => ("site.deleted", format!("site/{site_key}"), none()),
            Self::StaffAdded { person_id } => ("staff.added", format!("person/{person_id}"), none()),
            Self::StaffChanged { person_id, fields } => {
                ("staff.changed", format!("person/{person_id}"), json!({ "fields": fields }))
            }
            Self::StaffLeft { person_id } => ("staff.left", format!("person/{person_id}"), none()),
            Self::TeamStored { name } => ("team.stored", format!("team/{name}"), none()),
            Self::TeamRemoved { name } => ("team.removed", format!("team/{name}"), none()),
            Self::TouchpointStored { name } => ("touchpoint.stored", format!("touchpoint/{name}"), none()),
            Self::TouchpointRemoved { name } => ("touchpoint.removed", format!("touchpoint/{name}"), none()),
            Self::CalendarChanged { cleared } => {
                ("calendar.changed", "calendar".to_owned(), json!({ "cleared": cleared }))
            }
            Self::KeyCreated { key_id } => ("key.created", format!("key/{key_id}"), none()),
            Self::KeyRevoked { key_id } => ("key.revoked", format!("key/{key_id}"), none()),
            Self::LinkKeyMade { key_id } => ("link_key.made", format!("link_key/{key_id}"), none()),
            Self::SurveyStored { name, version } => {
                ("survey.stored", format!("survey/{name}"), json!({ "version": version }))
            }
            Self::SurveyPublished { name, version } => {
                ("survey.published", format!("survey/{name}"), json!({ "version": version }))
            }
            Self::RuleStored { name, version } => {
                ("rule.stored", format!("rule/{name}"), json!({ "version": version }))
            }
            Self::RuleRetired { name, version } => {
                ("rule.retired", format!("rule/{name}"), json!({ "version": version }))
            }
            Self::ThemeChanged { cleared } => ("theme.changed", "theme".to_owned(), json!({ "cleared": cleared })),
            Self::WordsChanged { cleared } => ("words.changed", "words".to_owned(), json!({ "cleared": cleared })),
            Self::ResponseReleased { response_id } => ("response.released", format!("response/{response_id}"), none()),
            Self::ResponseDeleted { response_id } => ("response.deleted", format!("response/{response_id}"), none()),
            Self::AlertFired { response_id, rule, version } => {
                ("alert.fired", format!("response/{response_id}"), json!({ "rule": rule, "version": version }))
            }
            Self::AlertTested { rule, version } => {
                ("alert.tested", format!("rule/{rule}"), json!({ "version": version }))
            }
            Self::TouchpointAlerted { touchpoint, rule, version } => {
                ("alert.touchpoint", format!("touchpoint/{touchpoint}"), json!({ "rule": rule, "version": version }))
            }
            Self::AlertWithdrawn { response_id } => ("alert.withdrawn", format!("response/{response_id}"), none()),
            Self::MessageDelivered { message_id, attempt } => {
                ("message.delivered", format!("message/{message_id}"), json!({ "attempt": attempt }))
            }
            Self::MessageParked { message_id, attempt } => {
                ("message.parked", format!("message/{message_id}"), json!({ "attempt": attempt }))
            }
            Self::MessageWithdrawn { message_id } => ("message.withdrawn", format!("message/{message_id}"), none()),
            Self::WaitWithdrawn { response_id, person_id, rule } => {
                ("message.withdrawn", format!("response/{response_id}"), json!({ "person": person_id, "rule": rule }))
            }
            Self::MessageResent { message_id } => ("message.resent", format!("message/{message_id}"), none()),
            Self::RootCauseStored { name } => ("root_cause.stored", format!("root_cause/{name}"), none()),
            Self::RootCauseRemoved { name } => ("root_cause.removed", format!("root_cause/{name}"), none()),
            Self::Case { number, kind, data } => (kind, case_subject(*number), data.clone()),
        }
    }
}

/// How the journal names a case.
pub fn case_subject(number: i64) -> String {
    format!("case/{number}")
}
