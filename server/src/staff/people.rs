//! People of a site: who there is, who comes, changes and leaves.

use counterbell_shared::limits::{ALIASES_MAX, STAFF_MAX};
use counterbell_shared::problem::FieldError;
use diesel::QueryResult;

use super::documents::{NewPerson, PersonPatch};
use super::leaving::{LeavingView, leaving};
use super::views::PersonView;
use super::{Asker, Refused, Stored, absence};
use crate::db::sites::Site;
use crate::db::staff::{self, Change, Member, NewMember};
use crate::db::{AnyConnection, journal};
use crate::zone::Zone;

/// The people of a site in the order in which they joined, at `now` (Unix ms); those who left only with `all`.
///
/// # Errors
/// What the database says.
pub fn list(conn: &mut AnyConnection, site_id: i64, all: bool, now: i64) -> QueryResult<Vec<PersonView>> {
    let zone = site_zone(conn, site_id)?;
    let members = staff::members_of(conn, site_id)?.into_iter();
    let shown = members.filter(|member| all || member.left_at.is_none());
    Ok(shown.map(|member| PersonView::new(member, &zone, now)).collect())
}

/// Somebody of a site, or who was.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut AnyConnection, site_id: i64, person_id: i64, now: i64) -> QueryResult<Option<PersonView>> {
    let Some(member) = staff::find(conn, site_id, person_id)? else { return Ok(None) };
    view(conn, site_id, member, now).map(Some)
}

/// Makes somebody staff of a site, at `now` (Unix ms). Whoever left comes back, and whoever is there is changed. Call in a
/// transaction that writes.
///
/// # Errors
/// What the database says.
pub fn add(
    conn: &mut AnyConnection,
    site_id: i64,
    new: &NewPerson,
    asker: &Asker,
    now: i64,
) -> QueryResult<Result<Stored<PersonView>, Refused>> {
    let mut site = journal::lock(conn, site_id)?;
    let known = staff::person_of(conn, new.email.as_str())?;
    let staff = staff::members_of(conn, site_id)?;
    let before = staff.iter().find(|member| Some(member.person_id) == known);
    let is_new = before.is_none_or(|member| member.left_at.is_some());
    if is_new && staff.iter().filter(|member| member.left_at.is_none()).count() >= STAFF_MAX {
        return Ok(Err(wrong("/email", format!("the site has {STAFF_MAX} people, which is the most"))));
    }
    if let Some(person_id) = known
        && is_shared(conn, person_id, &new.patch, asker)?
    {
        return Ok(Err(Refused::SharedPerson));
    }
    let own_zone = known.map(|person_id| staff::zone_of(conn, person_id)).transpose()?.flatten();
    let change = match change_of(conn, site_id, before, own_zone.as_deref(), &new.patch)? {
        Ok(change) => change,
        Err(error) => return Ok(Err(Refused::InvalidPerson(vec![error]))),
    };
    let new = NewMember { email: new.email.clone(), change };
    match staff::add(conn, &mut site, &new, &asker.by, now)? {
        Ok(member) => Ok(Ok(Stored { is_new, view: view(conn, site_id, member, now)? })),
        Err(refused) => Ok(Err(refused.into())),
    }
}

/// Changes somebody of a site, or who was, at `now` (Unix ms). Call in a transaction that writes.
///
/// # Errors
/// What the database says.
pub fn change(
    conn: &mut AnyConnection,
    site_id: i64,
    person_id: i64,
    patch: &PersonPatch,
    asker: &Asker,
    now: i64,
) -> QueryResult<Result<PersonView, Refused>> {
    let mut site = journal::lock(conn, site_id)?;
    let Some(before) = staff::find(conn, site_id, person_id)? else { return Ok(Err(Refused::NoSuchPerson)) };
    if is_shared(conn, person_id, patch, asker)? {
        return Ok(Err(Refused::SharedPerson));
    }
    let change = match change_of(conn, site_id, Some(&before), before.zone.as_deref(), patch)? {
        Ok(change) => change,
        Err(error) => return Ok(Err(Refused::InvalidPerson(vec![error]))),
    };
    match staff::change(conn, &mut site, person_id, &change, &asker.by, now)? {
        Ok(member) => view(conn, site_id, member, now).map(Ok),
        Err(refused) => Ok(Err(refused.into())),
    }
}

/// Somebody leaves a site, at `now` (Unix ms), and what that touches; that they left before is no error. Call in a transaction
/// that writes.
///
/// # Errors
/// What the database says.
pub fn leave(
    conn: &mut AnyConnection,
    site_id: i64,
    person_id: i64,
    asker: &Asker,
    now: i64,
) -> QueryResult<Result<LeavingView, Refused>> {
    let mut site = journal::lock(conn, site_id)?;
    let touched = leaving(conn, site_id, person_id)?;
    staff::leave(conn, &mut site, person_id, &asker.by, now)?;
    Ok(touched.ok_or(Refused::NoSuchPerson))
}

impl From<staff::Refused> for Refused {
    fn from(refused: staff::Refused) -> Self {
        match refused {
            staff::Refused::NoSuchPerson => Self::NoSuchPerson,
            staff::Refused::AddressTaken(email) => Self::AddressTaken(email),
            staff::Refused::Manager => wrong(
                "/manager_id",
                "must be somebody else of the site, whose own managers do not lead back to this person",
            ),
        }
    }
}

fn wrong(pointer: &str, detail: impl std::fmt::Display) -> Refused {
    Refused::InvalidPerson(vec![FieldError::new(pointer, detail)])
}

/// Whether this would change somebody for a site that is not the asker's.
fn is_shared(conn: &mut AnyConnection, person_id: i64, patch: &PersonPatch, asker: &Asker) -> QueryResult<bool> {
    match &asker.sites {
        Some(sites) if patch.is_of_all_sites() => staff::works_elsewhere(conn, person_id, sites),
        _ => Ok(false),
    }
}

fn change_of(
    conn: &mut AnyConnection,
    site_id: i64,
    before: Option<&Member>,
    own_zone: Option<&str>,
    patch: &PersonPatch,
) -> QueryResult<Result<Change, FieldError>> {
    let is_full = before.is_some_and(|member| member.aliases.len() >= ALIASES_MAX);
    if patch.email.is_some() && patch.aliases.is_none() && is_full {
        let detail =
            format!("leaves more than {ALIASES_MAX} other addresses with the one before: name those that stay, too");
        return Ok(Err(FieldError::new("/email", detail)));
    }
    let own_zone = match &patch.zone {
        Some(zone) => zone.clone(),
        None => own_zone.map(Zone::or_utc),
    };
    let zone = match own_zone {
        Some(zone) => zone,
        None => site_zone(conn, site_id)?,
    };
    let name = |name: &Option<_>| name.clone().map(String::from).unwrap_or_default();
    Ok(absence::changed(before, patch, &zone).map(|absent| Change {
        name: patch.name.as_ref().map(name),
        language: patch.language.clone().map(|language| language.map(String::from)),
        zone: patch.zone.as_ref().map(|zone| zone.as_ref().map(|zone| zone.name().to_owned())),
        email: patch.email.clone(),
        aliases: patch.aliases.clone(),
        manager_id: patch.manager_id,
        absent,
    }))
}

fn view(conn: &mut AnyConnection, site_id: i64, member: Member, now: i64) -> QueryResult<PersonView> {
    Ok(PersonView::new(member, &site_zone(conn, site_id)?, now))
}

fn site_zone(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Zone> {
    Ok(Site::find_zone(conn, site_id)?.map_or(Zone::UTC, |zone| Zone::or_utc(&zone)))
}
