//! Cases as integrators and operators see them.

use std::collections::HashMap;

use counterbell_shared::answers::{Answers, NewAnswers};
use counterbell_shared::metric::Metric;
use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::cases::{Acted, Actor, DueTime, Entry, Kept};
use crate::db::AnyConnection;
use crate::db::cases::NoteRow;
use crate::db::responses::ResponseRow;
use crate::db::staff::{Member, members_of};

/// Somebody of the staff, or who was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CasePersonView {
    /// Their number.
    pub person_id: i64,
    /// Where their mail goes; empty when nothing is known of them any more.
    pub email: String,
    /// Empty when nobody gave it.
    pub name: String,
}

impl CasePersonView {
    /// What people call them by.
    pub fn called(&self) -> &str {
        if self.name.is_empty() { &self.email } else { &self.name }
    }
}

/// Everybody of a site, by their numbers.
#[derive(Clone, Debug, Default)]
pub struct People(HashMap<i64, CasePersonView>);

impl People {
    /// Those of a site.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Self> {
        let person = |Member { person_id, email, name, .. }| (person_id, CasePersonView { person_id, email, name });
        Ok(Self(members_of(conn, site_id)?.into_iter().map(person).collect()))
    }

    /// Somebody.
    pub fn person(&self, person_id: i64) -> CasePersonView {
        let unknown = || CasePersonView { person_id, email: String::new(), name: String::new() };
        self.0.get(&person_id).cloned().unwrap_or_else(unknown)
    }
}

/// A case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseView {
    /// What people call it by; unique in its site.
    pub number: i64,
    /// Whose it is.
    pub site_key: String,
    /// `open`, `in_progress`, `waiting`, `resolved` or `closed`.
    pub state: &'static str,
    /// `low`, `normal`, `high` or `urgent`.
    pub priority: &'static str,
    /// Who has it, or to whom it was assigned.
    pub owner: Option<CasePersonView>,
    /// Since when.
    pub owned_since: Option<UnixMillis>,
    /// The team whose it is while nobody has it.
    pub team: Option<String>,
    /// Where the customer was asked.
    pub touchpoint: String,
    /// What the score is of.
    #[schema(value_type = Metric)]
    pub metric: String,
    /// Of the response it was opened for.
    pub score: i32,
    /// The rule that opened it.
    pub rule: String,
    /// In which version.
    pub rule_version: i32,
    /// When.
    pub opened_at: UnixMillis,
    /// When somebody said "I have this", since it was last opened.
    pub acknowledged_at: Option<UnixMillis>,
    /// By when somebody has to; `null` when that clock does not run.
    pub acknowledge_by: Option<UnixMillis>,
    /// When the customer was answered first.
    pub first_answer_at: Option<UnixMillis>,
    /// By when that has to be, or the case be resolved; `null` when that clock does not run.
    pub answer_by: Option<UnixMillis>,
    /// Which due times have passed: `acknowledge`, `answer`.
    pub overdue: Vec<&'static str>,
    /// Since when it waits for the customer.
    pub waiting_since: Option<UnixMillis>,
    /// When the customer wrote something that nobody has reacted to.
    pub customer_answered_at: Option<UnixMillis>,
    /// When its owner is reminded.
    pub remind_at: Option<UnixMillis>,
    /// When it was resolved, if it is.
    pub resolved_at: Option<UnixMillis>,
    /// When it was resolved for the first time.
    pub first_resolved_at: Option<UnixMillis>,
    /// When it was closed, if it is.
    pub closed_at: Option<UnixMillis>,
    /// The name of one of the site's root causes.
    pub root_cause: Option<String>,
    /// What was done, in the words of staff.
    pub action_taken: Option<String>,
    /// Why nothing was: `test`, `spam`, `duplicate`, `no_complaint`, `unreachable`.
    pub nothing_to_do: Option<&'static str>,
    /// How many responses belong to it.
    pub response_count: i64,
    /// Numbers of cases that it names.
    pub linked: Vec<i64>,
    /// The number of the case that goes on in its place.
    pub merged_into: Option<i64>,
    /// Grows with each change; the answer's `ETag` is made of it.
    pub version: i64,
}

impl CaseView {
    /// Of a site of this key, at `now` (Unix ms).
    pub fn new(kept: Kept, site_key: &str, people: &People, now: i64) -> Self {
        let Kept { case, rule, about, .. } = kept;
        let late = [DueTime::Acknowledge, DueTime::Answer].into_iter().filter(|due| case.is_overdue(*due, now));
        Self {
            number: case.number,
            site_key: site_key.to_owned(),
            state: case.state.as_str(),
            priority: case.priority.as_str(),
            owner: case.owner.map(|person_id| people.person(person_id)),
            owned_since: case.owned_since.map(UnixMillis),
            overdue: late.map(DueTime::as_str).collect(),
            team: case.team,
            touchpoint: about.touchpoint,
            metric: about.metric,
            score: about.score,
            rule: rule.0,
            rule_version: rule.1,
            opened_at: UnixMillis(case.opened_at),
            acknowledged_at: case.acknowledged_at.map(UnixMillis),
            acknowledge_by: case.acknowledge_by.map(UnixMillis),
            first_answer_at: case.first_answer_at.map(UnixMillis),
            answer_by: case.answer_by.map(UnixMillis),
            waiting_since: case.waiting_since.map(UnixMillis),
            customer_answered_at: case.customer_answered_at.map(UnixMillis),
            remind_at: case.remind_at.map(UnixMillis),
            resolved_at: case.resolved_at.map(UnixMillis),
            first_resolved_at: case.first_resolved_at.map(UnixMillis),
            closed_at: case.closed_at.map(UnixMillis),
            root_cause: case.root_cause,
            action_taken: case.action_taken,
            nothing_to_do: case.nothing_to_do.map(|reason| reason.as_str()),
            response_count: case.response_count,
            linked: case.linked,
            merged_into: case.merged_into,
            version: case.version,
        }
    }
}

/// How late it is, in ms of open time; `null` when it is not. It stands still while the case waits for the customer.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct LateView {
    /// Until somebody says "I have this".
    pub acknowledge_ms: Option<i64>,
    /// Until the customer is answered.
    pub answer_ms: Option<i64>,
}

/// A response that belongs to a case; `GET /v1/admin/responses/{response_id}` has the rest.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseResponseView {
    /// Its id.
    pub response_id: String,
    /// When it came to the case.
    pub joined_at: UnixMillis,
    /// When the customer answered.
    pub created_at: UnixMillis,
    /// Where.
    pub touchpoint: String,
    /// What the score is of.
    #[schema(value_type = Metric)]
    pub metric: String,
    /// On the scale of the metric.
    pub score: i32,
    /// The customer's own words.
    pub comment: Option<String>,
    /// Answers to further questions, by the questions' ids.
    pub answers: Option<NewAnswers>,
    /// The retailer's name of the order.
    pub order_ref: Option<String>,
    /// The retailer's name of the customer.
    pub customer_ref: Option<String>,
    /// Present only when the customer agreed.
    pub email: Option<String>,
    /// The customer's language.
    pub locale: Option<String>,
    /// Why it was held back, if it was.
    pub held: Option<String>,
}

impl CaseResponseView {
    pub(super) fn new(row: ResponseRow, joined_at: i64) -> Option<Self> {
        Some(Self {
            response_id: row.id()?.to_string(),
            joined_at: UnixMillis(joined_at),
            created_at: UnixMillis(row.created_at),
            touchpoint: row.touchpoint,
            metric: row.metric,
            score: row.score,
            comment: row.comment,
            answers: row.answers.as_deref().and_then(Answers::from_json).map(|answers| NewAnswers::from(&answers)),
            order_ref: row.order_ref,
            customer_ref: row.customer_ref,
            email: row.contact_email,
            locale: row.locale,
            held: row.held,
        })
    }
}

/// What staff wrote on a case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseNoteView {
    /// The id that it was sent with, or got.
    pub entry_id: String,
    /// When.
    pub at: UnixMillis,
    /// Who.
    pub person: Option<CasePersonView>,
    /// `note`, `reason`, `spoke`, `customer`.
    pub kind: String,
    /// What.
    pub text: String,
}

impl CaseNoteView {
    pub(super) fn new(row: NoteRow, people: &People) -> Option<Self> {
        Some(Self {
            entry_id: row.id()?.to_string(),
            at: UnixMillis(row.at),
            person: row.person_id.map(|person_id| people.person(person_id)),
            kind: row.kind,
            text: row.text,
        })
    }
}

/// A case with all that belongs to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseDetailsView {
    /// The case.
    #[serde(flatten)]
    pub case: CaseView,
    /// How late it is.
    pub late: LateView,
    /// Responses that are still stored, in the order in which they came to it.
    pub responses: Vec<CaseResponseView>,
    /// In their order.
    pub notes: Vec<CaseNoteView>,
}

/// What somebody did of a case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Done {
    /// Whether anything changed; nothing does when the same was done before.
    pub changed: bool,
    /// The number of the case that a response got.
    pub split_off: Option<i64>,
    /// As it is now.
    pub case: CaseView,
}

impl Done {
    /// On a site of this key, at `now` (Unix ms).
    pub fn new(acted: Acted, site_key: &str, people: &People, now: i64) -> Self {
        let Acted { kept, changed, split_off } = acted;
        Self { changed, split_off, case: CaseView::new(kept, site_key, people, now) }
    }
}

/// An entry of the timeline of a case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// Its number in the journal of the site.
    pub seq: i64,
    /// When.
    pub at: UnixMillis,
    /// Who: `person`, `customer`, `server`, or another as the journal names it.
    pub actor: String,
    /// Which member of staff.
    pub person: Option<CasePersonView>,
    /// How it came: `link`, `api`, `cli`, `console`, `mail`, `server`.
    pub means: String,
    /// What happened: `case.acknowledged`, `case.noted` ...
    pub kind: String,
    /// What else the journal keeps of it: ids, numbers, names; of what came by the API, the id of its `key`.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    pub data: Value,
    /// What staff wrote with it.
    pub text: Option<String>,
}

impl EntryView {
    pub(super) fn new(entry: Entry, people: &People) -> Self {
        let Entry { seq, at, actor, means, kind, data, text } = entry;
        let (actor, person) = match actor {
            Actor::Person(person_id) => ("person".to_owned(), Some(people.person(person_id))),
            Actor::Customer => ("customer".to_owned(), None),
            Actor::Server => ("server".to_owned(), None),
            Actor::Other(name) => (name, None),
        };
        Self { seq, at: UnixMillis(at), actor, person, means, kind, data, text }
    }
}
