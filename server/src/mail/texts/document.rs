//! The document of a language: a text that is missing, or one too many, is not read.

use serde::Deserialize;

/// Every text of the mails in one language; `{...}` stands for a value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    pub row: &'static str,
    pub separator: &'static str,
    pub score: &'static str,
    pub headline_score: &'static str,
    pub urgent: &'static str,
    pub urgent_note: &'static str,
    pub test_note: &'static str,
    pub test_place: &'static str,
    pub test_comment: &'static str,
    pub no_comment: &'static str,
    pub new_response: &'static str,
    pub cut: &'static str,
    pub kept_out: &'static str,
    pub kept_out_no_case: &'static str,
    pub customer: Voice,
    pub staff: Voice,
    pub metrics: MetricsTexts,
    pub rows: RowTexts,
    pub buttons: ButtonTexts,
    pub why: WhyTexts,
    pub message: &'static str,
    pub case: CaseTexts,
    pub group: GroupTexts,
    pub touchpoints: TouchpointTexts,
}

/// What is said of whoever answered: a customer, or somebody of the site's own staff.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    pub unhappy: &'static str,
    pub unhappy_at: &'static str,
    pub new: &'static str,
    pub new_at: &'static str,
    pub person: &'static str,
    pub unfinished: &'static str,
    pub reply: &'static str,
    pub reply_now: &'static str,
    pub reply_then: &'static str,
    pub needs_smtputf8: &'static str,
    pub unusable: &'static str,
    pub no_reply: &'static str,
    pub earlier: &'static str,
}

/// Of each metric.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub struct MetricsTexts {
    pub csat: MetricTexts,
    pub nps: MetricTexts,
    pub ces: MetricTexts,
    pub expectation: MetricTexts,
}

/// What a metric is called, and what the ends of its scale mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricTexts {
    pub name: &'static str,
    pub scale: &'static str,
}

/// Names of facts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowTexts {
    pub place: &'static str,
    pub metric: &'static str,
    pub order: &'static str,
    pub order_unproven: &'static str,
    pub answered: &'static str,
    pub page: &'static str,
    pub language: &'static str,
    pub case: &'static str,
    pub opened: &'static str,
    pub owner: &'static str,
    pub nobody: &'static str,
    pub given_to: &'static str,
    pub by: &'static str,
    pub acknowledge_by: &'static str,
    pub answer_by: &'static str,
    pub root_cause: &'static str,
    pub action_taken: &'static str,
}

/// On the buttons, and in their place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ButtonTexts {
    pub take: &'static str,
    pub not_for_me: &'static str,
    pub open: &'static str,
    pub remind: &'static str,
    pub spoke: &'static str,
    pub open_group: &'static str,
    pub open_test: &'static str,
    pub none: &'static str,
    pub none_test: &'static str,
    pub no_case: &'static str,
}

/// Why the reader gets the mail, and who else does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhyTexts {
    pub named: &'static str,
    pub team: &'static str,
    pub turn: &'static str,
    pub owner: &'static str,
    pub manager_of: &'static str,
    pub in_place_of: &'static str,
    pub fallback: &'static str,
    pub alerts_team: &'static str,
    pub nobody_there: &'static str,
    pub rule: &'static str,
    pub listed: &'static str,
    pub case: &'static str,
    pub also_told: &'static str,
    pub and_more: &'static str,
    pub only_you: &'static str,
}

/// What happened to a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub struct CaseTexts {
    pub assigned: News,
    pub assigned_team: News,
    pub assigned_away: News,
    pub taken_over: News,
    pub given_back: News,
    pub owner_left: News,
    pub escalated: News,
    pub mentioned: News,
    pub noted: News,
    pub customer_answered: News,
    pub response_joined: News,
    pub case_joined: News,
    pub urgent: News,
    pub reminder: News,
    pub reminder_set: News,
    pub link: News,
    pub resolved: News,
    pub closed: News,
    pub reopened: News,
    pub merged: News,
    pub not_taken: News,
    pub not_answered: News,
}

/// One thing that happened.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct News {
    pub headline: &'static str,
    pub detail: &'static str,
}

/// Of many in one mail.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupTexts {
    pub alerts: GroupNews,
    pub not_taken: GroupNews,
    pub not_answered: GroupNews,
    pub left: GroupNews,
    pub newest: &'static str,
}

/// What a mail tells many of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupNews {
    pub headline: &'static str,
    pub headline_at: &'static str,
    pub detail: &'static str,
}

/// Of touchpoints that somebody is to look at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TouchpointTexts {
    pub silent: TouchpointNews,
    pub fallen: TouchpointNews,
    pub last: &'static str,
    pub never: &'static str,
    pub fall: &'static str,
    pub more: &'static str,
    pub look: &'static str,
    pub many: &'static str,
    pub page: &'static str,
    pub device: &'static str,
    pub server: &'static str,
    pub comments: &'static str,
    pub silent_again: &'static str,
    pub fallen_again: &'static str,
}

/// What was noticed at touchpoints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TouchpointNews {
    pub headline: &'static str,
    pub headline_at: &'static str,
    pub headline_many: &'static str,
    pub detail: &'static str,
}
