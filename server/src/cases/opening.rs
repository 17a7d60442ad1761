//! What becomes of an unhappy response: a case of its own, or a part of one that is open.

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use super::kept::{About, Ever};
use super::rule::level_of;
use super::write::Desk;
use super::{By, Clock as _, Command, Kept, Opening, Priority, open};
use crate::db::AnyConnection;
use crate::db::journal::SiteLock;
use crate::db::responses::ResponseRow;
use crate::db::{cases, customers};
use crate::ids::new_id;
use crate::rules::VersionedRule;
use crate::touchpoints::Hours;

/// Cases of a customer that are looked through for one that is open.
const EARLIER_MAX: usize = 50;

/// The case of a response.
#[derive(Clone, Debug)]
pub enum CaseOfResponse {
    /// It was opened now.
    Opened(Kept),
    /// The response was in it already.
    Known(Kept),
    /// The response came to an open case of the same customer: whoever has that has heard of it.
    Joined(Kept),
}

impl CaseOfResponse {
    /// The case.
    pub fn kept(&self) -> &Kept {
        match self {
            Self::Opened(kept) | Self::Known(kept) | Self::Joined(kept) => kept,
        }
    }
}

/// Opens a case for a response, unless one is `known`, for which these rules fired at `now` (Unix ms), the first of which decides, or has it join an
/// open one of the same customer. The caller has locked the site and the response.
///
/// # Errors
/// What the database says.
pub fn open_or_join(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    (response, known): (&ResponseRow, Option<Kept>),
    fired: &[&VersionedRule],
    now: i64,
) -> QueryResult<Option<CaseOfResponse>> {
    let mut with_case = fired.iter().filter(|fired| fired.rule.case);
    let (Some(first), Some(response_id)) = (with_case.next(), response.id()) else { return Ok(None) };
    let site_id = response.site_id;
    if let Some(kept) = known {
        return Ok(Some(CaseOfResponse::Known(kept)));
    }
    let mut level = level_of(&first.rule);
    for stricter in with_case.map(|fired| level_of(&fired.rule)) {
        let earlier = |one: Option<i64>, other: Option<i64>| one.into_iter().chain(other).min();
        level.acknowledge_ms = earlier(level.acknowledge_ms, stricter.acknowledge_ms);
        level.answer_ms = earlier(level.answer_ms, stricter.answer_ms);
    }
    let (mut open_case, mut ended) = (None::<Kept>, None::<i64>);
    for (other, _) in customers::others(conn, response, EARLIER_MAX)? {
        match Kept::of_response(conn, site_id, &other)? {
            Some(kept) if !kept.case.state.is_ended() => {
                open_case = Some(kept);
                break;
            }
            Some(kept) => ended = ended.max(Some(kept.case.number)),
            None => {}
        }
    }
    if let Some(mut kept) = open_case {
        let hours = Hours::of(conn, site_id, &response.touchpoint)?;
        let due = |open_ms: Option<i64>| open_ms.map(|open_ms| hours.due(now, open_ms));
        let (acknowledge_by, answer_by) = (due(level.acknowledge_ms), due(level.answer_ms));
        cases::add_response(conn, site_id, &kept.id, &response.response_id, now)?;
        let mut desk = Desk { conn, site, by: &By::SERVER, now };
        let join = Command::JoinResponse { response_id, acknowledge_by, answer_by };
        // An open case takes every response.
        let _ = desk.send(&mut kept, join)?;
        return Ok(Some(CaseOfResponse::Joined(kept)));
    }
    let is_urgent = fired.iter().any(|fired| fired.rule.case && fired.rule.urgent);
    let priority = if is_urgent { Priority::Urgent } else { Priority::Normal };
    let rule = (first.rule.name.clone(), first.version);
    let opened = Opened { response, level, priority, rule, follows: ended };
    let kept = opened.write(conn, site, response_id, &By::SERVER, now)?;
    cases::add_response(conn, site_id, &kept.id, &response.response_id, now)?;
    Ok(Some(CaseOfResponse::Opened(kept)))
}

/// A case about to be opened.
pub(super) struct Opened<'a> {
    pub response: &'a ResponseRow,
    pub level: super::ServiceLevel,
    pub priority: Priority,
    pub rule: (String, i32),
    pub follows: Option<i64>,
}

impl Opened<'_> {
    pub fn write(
        self,
        conn: &mut AnyConnection,
        site: &mut SiteLock,
        response_id: super::EntryId,
        by: &By,
        now: i64,
    ) -> QueryResult<Kept> {
        let Self { response, level, priority, rule, follows } = self;
        let number = cases::next_number(conn, site)?;
        let hours = Hours::of(conn, response.site_id, &response.touchpoint)?;
        let opening = Opening { number, response_id, owner: None, team: None, priority, level, follows };
        let (case, effects) = open(opening, now, &hours);
        let about =
            About { touchpoint: response.touchpoint.clone(), metric: response.metric.clone(), score: response.score };
        let id = *new_id(UnixMillis(now)).as_bytes();
        let (site_id, ever) = (response.site_id, Ever::default());
        let kept = Kept { case, id, site_id, rule, about, first_acknowledged_at: None, ever };
        kept.row().insert(conn)?;
        Desk { conn, site, by, now }.write(&kept, None, &effects)?;
        Ok(kept)
    }
}
