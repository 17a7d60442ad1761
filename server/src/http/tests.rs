//! The list of operations.

use std::collections::BTreeSet;

use super::*;
use extract::Role::{self, Admin, Agent, Manager, Viewer};

/// Who may do what, at least; `None` is anybody.
const MATRIX: &[(&str, Option<Role>)] = &[
    ("DELETE /v1/admin/responses/{response_id}", Some(Admin)),
    ("DELETE /v1/admin/sites/{site_key}/calendar", Some(Manager)),
    ("DELETE /v1/admin/sites/{site_key}/theme", Some(Manager)),
    ("DELETE /v1/admin/sites/{site_key}/touchpoints/{touchpoint}", Some(Manager)),
    ("DELETE /v1/admin/sites/{site_key}/staff/{person_id}", Some(Manager)),
    ("DELETE /v1/admin/sites/{site_key}/teams/{name}", Some(Manager)),
    ("DELETE /v1/admin/root-causes/{name}", Some(Manager)),
    ("GET /v1/admin/cases", Some(Viewer)),
    ("GET /v1/admin/cases/{number}", Some(Viewer)),
    ("GET /v1/admin/cases/{number}/timeline", Some(Viewer)),
    ("GET /v1/admin/loop", Some(Viewer)),
    ("GET /v1/admin/rules", Some(Viewer)),
    ("GET /v1/admin/rules/{name}", Some(Viewer)),
    ("POST /v1/admin/rules/test", Some(Viewer)),
    ("PUT /v1/admin/rules/{name}", Some(Manager)),
    ("DELETE /v1/admin/rules/{name}", Some(Manager)),
    ("GET /v1/admin/rules/{name}/open-cases", Some(Viewer)),
    ("POST /v1/admin/rules/{name}/open-cases", Some(Manager)),
    ("GET /v1/admin/root-causes", Some(Viewer)),
    ("POST /v1/admin/cases/actions", Some(Agent)),
    ("POST /v1/admin/cases/{number}/actions", Some(Agent)),
    ("PUT /v1/admin/root-causes/{name}", Some(Manager)),
    ("GET /assets/{file}", None),
    ("GET /case/{token}", None),
    ("GET /f/{site_key}/{touchpoint}", None),
    ("GET /group/{token}", None),
    ("GET /healthz", None),
    ("GET /hosted/{file}", None),
    ("GET /hosted/{site_key}/{file}", None),
    ("GET /metrics", None),
    ("GET /openapi.json", None),
    ("GET /readyz", None),
    ("GET /v1/admin/outbox", Some(Viewer)),
    ("GET /v1/admin/outbox/{message_id}", Some(Viewer)),
    ("GET /v1/admin/responses", Some(Viewer)),
    ("GET /v1/admin/responses/{response_id}", Some(Viewer)),
    ("GET /v1/admin/sites/{site_key}/calendar", Some(Viewer)),
    ("GET /v1/admin/sites/{site_key}/theme", Some(Viewer)),
    ("GET /v1/admin/sites/{site_key}/touchpoints", Some(Viewer)),
    ("GET /v1/admin/sites/{site_key}/touchpoints/{touchpoint}", Some(Viewer)),
    ("GET /v1/admin/sites/{site_key}/staff", Some(Viewer)),
    ("GET /v1/admin/sites/{site_key}/staff/{person_id}", Some(Viewer)),
    ("GET /v1/admin/sites/{site_key}/teams", Some(Viewer)),
    ("GET /v1/admin/sites/{site_key}/teams/{name}", Some(Viewer)),
    ("GET /v1/admin/summary", Some(Viewer)),
    ("GET /v1/admin/surveys", Some(Viewer)),
    ("GET /v1/admin/surveys/{name}", Some(Viewer)),
    ("GET /v1/widget/{site_key}", None),
    ("GET /widget.js", None),
    ("OPTIONS /v1/responses", None),
    ("OPTIONS /v1/widget/{site_key}", None),
    ("PATCH /v1/admin/sites/{site_key}/staff/{person_id}", Some(Manager)),
    ("POST /case/{token}", None),
    ("POST /f/{site_key}/{touchpoint}", None),
    ("POST /group/{token}", None),
    ("POST /v1/admin/outbox/{message_id}/resend", Some(Agent)),
    ("POST /v1/admin/responses/{response_id}/release", Some(Agent)),
    ("POST /v1/admin/sites/{site_key}/staff", Some(Manager)),
    ("POST /v1/admin/surveys/{name}/publish", Some(Manager)),
    ("POST /v1/responses", None),
    ("PUT /v1/admin/sites/{site_key}/calendar", Some(Manager)),
    ("PUT /v1/admin/sites/{site_key}/theme", Some(Manager)),
    ("PUT /v1/admin/sites/{site_key}/touchpoints/{touchpoint}", Some(Manager)),
    ("PUT /v1/admin/sites/{site_key}/teams/{name}", Some(Manager)),
    ("PUT /v1/admin/surveys/{name}", Some(Manager)),
];

#[test]
fn every_operation_has_a_row_that_says_who_may_do_it() {
    let name = |operation: &Operation| format!("{} {}", operation.method, operation.path);
    let there: BTreeSet<_> = all_operations().iter().map(|one| (name(one), one.notes.role)).collect();
    let expected: BTreeSet<_> = MATRIX.iter().map(|(name, role)| ((*name).to_owned(), *role)).collect();
    assert_eq!(there, expected);
}

#[test]
fn whatever_needs_a_key_says_that_it_answers_401_without_one() {
    for operation in all_operations() {
        assert_eq!(
            operation.notes.role.is_some(),
            operation.notes.errors.contains("unauthorized"),
            "{}",
            operation.path
        );
        assert!(operation.path.starts_with("/v1/admin/") == operation.notes.role.is_some(), "{}", operation.path);
    }
}
