//! Who has heard of a case.

use diesel::QueryResult;

use super::Kept;
use super::told::CASE_MAIL;
use crate::db::alert_groups::{self, GROUP_MAIL, SUBJECT_GROUP};
use crate::db::cases::SUBJECT_CASE;
use crate::db::told::{AboutResponse, of_kind};
use crate::db::{AnyConnection, cases};
use crate::rules::Staff;

/// Who was told of a case by `now`, and who is to be told later.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// Who was told.
    pub people: Vec<i64>,
    /// When the first of those is told who wait for the end of a window or of quiet hours (Unix ms).
    pub held_until: Option<i64>,
    /// Nothing is known of it: what the case was opened for is deleted, and the messages about it with that.
    pub is_unknown: bool,
}

impl Heard {
    /// Reads it, at `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, kept: &Kept, staff: &Staff, now: i64) -> QueryResult<Self> {
        let site_id = kept.site_id;
        let Some((first, _)) = cases::responses(conn, site_id, &kept.id)?.into_iter().next() else {
            return Ok(Self { is_unknown: true, ..Self::default() });
        };
        let mut messages = AboutResponse::load(conn, site_id, &first)?;
        messages.extend(of_kind(conn, (site_id, CASE_MAIL), (SUBJECT_CASE, &kept.id))?);
        let mut held_until = None;
        for group in alert_groups::of_response(conn, site_id, &first)? {
            if group.closed_at.is_none() {
                held_until = held_until.into_iter().chain([group.ends_at]).min();
            }
            messages.extend(of_kind(conn, (site_id, GROUP_MAIL), (SUBJECT_GROUP, &group.group_id))?);
        }
        let held = messages.iter().filter(|message| message.is_held(now)).map(|message| message.due_at);
        let held_until = held.chain(held_until).min();
        messages.retain(|message| !message.is_held(now));
        let were_told = |is_parked: bool| {
            let messages = messages.iter().filter(|message| message.is_parked() == is_parked);
            let person = |message: &AboutResponse| message.person_id().or_else(|| staff.find(&message.destination));
            messages.filter_map(person).collect::<Vec<_>>()
        };
        let mut people = were_told(false);
        if people.is_empty() {
            // No mail reached them: their managers hear nevertheless.
            people = were_told(true);
        }
        people.sort_unstable();
        people.dedup();
        Ok(Self { people, held_until, is_unknown: false })
    }
}
