//! What a form does.

use diesel::QueryResult;

use super::door::{self, Shut, Visit};
use super::form::Form;
use super::posted::{Fault, Posted};
use super::reader::Reader;
use crate::cases::{Asked, By, Means, act};
use crate::db::AnyConnection;
use crate::db::journal::{self, SiteLock};
use crate::language::Language;
use crate::links::Links;
use crate::touchpoints::Hours;

/// What became of a form.
pub enum Outcome {
    /// It is done, now or when the same form came before.
    Done(Form),
    /// Nothing was done.
    Refused(Fault),
}

/// Does what a form says, at `now` (Unix ms). Call in a transaction that writes.
///
/// # Errors
/// What the database says.
pub fn submit(
    conn: &mut AnyConnection,
    (links, token): (&Links, &str),
    posted: &Posted,
    browsers: Option<Language>,
    now: i64,
) -> QueryResult<Result<Outcome, Shut>> {
    let (mut lock, visit) = match open_locked(conn, links, token, now)? {
        Ok(opened) => opened,
        Err(shut) => return Ok(Err(shut)),
    };
    let Visit { site, member, kept, .. } = visit;
    let reader = Reader::new(&member, &site.zone, browsers, now);
    let hours = Hours::of(conn, site.id, &kept.about.touchpoint)?;
    let action = match posted.action(&reader, &hours) {
        Ok(action) => action,
        Err(fault) => return Ok(Ok(Outcome::Refused(fault))),
    };
    let by = By::person(member.person_id, Means::Link);
    let asked = Asked { by, seen: None, entry_id: posted.entry_id, now };
    Ok(Ok(match (act(conn, &mut lock, kept.case.number, action, &asked)?, posted.form) {
        (Ok(_), Some(form)) => Outcome::Done(form),
        // An action without a form is none.
        (Ok(_), None) => Outcome::Refused(Fault::NotUnderstood),
        (Err(denied), _) => Outcome::Refused(Fault::Denied(denied)),
    }))
}

/// Looks at the link before the site is locked, so that a forged one locks nothing, and again behind that: it may have been
/// stopped meanwhile.
///
/// # Errors
/// What the database says.
pub fn open_locked(
    conn: &mut AnyConnection,
    links: &Links,
    token: &str,
    now: i64,
) -> QueryResult<Result<(SiteLock, Visit), Shut>> {
    let site_id = match door::open(conn, links, token, now)? {
        Ok(visit) => visit.site.id,
        Err(shut) => return Ok(Err(shut)),
    };
    let lock = journal::lock(conn, site_id)?;
    Ok(door::open(conn, links, token, now)?.map(|visit| (lock, visit)))
}
