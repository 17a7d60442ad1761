//! What rules may go by.

use counterbell_shared::answers::Answers;

use crate::db::responses::ResponseRow;
use crate::rules::{Facts, RuleSet, VersionedRule, evaluate};

/// The rules whose conditions hold for a response as it is stored. None holds for one that is held back as suspected spam.
pub fn firing<'r>(rules: &'r RuleSet, response: &ResponseRow) -> Vec<&'r VersionedRule> {
    let Some(score) = response.score().filter(|_| response.held.is_none()) else { return Vec::new() };
    let answers = response.answers.as_deref().and_then(Answers::from_json);
    let facts = Facts {
        score,
        comment: response.comment.as_deref(),
        answers: answers.as_ref(),
        touchpoint: &response.touchpoint,
        channel: response.channel.parse().ok(),
        locale: response.locale.as_deref(),
        at: response.created_at,
        earlier_unhappy: &[],
    };
    evaluate(rules.in_force(), &facts)
}
