//! A new link for whoever has one that expired. It goes to the address that is stored of them, and to no other.

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde_json::json;

use super::door::{self, Shut, Visit};
use crate::cases::CASE_MAIL;
use crate::db::AnyConnection;
use crate::db::journal;
use crate::db::outbox::{self, About, MAIL_LANE, NewOutboxRow, Subject};
use crate::ids::new_id;
use crate::links::Links;

/// A person gets one new link to a case in this time, in ms.
const PAUSE_MS: i64 = 5 * 60_000;

/// What the occasion of such a message begins with.
const LINK: &str = "link/";

/// Sends a new link, unless one was just sent; for which language is said by whom it is for.
///
/// # Errors
/// What the database says.
pub fn renew(conn: &mut AnyConnection, links: &Links, token: &str, now: i64) -> QueryResult<Result<Box<Visit>, Shut>> {
    let expired = |conn: &mut AnyConnection| {
        QueryResult::Ok(match door::open(conn, links, token, now)? {
            Err(Shut::Expired(visit)) => Ok(visit),
            // It still counts.
            Ok(visit) => Ok(Box::new(visit)),
            Err(shut) => Err(shut),
        })
    };
    let site_id = match expired(conn)? {
        Ok(visit) => visit.site.id,
        Err(shut) => return Ok(Err(shut)),
    };
    let _site = journal::lock(conn, site_id)?;
    let visit = match expired(conn)? {
        Ok(visit) => visit,
        Err(shut) => return Ok(Err(shut)),
    };
    let Visit { member, kept, .. } = &*visit;
    let payload = json!({ "message": "link", "person": member.person_id });
    let (case, since) = ((site_id, kept.id.as_slice()), now.saturating_sub(PAUSE_MS));
    if !outbox::was_told_since(conn, case, (CASE_MAIL, LINK), member.person_id, since)? {
        let about = About {
            kind: CASE_MAIL,
            lane: MAIL_LANE,
            destination: &member.email,
            subject: Subject::Case(kept.id, &format!("{LINK}{now}")),
            person_id: member.person_id,
            payload: &payload,
            due_at: now,
        };
        outbox::insert(conn, &[NewOutboxRow::new(site_id, new_id(UnixMillis(now)), &about, now)])?;
    }
    Ok(Ok(visit))
}
