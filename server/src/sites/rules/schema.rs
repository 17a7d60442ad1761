//! What the document of a rule may hold, in outline: docs/ALERTS.md has every member.

use counterbell_shared::limits::{RULE_STEPS_MAX, RULE_TOLD_MAX, SLUG_MAX_CHARS};
use counterbell_shared::openapi::{Members, words};
use counterbell_shared::schema_of_members;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, Type};

/// What [`Rule::parse`](crate::rules::Rule::parse) reads.
#[derive(Debug)]
pub struct RuleDocument;

schema_of_members!(RuleDocument, {
    let text = |told: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(told));
    let object = |told: &str| ObjectBuilder::new().schema_type(Type::Object).description(Some(told));
    let flag = |told: &str| ObjectBuilder::new().schema_type(Type::Boolean).description(Some(told));
    let told = |told: &str| ArrayBuilder::new().items(object(told)).min_items(Some(1)).max_items(Some(RULE_TOLD_MAX));
    let soon = ObjectBuilder::new().description(Some("`now`, or `grouped` with `most` and `in`"));
    Members::closed("An alert rule, as docs/ALERTS.md explains it")
        .with("name", words(SLUG_MAX_CHARS).min_length(Some(1)).description(Some("As in the address")))
        .with("when", object("What has to be the case"))
        .with("who", told("One of `person`, `team`, `round_robin`, `owner`"))
        .with("fallback", told("One of `person`, `team`, `owner`"))
        .with("how", ArrayBuilder::new().items(text("`mail`")).min_items(Some(1)).max_items(Some(1)))
        .with("soon", soon)
        .with("quiet_hours", object("`from` and `to`, times of day in the zone of whoever is told"))
        .with("urgent", flag("Whether each alert is told alone"))
        .with("acknowledge_within", text("Such as `30m`, in open time"))
        .with("answer_within", text("Such as `8h`, in open time"))
        .with(
            "steps",
            ArrayBuilder::new()
                .items(object("`after` or `before_due`, and `who`"))
                .min_items(Some(1))
                .max_items(Some(RULE_STEPS_MAX)),
        )
        .with("case", flag("Whether a case is opened"))
        .require("name")
        .require("when")
        .require("who")
});
