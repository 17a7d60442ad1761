//! The rule that opened a case.

use diesel::QueryResult;

use super::ServiceLevel;
use crate::db::{AnyConnection, rules};
use crate::rules::{Rule, StepAt};

/// The rule of a case, in the version that fired. One that is not stored any more, or cannot be read, tells as a new site's
/// does: nobody is forgotten over it.
///
/// # Errors
/// What the database says.
pub(super) fn of_version(conn: &mut AnyConnection, site_id: i64, (name, version): (&str, i32)) -> QueryResult<Rule> {
    let document = rules::document(conn, site_id, name, version)?;
    let rule = document.and_then(|document| Rule::parse(document.as_bytes()).ok());
    Ok(rule.unwrap_or_else(Rule::unhappy))
}

/// How soon a rule wants a case to be taken and answered.
pub fn level_of(rule: &Rule) -> ServiceLevel {
    let due_ms = rule.due_within().map(|due| due.as_ms());
    let step_ms = |at: StepAt| match at {
        StepAt::After(period) => period.as_ms(),
        StepAt::BeforeDue(period) => due_ms.unwrap_or_default().saturating_sub(period.as_ms()).max(0),
    };
    ServiceLevel {
        acknowledge_ms: rule.acknowledge_within.map(|period| period.as_ms()),
        answer_ms: rule.answer_within.map(|period| period.as_ms()),
        steps_ms: rule.steps.iter().map(|step| step_ms(step.at)).collect(),
    }
}
