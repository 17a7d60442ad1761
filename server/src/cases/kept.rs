//! A case and its row.

use std::str::FromStr;

use diesel::QueryResult;
use serde::{Deserialize, Serialize};

use super::{Case, DueTime, EntryId, Event, ServiceLevel};
use crate::db::AnyConnection;
use crate::db::cases::CaseRow;
use crate::db::responses::id_from_column;

/// A case that is stored.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What it is.
    pub case: Case,
    /// In the database.
    pub id: [u8; 16],
    /// Whose it is.
    pub site_id: i64,
    /// The rule that opened it, and the version that fired.
    pub rule: (String, i32),
    /// Of the response it was opened for.
    pub about: About,
    /// When somebody first said "I have this", ever (Unix ms).
    pub first_acknowledged_at: Option<i64>,
    /// What figures need, and no command.
    pub ever: Ever,
}

/// How late a case was, however often it was opened again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ever {
    /// How late it was first acknowledged, in ms of open time: 0 is in time.
    pub acknowledge_late_ms: Option<i64>,
    /// How late it was first answered, or resolved.
    pub answer_late_ms: Option<i64>,
}

impl Ever {
    /// Something happened: of each clock the first stop counts.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Acknowledged { late_ms } => self.acknowledge_late_ms = self.acknowledge_late_ms.or(*late_ms),
            Event::Spoken { late_ms, .. } | Event::Replied { late_ms, .. } | Event::Resolved { late_ms } => {
                self.answer_late_ms = self.answer_late_ms.or(*late_ms);
            }
            _ => {}
        }
    }
}

/// What stays known of the response that a case was opened for, also when that is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Where it was asked.
    pub touchpoint: String,
    /// What the score is of, by its name.
    pub metric: String,
    /// As it was given.
    pub score: i32,
}

/// What no query asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Details {
    owned_since: Option<i64>,
    declined_by: Vec<i64>,
    acknowledge_ms: Option<i64>,
    answer_ms: Option<i64>,
    steps_ms: Vec<i64>,
    acknowledged_by: Option<i64>,
    answered_at: Option<i64>,
    answer_left_ms: Option<i64>,
    steps_from: i64,
    steps_done: usize,
    next_step_at: Option<i64>,
    overdue: Vec<(DueTime, i64)>,
    remind_at: Option<i64>,
    linked: Vec<i64>,
    link_generation: u32,
    last_entry: Option<String>,
    opens_again: bool,
}

impl Kept {
    /// The case of this number.
    ///
    /// # Errors
    /// What the database says, or that the row cannot be read.
    pub fn find(conn: &mut AnyConnection, site_id: i64, number: i64) -> QueryResult<Option<Self>> {
        CaseRow::find(conn, site_id, number)?.map(Self::read).transpose()
    }

    /// The case of this id.
    ///
    /// # Errors
    /// What the database says, or that the row cannot be read.
    pub fn find_by_id(conn: &mut AnyConnection, site_id: i64, case_id: &[u8]) -> QueryResult<Option<Self>> {
        CaseRow::find_by_id(conn, site_id, case_id)?.map(Self::read).transpose()
    }

    /// The case that a response belongs to.
    ///
    /// # Errors
    /// What the database says, or that the row cannot be read.
    pub fn of_response(conn: &mut AnyConnection, site_id: i64, response_id: &[u8]) -> QueryResult<Option<Self>> {
        CaseRow::of_response(conn, site_id, response_id)?.map(Self::read).transpose()
    }

    /// What a row says.
    ///
    /// # Errors
    /// Somebody else wrote it, or a newer program.
    pub fn read(row: CaseRow) -> QueryResult<Self> {
        let number = row.number;
        Self::parse(row).ok_or_else(|| {
            let fault = format!("the row of case {number} cannot be read");
            diesel::result::Error::DeserializationError(fault.into())
        })
    }

    fn parse(row: CaseRow) -> Option<Self> {
        let details: Details = serde_json::from_str(&row.details).ok()?;
        let case = Case {
            number: row.number,
            state: row.state.parse().ok()?,
            owner: row.owner_id,
            owned_since: details.owned_since,
            team: row.team,
            declined_by: details.declined_by,
            priority: row.priority.parse().ok()?,
            level: ServiceLevel {
                acknowledge_ms: details.acknowledge_ms,
                answer_ms: details.answer_ms,
                steps_ms: details.steps_ms,
            },
            opened_at: row.opened_at,
            acknowledged_at: row.acknowledged_at,
            acknowledged_by: details.acknowledged_by,
            acknowledge_by: row.acknowledge_by,
            first_answer_at: row.first_answer_at,
            answered_at: details.answered_at,
            answer_by: row.answer_by,
            answer_left_ms: details.answer_left_ms,
            waiting_since: row.waiting_since,
            customer_answered_at: row.customer_answered_at,
            resolved_at: row.resolved_at,
            first_resolved_at: row.first_resolved_at,
            closed_at: row.closed_at,
            steps_from: details.steps_from,
            steps_done: details.steps_done,
            next_step_at: details.next_step_at,
            overdue: details.overdue,
            remind_at: details.remind_at,
            root_cause: row.root_cause,
            action_taken: row.action_taken,
            nothing_to_do: row.nothing_to_do.map(|reason| reason.parse()).transpose().ok()?,
            opens_again: details.opens_again,
            response_count: row.response_count,
            linked: details.linked,
            merged_into: row.merged_into,
            link_generation: details.link_generation,
            last_entry: details.last_entry.map(|id| EntryId::from_str(&id)).transpose().ok()?,
            version: row.version,
        };
        Some(Self {
            case,
            id: row.case_id.try_into().ok()?,
            site_id: row.site_id,
            rule: (row.rule, row.rule_version),
            about: About { touchpoint: row.touchpoint, metric: row.metric, score: row.score },
            first_acknowledged_at: row.first_acknowledged_at,
            ever: Ever { acknowledge_late_ms: row.acknowledge_late_ms, answer_late_ms: row.answer_late_ms },
        })
    }

    /// As it is stored.
    pub(super) fn row(&self) -> CaseRow {
        let Self { case, id, site_id, rule, about, first_acknowledged_at, ever } = self.clone();
        let details = Details {
            owned_since: case.owned_since,
            declined_by: case.declined_by,
            acknowledge_ms: case.level.acknowledge_ms,
            answer_ms: case.level.answer_ms,
            steps_ms: case.level.steps_ms,
            acknowledged_by: case.acknowledged_by,
            answered_at: case.answered_at,
            answer_left_ms: case.answer_left_ms,
            steps_from: case.steps_from,
            steps_done: case.steps_done,
            next_step_at: case.next_step_at,
            overdue: case.overdue,
            remind_at: case.remind_at,
            linked: case.linked,
            link_generation: case.link_generation,
            last_entry: case.last_entry.map(|id| id.to_string()),
            opens_again: case.opens_again,
        };
        CaseRow {
            site_id,
            case_id: id.to_vec(),
            number: case.number,
            state: case.state.as_str().to_owned(),
            owner_id: case.owner,
            team: case.team,
            priority: case.priority.as_str().to_owned(),
            rule: rule.0,
            rule_version: rule.1,
            touchpoint: about.touchpoint,
            metric: about.metric,
            score: about.score,
            opened_at: case.opened_at,
            acknowledged_at: case.acknowledged_at,
            first_acknowledged_at,
            acknowledge_by: case.acknowledge_by,
            first_answer_at: case.first_answer_at,
            answer_by: case.answer_by,
            waiting_since: case.waiting_since,
            customer_answered_at: case.customer_answered_at,
            resolved_at: case.resolved_at,
            first_resolved_at: case.first_resolved_at,
            closed_at: case.closed_at,
            root_cause: case.root_cause,
            action_taken: case.action_taken,
            nothing_to_do: case.nothing_to_do.map(|reason| reason.as_str().to_owned()),
            response_count: case.response_count,
            merged_into: case.merged_into,
            version: case.version,
            // Numbers and ids alone: nothing that JSON cannot say.
            details: serde_json::to_string(&details).unwrap_or_default(),
            acknowledge_late_ms: ever.acknowledge_late_ms,
            answer_late_ms: ever.answer_late_ms,
        }
    }

    /// Its id as other rows name it.
    pub fn entry_id(&self) -> Option<EntryId> {
        id_from_column(&self.id)
    }
}
