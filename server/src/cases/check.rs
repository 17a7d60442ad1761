//! What is refused before anything of a case is written.

use diesel::QueryResult;

use super::words::NOTE_MAX_CHARS;
use super::{Action, Asked, Assignee, Refused};
use crate::db::{AnyConnection, cases, staff};

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The case does not allow it now.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// No such case.
    #[error("case {number} does not exist on this site")]
    NoCase {
        /// By which it was asked for.
        number: i64,
    },
    /// Somebody who is not on the staff of the site.
    #[error("person {person_id} is not on the staff of this site")]
    NoPerson {
        /// Who.
        person_id: i64,
    },
    /// A team that the site does not have.
    #[error("this site has no team {team:?}")]
    NoTeam {
        /// Which.
        team: String,
    },
    /// A root cause that is not on the site's list.
    #[error("{root_cause:?} is not a root cause of this site")]
    NoRootCause {
        /// Which.
        root_cause: String,
    },
    /// A response that does not belong to the case.
    #[error("this response does not belong to the case")]
    NoResponse,
    /// The only response of the case.
    #[error("this is the only response of the case: it has nothing to be split off from")]
    LastResponse,
    /// A note without words.
    #[error("write something")]
    NoWords,
    /// A text that is too long.
    #[error("at most {NOTE_MAX_CHARS} characters")]
    TooLong,
    /// A text with control characters.
    #[error("must not contain control characters")]
    Control,
    /// By this id something else was done before.
    #[error("by this entry_id something else was done before: make a new one for what is to be done, too")]
    OtherWords,
}

/// Names are checked before anything is written.
pub(super) fn check(
    conn: &mut AnyConnection,
    site_id: i64,
    action: &Action,
    asked: &Asked,
) -> QueryResult<Option<Denied>> {
    let people = match action {
        Action::Assign { to: Assignee::Person(person_id), .. } => vec![*person_id],
        Action::Note { mentions, .. } => mentions.clone(),
        _ => Vec::new(),
    };
    let wanted: Vec<_> = people.into_iter().chain(asked.by.person_id()).collect();
    if !wanted.is_empty() {
        let members = staff::members_of(conn, site_id)?;
        let is_here = |id: &i64| members.iter().any(|member| member.person_id == *id && member.left_at.is_none());
        if let Some(person_id) = wanted.into_iter().find(|id| !is_here(id)) {
            return Ok(Some(Denied::NoPerson { person_id }));
        }
    }
    Ok(match action {
        Action::Assign { to: Assignee::Team(team), .. } => {
            let there = staff::Team::all(conn, site_id)?.iter().any(|one| one.name == *team);
            (!there).then(|| Denied::NoTeam { team: team.clone() })
        }
        Action::Resolve { root_cause, .. } if !root_cause.trim().is_empty() => {
            let there = cases::root_causes(conn, site_id)?.iter().any(|(name, _)| name == root_cause);
            (!there).then(|| Denied::NoRootCause { root_cause: root_cause.clone() })
        }
        _ => None,
    })
}
