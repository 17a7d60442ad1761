//! Does what somebody asks for, and says why not in terms of what they sent.

use counterbell_shared::problem::FieldError;
use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use super::document::{CaseAction, Named, Wanted, WhoDocument};
use crate::cases::{Acted, Action, Asked, Assignee, By, Denied, Kept, Means, Refused, act, done_before};
use crate::db::AnyConnection;
use crate::db::journal::SiteLock;
use crate::db::staff;

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// What is wrong with what was sent, each with a JSON pointer.
    Invalid(Vec<FieldError>),
    /// No such case.
    NoCase,
    /// Somebody else has it.
    Taken {
        /// Who.
        person_id: i64,
        /// As people call them.
        name: String,
        /// Since when (Unix ms).
        since: i64,
    },
    /// It is not the version that was seen.
    Changed {
        /// The present one.
        version: i64,
    },
    /// By its id something else was done before.
    OtherWords,
    /// The case does not allow it now: why, for people.
    Refused(String),
}

/// Who asks, by which means and when.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// How it came.
    pub means: Means,
    /// Versions of the case one of which was seen; `None` asks for any.
    pub seen: Option<&'a [i64]>,
    /// Unix ms.
    pub now: i64,
}

/// Does what somebody wants of a case. Call in a transaction that writes; what is not done changes nothing.
///
/// # Errors
/// What the database says.
pub fn ask(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    number: i64,
    sent: &CaseAction,
    asking: Asking<'_>,
) -> QueryResult<Result<Acted, NotDone>> {
    let (site_id, entry_id) = (site.site_id(), sent.entry_id);
    let Some(kept) = Kept::find(conn, site_id, number)? else { return Ok(Err(NotDone::NoCase)) };
    let Some(person_id) = person(conn, &sent.person)? else { return Ok(Err(wrong(WHO[sent.person.place()], NOBODY))) };
    let action = match &sent.wanted {
        Wanted::Do(action) => action.clone(),
        Wanted::AssignTo { to, reason } => match person(conn, to)? {
            Some(to) => Action::Assign { to: Assignee::Person(to), reason: reason.clone() },
            None => return Ok(Err(wrong(TO[to.place()], NOBODY))),
        },
    };
    let written = entry_id.map(|id| done_before(conn, site_id, id)).transpose()?.flatten();
    if written.as_ref().is_some_and(|entry| entry.case_id != kept.id) {
        return Ok(Err(wrong("/entry_id", "is the id of an entry of another case: make a new one")));
    }
    // A repetition of what was done is no change of something that somebody has not seen.
    let must_be_seen = asking.seen.filter(|_| written.is_none());
    if must_be_seen.is_some_and(|seen| !seen.contains(&kept.case.version)) {
        return Ok(Err(NotDone::Changed { version: kept.case.version }));
    }
    let asked = Asked { by: By::person(person_id, asking.means), seen: None, entry_id, now: asking.now };
    match act(conn, site, number, action.clone(), &asked)? {
        Ok(acted) => Ok(Ok(acted)),
        Err(denied) => {
            let to = if let Wanted::AssignTo { to, .. } = &sent.wanted { to } else { &sent.person };
            let pointer = |missing| {
                if missing == person_id { WHO[sent.person.place()] } else { TO[to.place()] }
            };
            not_done(conn, site_id, denied, &action, pointer).map(Err)
        }
    }
}

impl WhoDocument {
    /// The number of the member of the site's staff.
    ///
    /// # Errors
    /// What the database says.
    pub fn person_id(&self, conn: &mut AnyConnection, site_id: i64) -> QueryResult<Result<i64, NotDone>> {
        let found = match person(conn, &self.person)? {
            Some(person_id) => staff::find(conn, site_id, person_id)?.filter(|member| member.left_at.is_none()),
            None => None,
        };
        let nobody = || wrong(WHO[self.person.place()], NOBODY);
        Ok(found.map(|member| member.person_id).ok_or_else(nobody))
    }
}

/// As a member of a document names people: by address, by number.
type Pointers = [&'static str; 2];

const WHO: Pointers = ["/person", "/person_id"];
const TO: Pointers = ["/to", "/to_id"];

fn person(conn: &mut AnyConnection, named: &Named) -> QueryResult<Option<i64>> {
    match named {
        Named::Person(person_id) => Ok(Some(*person_id)),
        Named::Address(email) => staff::person_of(conn, email),
    }
}

fn wrong(pointer: &str, detail: impl std::fmt::Display) -> NotDone {
    NotDone::Invalid(vec![FieldError::new(pointer, detail)])
}

const NOBODY: &str = "is nobody who belongs to the staff of the site";

impl Named {
    /// Which of [`Pointers`] it is.
    fn place(&self) -> usize {
        usize::from(matches!(self, Self::Person(_)))
    }
}

fn not_done(
    conn: &mut AnyConnection,
    site_id: i64,
    denied: Denied,
    action: &Action,
    pointer: impl Fn(i64) -> &'static str,
) -> QueryResult<NotDone> {
    Ok(match denied {
        Denied::NoCase { number } => match action {
            Action::Merge { into } if *into == number => wrong("/into", "is no case of the site"),
            _ => wrong("/other", "is no case of the site"),
        },
        Denied::NoPerson { person_id: missing } => {
            let mentions = if let Action::Note { mentions, .. } = action { mentions.as_slice() } else { &[] };
            match mentions.iter().position(|one| *one == missing) {
                Some(place) => wrong(&format!("/mentions/{place}"), NOBODY),
                None => wrong(pointer(missing), NOBODY),
            }
        }
        Denied::NoTeam { .. } => wrong("/team", "is no team of the site"),
        Denied::NoRootCause { .. } | Denied::Refused(Refused::NeedsRootCause) => wrong(
            "/root_cause",
            "is none of the site's root causes: `counterbell root-cause list` and GET /v1/admin/root-causes have them",
        ),
        Denied::Refused(Refused::NeedsActionTaken) => wrong("/action_taken", "must say what was done"),
        Denied::NoResponse => wrong("/response_id", "is no response of this case"),
        Denied::NoWords | Denied::TooLong | Denied::Control => wrong("/text", denied),
        Denied::Refused(Refused::Itself) => match action {
            Action::Merge { .. } => wrong("/into", "must be another case"),
            _ => wrong("/other", "must be another case"),
        },
        Denied::Refused(Refused::Past) => wrong("/at", "must be a time that is still to come"),
        Denied::Refused(Refused::TakenBy { owner, since }) => {
            let name = staff::find(conn, site_id, owner)?
                .map_or_else(|| format!("person {owner}"), |member| member.called().to_owned());
            NotDone::Taken { person_id: owner, name, since }
        }
        Denied::OtherWords => NotDone::OtherWords,
        Denied::Refused(Refused::VersionMismatch { version }) => NotDone::Changed { version },
        denied @ (Denied::LastResponse | Denied::Refused(_)) => NotDone::Refused(denied.to_string()),
    })
}

impl std::fmt::Display for NotDone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Invalid(errors) => {
                let told =
                    errors.iter().map(|error| format!("{} {}", error.pointer.trim_start_matches('/'), error.detail));
                f.write_str(&told.collect::<Vec<_>>().join("; "))
            }
            Self::NoCase => f.write_str("the site has no case of this number"),
            Self::Taken { name, since, .. } => write!(f, "{name} has had this case since {}", UnixMillis(*since)),
            Self::Changed { version } => write!(f, "the case has changed: its version is {version}"),
            Self::OtherWords => write!(f, "{}", Denied::OtherWords),
            Self::Refused(why) => f.write_str(why),
        }
    }
}
