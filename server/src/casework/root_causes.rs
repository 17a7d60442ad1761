//! Root causes of a site: what a case can be resolved with.

use counterbell_shared::document::Faults;
use counterbell_shared::limits::BODY_MAX_BYTES;
use counterbell_shared::openapi::Members;
use counterbell_shared::problem::FieldError;
use counterbell_shared::{Reference, schema_of_members};
use diesel::QueryResult;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::journal::{By, Event, SiteLock};
use crate::db::{AnyConnection, cases};
use crate::document;

/// Most root causes of a site.
pub const ROOT_CAUSES_MAX: usize = 100;

/// Why customers are unhappy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RootCauseView {
    /// For programs.
    pub name: String,
    /// For people.
    pub label: String,
}

/// What is said of a root cause.
#[derive(Clone, Debug)]
pub struct RootCauseDocument {
    label: Reference,
}

schema_of_members!(RootCauseDocument, Members::closed("A root cause").needed::<Reference>("label"));

impl RootCauseDocument {
    /// With this label.
    pub fn new(label: Reference) -> Self {
        Self { label }
    }

    /// Reads its JSON.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<FieldError>> {
        document::parse(json, BODY_MAX_BYTES, |document| {
            let mut faults = Faults::default();
            let read = faults.object(document, "", &["label"]).and_then(|object| {
                let label = faults.string(object, "label")?;
                Reference::new(label).map_err(|error| faults.tell("/label", error)).ok().map(Self::new)
            });
            faults.end(read)
        })
    }
}

/// Those of a site, in the order in which they were made.
///
/// # Errors
/// What the database says.
pub fn root_causes(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<RootCauseView>> {
    let all = cases::root_causes(conn, site_id)?.into_iter();
    Ok(all.map(|(name, label)| RootCauseView { name, label }).collect())
}

/// Stores a root cause in the place of the one of this name, at `now` (Unix ms); whether it is new, and how it is stored.
///
/// # Errors
/// What the database says.
pub fn put_root_cause(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    name: &str,
    document: &RootCauseDocument,
    (by, now): (&By, i64),
) -> QueryResult<Result<(bool, RootCauseView), FieldError>> {
    let label = document.label.as_str();
    let all = cases::root_causes(conn, site.site_id())?;
    let before = all.iter().find(|(known, _)| known == name);
    if before.is_none() && all.len() >= ROOT_CAUSES_MAX {
        let detail = format!("the site has {ROOT_CAUSES_MAX} root causes, which is the most");
        return Ok(Err(FieldError::new("", detail)));
    }
    if before.is_none_or(|(_, known)| known != label) {
        cases::put_root_cause(conn, site.site_id(), name, label, now)?;
        site.append(conn, by, now, &[Event::RootCauseStored { name: name.to_owned() }])?;
    }
    Ok(Ok((before.is_none(), RootCauseView { name: name.to_owned(), label: label.to_owned() })))
}

/// Takes a root cause away, at `now` (Unix ms): cases that have it keep it. Whether there was one.
///
/// # Errors
/// What the database says.
pub fn remove_root_cause(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    name: &str,
    by: &By,
    now: i64,
) -> QueryResult<bool> {
    let removed = cases::remove_root_cause(conn, site.site_id(), name, now)?;
    if removed {
        site.append(conn, by, now, &[Event::RootCauseRemoved { name: name.to_owned() }])?;
    }
    Ok(removed)
}
