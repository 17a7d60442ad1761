//! What rules may go by.

use counterbell_shared::answers::Answers;
use diesel::QueryResult;

use crate::db::responses::{ResponseRow, find_all};
use crate::db::{AnyConnection, customers};
use crate::rules::{Facts, RuleSet, VersionedRule, evaluate};

/// Most earlier responses of a customer that are looked at, the latest ones.
const EARLIER_MAX: usize = 1_000;

/// The rules whose conditions hold for a response as it is stored. None holds for one that is held back as suspected spam.
///
/// # Errors
/// What the database says.
pub fn firing<'r>(
    conn: &mut AnyConnection,
    rules: &'r RuleSet,
    response: &ResponseRow,
) -> QueryResult<Vec<&'r VersionedRule>> {
    let Some(score) = response.score().filter(|_| response.held.is_none()) else { return Ok(Vec::new()) };
    let counts = rules.counts_earlier() && score.is_unhappy();
    let earlier_unhappy = if counts { earlier_unhappy(conn, response)? } else { Vec::new() };
    let answers = response.answers.as_deref().and_then(Answers::from_json);
    let facts = Facts {
        score,
        comment: response.comment.as_deref(),
        answers: answers.as_ref(),
        touchpoint: &response.touchpoint,
        channel: response.channel.parse().ok(),
        locale: response.locale.as_deref(),
        at: response.created_at,
        earlier_unhappy: &earlier_unhappy,
    };
    Ok(evaluate(rules.in_force(), &facts))
}

/// When other responses came in which the customer was unhappy (Unix ms).
fn earlier_unhappy(conn: &mut AnyConnection, response: &ResponseRow) -> QueryResult<Vec<i64>> {
    let others = customers::others(conn, response, EARLIER_MAX)?;
    let keys: Vec<_> = others.into_iter().map(|(id, _)| (response.site_id, id)).collect();
    let is_unhappy = |row: &ResponseRow| row.held.is_none() && row.score().is_some_and(|score| score.is_unhappy());
    Ok(find_all(conn, &keys)?.into_iter().filter(is_unhappy).map(|row| row.created_at).collect())
}
