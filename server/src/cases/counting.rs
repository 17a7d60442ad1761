//! What becomes of a case when responses of it count no more, or count again: the customer changed them, they were held back
//! as spam, or that was taken back.

use diesel::QueryResult;

use super::write::Desk;
use super::{By, Command, EntryId, Kept, Means, NothingToDo, State, Who};
use crate::db::AnyConnection;
use crate::db::cases::{self, CaseRow};
use crate::db::journal::{self, SiteLock, case_subject, is_untouched};
use crate::db::outbox::was_told_about_case;
use crate::db::responses::{ResponseRow, find_all};

/// Who hears, beside the case's own people, that rules fire for a response that has a case already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// An alert tells everybody: nobody has heard of the response.
    Alert,
    /// An alert tells those whom a rule names that had not fired before.
    MoreRules,
    /// No alert does: the rules are those that fired before.
    Nothing,
}

/// Rules fire for a response whose case may have ended. One that ended because its responses counted no more opens again.
/// One that people ended stays so, and its owner hears that the customer wrote, unless more rules fire than did by then. The
/// caller has locked the site and the response.
///
/// # Errors
/// What the database says.
pub fn count_again(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    (kept, response_id): (&mut Kept, EntryId),
    news: News,
    now: i64,
) -> QueryResult<()> {
    if !kept.case.state.is_ended() {
        return tell_of_change(conn, site, kept, response_id, now);
    }
    let (by, command) = match news {
        News::Alert => (By::SERVER, Command::OpenAnew),
        News::Nothing if !kept.case.opens_again => {
            (By { who: Who::Customer, means: Means::Server }, Command::ResponseChanged { response_id })
        }
        News::MoreRules | News::Nothing => (By::SERVER, Command::Reopen),
    };
    // None of these is refused.
    let _ = Desk { conn, site, by: &by, now }.send(kept, command)?;
    Ok(())
}

/// A response for which no rule fires any more was changed, or added to: whoever has its case, or had it, hears of it.
/// The caller has locked the site and the response.
///
/// # Errors
/// What the database says.
pub fn has_changed(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    (kept, response_id): (&mut Kept, EntryId),
    now: i64,
) -> QueryResult<()> {
    // One that ended because nobody complains stays ended.
    if kept.case.state.is_ended() && kept.case.opens_again {
        return Ok(());
    }
    tell_of_change(conn, site, kept, response_id, now)
}

fn tell_of_change(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    kept: &mut Kept,
    response_id: EntryId,
    now: i64,
) -> QueryResult<()> {
    let by = By { who: Who::Customer, means: Means::Server };
    // It is never refused.
    let _ = Desk { conn, site, by: &by, now }.send(kept, Command::ResponseChanged { response_id })?;
    Ok(())
}

/// Whether somebody has heard of a case, not by an alert, or has had to do with it.
///
/// # Errors
/// What the database says.
pub fn is_known(conn: &mut AnyConnection, kept: &Kept) -> QueryResult<bool> {
    Ok(was_told_about_case(conn, (kept.site_id, &kept.id))?
        || !is_untouched(conn, kept.site_id, &case_subject(kept.case.number))?)
}

/// Whether a case was opened for another response than this one of it: whoever has that has heard of it.
///
/// # Errors
/// What the database says.
pub fn has_joined(conn: &mut AnyConnection, kept: &Kept, response_id: &[u8]) -> QueryResult<bool> {
    let first = cases::responses(conn, kept.site_id, &kept.id)?.into_iter().next();
    Ok(first.is_some_and(|(first, _)| first != response_id))
}

/// The rules fire for a response no more, and nobody knows of it: its case has nothing to do. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn withdraw(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    kept: Kept,
    response: &ResponseRow,
    now: i64,
) -> QueryResult<()> {
    let reason = if response.held.is_some() { NothingToDo::Spam } else { NothingToDo::NoComplaint };
    if kept.case.response_count == 1 { end(conn, site, kept, reason, now) } else { Ok(()) }
}

/// A response that people know of was held back as suspected spam. When all of its case are, and nobody has taken that,
/// there is nothing to do. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn end_if_spam(conn: &mut AnyConnection, site: &mut SiteLock, kept: Kept, now: i64) -> QueryResult<()> {
    if kept.case.state != State::Open {
        return Ok(());
    }
    let ids = cases::responses(conn, kept.site_id, &kept.id)?.into_iter().map(|(id, _)| (kept.site_id, id));
    let all_held = find_all(conn, &ids.collect::<Vec<_>>())?.iter().all(|one| one.held.is_some());
    if all_held { end(conn, site, kept, NothingToDo::Spam, now) } else { Ok(()) }
}

/// Cases of which no response is stored any more, but for those that ended before, have nothing to do. Call in the
/// transaction that deleted the responses.
///
/// # Errors
/// What the database says.
pub fn end_erased(conn: &mut AnyConnection, site_id: i64, case_ids: &[Vec<u8>], now: i64) -> QueryResult<()> {
    if case_ids.is_empty() {
        return Ok(());
    }
    let mut site = journal::lock(conn, site_id)?;
    for case_id in case_ids {
        // One that cannot be read keeps nobody from deleting what customers wrote.
        if let Some(kept) = CaseRow::find_by_id(conn, site_id, case_id)?.and_then(|row| Kept::read(row).ok()) {
            end(conn, &mut site, kept, NothingToDo::Erased, now)?;
        }
    }
    Ok(())
}

fn end(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    mut kept: Kept,
    reason: NothingToDo,
    now: i64,
) -> QueryResult<()> {
    let nothing = Command::NothingToDo { reason, mark_spam: false };
    // One that is ended already stays so.
    let _ = Desk { conn, site, by: &By::SERVER, now }.send(&mut kept, nothing)?;
    Ok(())
}
