//! `GET`, `PUT`, `DELETE /v1/admin/rules/{name}`, their list, and what rules would have done.

use actix_web::web::Data;
use counterbell_shared::document::Faults;
use counterbell_shared::limits::{RULE_MAX_BYTES, RULE_MAX_DAYS};
use counterbell_shared::openapi::Members;
use counterbell_shared::problem::{FieldError, ProblemCode};
use counterbell_shared::schema_of_members;
use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use super::page::Page;
use crate::db::{journal, rules};
use crate::document;
use crate::http::ApiError;
use crate::http::extract::values::Version;
use crate::http::extract::{JsonBody, Manager, Named, Query, Site, Sites, Viewer};
use crate::http::operations::{Created, Json, NoContent};
use crate::rules::{Rule, RuleSet, StoredRule};
use crate::sites::{self, RuleDocument, RuleView, ShownRule, catalog, find_rule, load_rules};
use crate::store::Store;
use crate::triage::{Rehearsal, rehearse};

/// A rule as integrators see it.
#[derive(Serialize, ToSchema)]
pub struct SiteRuleView {
    site_key: String,
    #[serde(flatten)]
    rule: RuleView,
}

/// A version that is in force.
#[derive(Serialize, ToSchema)]
pub struct StoredRuleView {
    name: String,
    version: i32,
    /// Whether it was stored now; else the version in force says the same.
    is_new: bool,
}

/// Which version.
#[derive(Deserialize, IntoParams)]
pub struct VersionQuery {
    /// Its number; when left out, the one in force, else the newest.
    #[param(inline)]
    version: Option<Version>,
}

/// What is tried.
#[derive(Debug)]
pub struct RehearsalDocument;

schema_of_members!(
    RehearsalDocument,
    Members::closed("Which responses are run through which rules")
        .with(
            "days",
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(1))
                .maximum(Some(RULE_MAX_DAYS))
                .description(Some("Responses of so many days up to now"))
        )
        .require("days")
        .optional::<RuleDocument>("rule")
);

/// Lists rules by name, site by site.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn list_rules(sites: Sites<Viewer>, store: Data<Store>) -> Result<Json<Page<SiteRuleView>>, ApiError> {
    let ids = sites.ids.clone();
    let rules = store.reads.lists.read(move |conn| {
        let of_site = |site_id: i64| Ok((site_id, catalog(conn, site_id)?));
        ids.into_iter().map(of_site).collect::<QueryResult<Vec<_>>>()
    });
    let site_keys = sites.keys();
    let view = |(site_id, rules): (i64, Vec<RuleView>)| {
        let site_key = site_keys.get(&site_id).map(ToString::to_string).unwrap_or_default();
        rules.into_iter().map(move |rule| SiteRuleView { site_key: site_key.clone(), rule })
    };
    let items = rules.await?.into_iter().flat_map(view).collect();
    Ok(Json(Page::ending_at(items, None)))
}

/// One version of a rule, with its document.
///
/// # Errors
/// 400 for a parameter, 401, 403, 404.
pub async fn get_rule(
    site: Site<Viewer>,
    Named(name): Named,
    Query(query): Query<VersionQuery>,
    store: Data<Store>,
) -> Result<Json<ShownRule>, ApiError> {
    let version = query.version.map(|Version(version)| version);
    let shown = store.reads.lists.read(move |conn| find_rule(conn, site.id, &name, version)).await?;
    let not_found =
        || ApiError::new(ProblemCode::NotFound, "The site has no such version; GET /v1/admin/rules lists them.");
    shown.map(Json).ok_or_else(not_found)
}

/// Puts a document in force as the next version of a rule.
///
/// # Errors
/// 400, 401, 403, 413, 415, 422.
pub async fn put_rule(
    site: Site<Manager>,
    name: Result<Named, ApiError>,
    store: Data<Store>,
    body: Result<JsonBody<RuleDocument>, ApiError>,
) -> Result<Created<StoredRuleView>, ApiError> {
    let rule = Rule::parse(&body?.0).map_err(ApiError::invalid_rule)?;
    let Named(name) = name?;
    if rule.name != name {
        let detail = format!("must be \"{name}\", as in the address");
        return Err(ApiError::invalid_rule(vec![FieldError::new("/name", detail)]));
    }
    let (by, now) = (site.principal.by(), UnixMillis::now().0);
    let work = move |conn: &mut _| {
        let mut lock = journal::lock(conn, site.id)?;
        sites::put_rule(conn, &mut lock, &rule, &by, now)
    };
    let put = store.writes.decisions.run(work).await?.map_err(ApiError::invalid_rule)?;
    Ok(Created { is_new: put.is_new, body: StoredRuleView { name, version: put.version, is_new: put.is_new } })
}

/// Retires a rule; that none of its name is in force is no error.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn delete_rule(site: Site<Manager>, Named(name): Named, store: Data<Store>) -> Result<NoContent, ApiError> {
    let (by, now) = (site.principal.by(), UnixMillis::now().0);
    let work = move |conn: &mut _| {
        let mut lock = journal::lock(conn, site.id)?;
        rules::retire(conn, &mut lock, &name, &by, now)
    };
    store.writes.decisions.run(work).await?;
    Ok(NoContent)
}

/// Runs stored responses through the rules in force, or through the one in the body. Nobody is told of anything.
///
/// # Errors
/// 400, 401, 403, 413, 415, 422.
pub async fn rehearse_rules(
    site: Site<Viewer>,
    store: Data<Store>,
    body: Result<JsonBody<RehearsalDocument>, ApiError>,
) -> Result<Json<Rehearsal>, ApiError> {
    let (days, rule) = read_rehearsal(&body?.0).map_err(ApiError::invalid_rule)?;
    let now = UnixMillis::now().0;
    let work = move |conn: &mut _| {
        let rules = match &rule {
            Some(rule) => std::sync::Arc::new(RuleSet::new(vec![rule.clone()])),
            None => load_rules(conn, site.id, None)?,
        };
        rehearse(conn, site.id, &rules, days, now)
    };
    Ok(Json(store.reads.lists.read(work).await?))
}

fn read_rehearsal(body: &[u8]) -> Result<(u8, Option<StoredRule>), Vec<FieldError>> {
    document::parse(body, RULE_MAX_BYTES, |document| {
        let mut faults = Faults::default();
        let object = faults.object(document, "", &["days", "rule"]);
        let days = object.and_then(|object| {
            let days = faults.required(object, "days")?.as_u64().and_then(|days| u8::try_from(days).ok());
            let days = days.filter(|days| (1..=RULE_MAX_DAYS).contains(days));
            days.or_else(|| faults.wrong("/days", format!("must be a whole number from 1 to {RULE_MAX_DAYS}")))
        });
        let rule = object.and_then(|object| object.members.get("rule")).and_then(|value| {
            let document = value.to_string();
            match Rule::parse(document.as_bytes()) {
                Ok(rule) => Some(StoredRule { name: rule.name, version: 0, document }),
                Err(errors) => {
                    errors.into_iter().for_each(|error| faults.tell(format!("/rule{}", error.pointer), error.detail));
                    None
                }
            }
        });
        faults.end(days.map(|days| (days, rule)))
    })
}
